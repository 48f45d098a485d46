"""
Make files durable: one by one, or all of a file system with one call.

An fsync costs a quarter of a millisecond. Where many files were written, one ``syncfs`` does for all of them - on Linux from
5.8 on, which tells its errors.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable

__all__ = ["sync_all", "sync_file", "sync_folder", "sync_tree"]

_FEW = 8


def sync_file(path: str) -> None:
    """Make the file or directory *path* durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folder(path: str) -> None:
    """Make all that other writers have left below the directory *path* durable."""
    if _sync_file_system is None:
        sync_tree(path)
    else:
        _sync_file_system(path)


def sync_tree(path: str) -> None:
    """Make the file *path*, or everything below the directory *path*, durable."""
    for folder, _, files in os.walk(path):
        for file in files:
            sync_file(os.path.join(folder, file))
        sync_file(folder)
    if not os.path.isdir(path):
        sync_file(path)


def sync_all(paths: Iterable[str]) -> None:
    """Make every one of *paths* durable: with one call for each file system where there are many."""
    remaining = list(paths)
    if len(remaining) <= _FEW or _sync_file_system is None:
        for path in remaining:
            sync_file(path)
        return
    done: set[int] = set()
    for path in {path.rpartition("/")[0]: path for path in remaining}.values():  # one of each folder
        device = os.stat(path).st_dev
        if device not in done:
            _sync_file_system(path)
            done.add(device)


def _find_sync_file_system() -> Callable[[str], None] | None:
    """Return a call of ``syncfs`` where it tells errors (Linux 5.8 and later)."""
    if sys.platform != "linux":
        return None
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if version is None or (int(version[1]), int(version[2])) < (5, 8):
        return None

    def sync_file_system(path: str) -> None:
        import ctypes  # 2 ms, and only runs that store many values need it

        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
        fd = os.open(path, os.O_RDONLY)
        try:
            if syncfs(fd) != 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), path)
        finally:
            os.close(fd)

    return sync_file_system


_sync_file_system = _find_sync_file_system()
