/* Makes the n-th write, sync, cut or renaming of files below a folder fail once with EIO, or be the last thing of the process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char below[4096];
static long at = 0, calls = 0;
static int deadly = 0;

void fault_arm(const char *folder, long number, int kills) {
    strncpy(below, folder, sizeof below - 1);
    deadly = kills;
    calls = 0;
    at = number;
}

long fault_calls(void) { return calls; }

static int strikes(void) {
    if (__sync_add_and_fetch(&calls, 1) != at) return 0;
    if (deadly) kill(getpid(), SIGKILL);
    errno = EIO;
    return 1;
}

static int is_path_below(const char *path) { return at > 0 && strncmp(path, below, strlen(below)) == 0; }

static int is_below(int fd) {
    char link[64], path[4096];
    int saved = errno;
    ssize_t length;
    if (at <= 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    return is_path_below(path);
}

#define REAL(type, name, ...) type (*real)(__VA_ARGS__) = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    return is_below(fd) && strikes() ? -1 : real(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    return is_below(fd) && strikes() ? -1 : real(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    return is_below(fd) && strikes() ? -1 : real(fd, data, size, offset);
}
int fsync(int fd) {
    REAL(int, fsync, int);
    return is_below(fd) && strikes() ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    return is_below(fd) && strikes() ? -1 : real(fd);
}
int ftruncate(int fd, off_t size) {
    REAL(int, ftruncate, int, off_t);
    return is_below(fd) && strikes() ? -1 : real(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    REAL(int, ftruncate64, int, off64_t);
    return is_below(fd) && strikes() ? -1 : real(fd, size);
}
int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    return is_path_below(to) && strikes() ? -1 : real(from, to);
}
