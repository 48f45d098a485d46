"""
A content-addressed store: bytes under their digest, and names that point at them.

::

    ROOT/blobs/3f/3fa9...          the bytes, whole or not there; equal values are kept once
    ROOT/names/sales/orders.json   a pointer: digest, length, format, and which run made it

A pointer is written after its blob, in one piece (renamed in a local folder, one upload elsewhere). So whoever reads a
pointer finds the whole of what it names, or nothing: half an upload is never read. Blobs that no pointer names are
collected by :meth:`BlobStore.collect`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from orrery.base.errors import InvalidDefinitionError, RemoteValueError
from orrery.runtime.files.atomic import write_whole
from orrery.runtime.files.patience import is_unanswered, patient_options
from orrery.runtime.files.temporary import left_over_below
from orrery.runtime.ports.write_barrier import active

__all__ = ["SPARED_SECONDS", "BlobStore", "Collected", "Contents", "Fault", "Pointer", "open_store"]

_T = TypeVar("_T")
_ATTEMPTS = 4
_ATTEMPTS_UNANSWERED = 2
_FIRST_WAIT_SECONDS = 0.1
_LOCAL = ("file", "local")
_YOUNG_SECONDS = 60.0
SPARED_SECONDS = 3600.0
"""How long a blob is spared that no name points at."""


class Pointer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a name stands for.

    Attributes:
        digest: SHA-256 of the bytes, in hexadecimal.
        length: How many there are.
        format: The format in which they are (``formats.py``).
        at: When the pointer was written, in seconds since 1970.
        run_id: The run that made the value.
        data_version: Its data version, where one is known.
        key: Names the key that signed it, if it is a pickle (``signing.py``).
        signature: The signature.
        table: Which table it is, such as ``polars.DataFrame``, where it is one.
        content: Of a copy: the name that its remote place has noted for the value, where that is another than the digest.
    """

    digest: str
    length: int
    format: str
    at: float
    run_id: str | None = None
    data_version: str | None = None
    key: str = ""
    signature: str = ""
    table: str = ""
    content: str = ""


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a store holds.

    Attributes:
        pointers: What each name stands for; None where that cannot be read.
        blobs: The length of each blob by digest.
    """

    pointers: Mapping[str, Pointer | None]
    blobs: Mapping[str, int]

    @property
    def used(self) -> frozenset[str]:
        """Return the digests that names stand for."""
        return frozenset(pointer.digest for pointer in self.pointers.values() if pointer is not None)

    @property
    def names_without_bytes(self) -> list[str]:
        """Return the names whose bytes are not there: of a cache, those that made room for others."""
        return [
            name for name, pointer in self.pointers.items() if pointer is not None and pointer.digest not in self.blobs
        ]


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a collection removes.

    Attributes:
        digests: The blobs.
        bytes: How many bytes they have.
        files: Files of a local store that processes left half written which are gone.
        file_bytes: How many bytes these have.
        unreadable: Names that cannot be read; on account of these no blob was removed.
    """

    digests: tuple[str, ...]
    bytes: int
    files: tuple[str, ...] = ()
    file_bytes: int = 0
    unreadable: tuple[str, ...] = ()


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """
    Bytes that are not what a name stands for.

    Attributes:
        digest: Their digest, as it should be; none where the name itself is damaged.
        names: The names that stand for them; none where no name does.
        is_gone: Whether there are none, rather than others.
    """

    digest: str
    names: tuple[str, ...]
    is_gone: bool


class BlobStore:
    """
    A content-addressed store at one location.

    Args:
        root: The folder: a path, or a URL that fsspec knows (``s3://bucket/prefix``, ``memory://cache``).
        options: Options of the file system.
        sleep: Waits between attempts.
        clock: Tells the time, in seconds since 1970.
    """

    def __init__(
        self,
        root: str,
        options: dict[str, Any] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        import fsspec  # 40 ms, and only who keeps values in a store needs it

        self._fs, path = fsspec.core.url_to_fs(root, **patient_options(root, options, os.environ))
        self.is_local = _protocol(self._fs) in _LOCAL
        self.root = os.path.abspath(path) if self.is_local else path.rstrip("/")
        self.url = self.root if self.is_local else self._fs.unstrip_protocol(self.root)
        self._sleep = sleep
        self._clock = clock

    # -- blobs ---------------------------------------------------------------------------------

    def put(self, data: bytes, *, is_anew: bool = False) -> str:
        """
        Keep *data*, unless it is there, and return its digest.

        Args:
            data: The bytes.
            is_anew: Also where the very same are there.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = self.blob_path(digest)
        is_here = not is_anew and self._is_there(path, data)
        if not is_here or not self.renew(digest, young_seconds=SPARED_SECONDS / 2):
            self._write(path, data)
        return digest

    def _is_there(self, path: str, data: bytes) -> bool:
        """Tell whether these very bytes are there: what is damaged may be as long. An entity tag spares it to read them."""
        found = self._info(path)
        if found is None or int(found["size"]) != len(data):
            return False
        tag = str(found.get("ETag") or "").strip('"')
        is_told = not self.is_local and tag == hashlib.md5(data, usedforsecurity=False).hexdigest()
        return is_told or self._read(path) == data

    def get(self, digest: str) -> bytes | None:
        """Return the bytes of this digest; None if they are not there, or are not what was written."""
        data = self._read(self.blob_path(digest))
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            return None
        return data

    def has(self, digest: str) -> bool:
        """Tell whether there is a blob of this digest; its bytes are not looked at."""
        return self._size(self.blob_path(digest)) is not None

    def holds(self, pointer: Pointer, *, is_verified: bool = False) -> bool:
        """Tell whether the bytes that *pointer* means are there: as many, and (*is_verified*) the very same."""
        if is_verified:
            return self.get(pointer.digest) is not None
        return self._size(self.blob_path(pointer.digest)) == pointer.length

    def blob_path(self, digest: str) -> str:
        """Return where the bytes of this digest lie."""
        return f"{self.root}/blobs/{digest[:2]}/{digest}"

    def blob_url(self, digest: str) -> str:
        """Return where the bytes of this digest lie, as people write it."""
        return self._shown(self.blob_path(digest))

    def touch(self, digest: str) -> None:
        """Note that the blob of a local store is used: others are evicted."""
        if self.is_local:
            with contextlib.suppress(OSError):
                os.utime(self.blob_path(digest))

    def renew(self, digest: str, *, young_seconds: float = _YOUNG_SECONDS) -> bool:
        """
        See to it that a collection spares a blob until its name is written, and tell whether it does.

        It does not where the blob is gone, or is in an object store for longer than *young_seconds*, where nothing becomes
        young but what is written: :meth:`put` it anew.
        """
        path = self.blob_path(digest)
        if self.is_local:
            try:
                os.utime(path)
            except OSError:  # gone, or of somebody else
                return False
            return True
        age = self._age(path)
        return age is not None and age < young_seconds

    # -- names ---------------------------------------------------------------------------------

    def read_pointer(self, name: str) -> Pointer | None:
        """Return what *name* stands for; None if nothing, or if the pointer is damaged."""
        data = self._read(self.name_path(name))
        if data is None:
            return None
        try:
            return msgspec.json.decode(data, type=Pointer)
        except (msgspec.DecodeError, msgspec.ValidationError):
            return None

    def has_name(self, name: str) -> bool:
        """Tell whether there is a pointer of this name, be it damaged."""
        return self._size(self.name_path(name)) is not None

    def write_pointer(self, name: str, pointer: Pointer) -> None:
        """Let *name* stand for what *pointer* says."""
        self._write(self.name_path(name), msgspec.json.encode(pointer))

    def remove_pointer(self, name: str) -> None:
        """Let *name* stand for nothing."""
        self._remove(self.name_path(name))

    def name_path(self, name: str) -> str:
        """Return where the pointer of *name* lies."""
        return f"{self.root}/names/{name}.json"

    def name_url(self, name: str) -> str:
        """Return where the pointer of *name* lies, as people write it."""
        return self._shown(self.name_path(name))

    def names(self) -> list[str]:
        """Return all names, sorted."""
        below = f"{self.root}/names"
        return sorted(path[len(below) + 1 : -len(".json")] for path in self._files(below) if path.endswith(".json"))

    # -- records -------------------------------------------------------------------------------

    def write_record(self, name: str, data: bytes) -> None:
        """Keep what is recorded of the value of *name* (``records.py``)."""
        self._write(f"{self.root}/records/{name}.json", data)

    def records(self) -> Iterator[bytes]:
        """Iterate all that is recorded here of values."""
        for path in sorted(self._files(f"{self.root}/records")):
            data = self._read(path) if path.endswith(".json") else None
            if data is not None:
                yield data

    # -- what is not needed --------------------------------------------------------------------

    def blobs(self) -> dict[str, int]:
        """Return the length of each blob by digest."""
        found = self._files(f"{self.root}/blobs")
        return {posixpath.basename(path): size for path, size in found.items() if len(posixpath.basename(path)) == 64}

    def contents(self) -> Contents:
        """Return all that is here, as one look found it: the names first, so that what they stand for is there."""
        pointers = self._pointers()
        return Contents(pointers=pointers, blobs=self.blobs())

    def collect(
        self, *, dry_run: bool = False, older_than_seconds: float = SPARED_SECONDS, contents: Contents | None = None
    ) -> Collected:
        """
        Remove the blobs that no name points at, and what processes left half written that are gone.

        No blob is removed while a name cannot be read: nobody knows which one it means.

        Args:
            dry_run: Only say which.
            older_than_seconds: Spare blobs that are younger: their pointers may be about to be written.
            contents: What :meth:`contents` found; else it is looked at now.
        """
        found = self.contents() if contents is None else contents
        unreadable = tuple(name for name, pointer in found.pointers.items() if pointer is None)
        unused = {
            digest: found.blobs[digest]
            for digest in (() if unreadable else found.blobs.keys() - found.used)
            if self._is_old(digest, older_than_seconds)
        }
        left = left_over_below(self.root) if self.is_local else {}
        if not dry_run:
            for path in left:
                self._remove(path)
            unused = {
                digest: size for digest, size in unused.items() if self._removed_if_old(digest, older_than_seconds)
            }
        return Collected(
            digests=tuple(sorted(unused)),
            bytes=sum(unused.values()),
            files=tuple(sorted(left)),
            file_bytes=sum(left.values()),
            unreadable=unreadable,
        )

    def _is_old(self, digest: str, seconds: float) -> bool:
        age = self._age(self.blob_path(digest))
        return age is not None and age >= seconds

    def _removed_if_old(self, digest: str, seconds: float) -> bool:
        is_old = self._is_old(digest, seconds)  # it may be stored again by now
        if is_old:
            self._remove(self.blob_path(digest))
        return is_old

    def evict(self, max_bytes: int, keep: str) -> Collected:
        """
        Remove the blobs of a local store that were not used for longest, until the rest fits.

        Args:
            max_bytes: How much may stay.
            keep: The digest of one that stays in any case.
        """
        found = []
        for digest, size in self.blobs().items():
            with contextlib.suppress(FileNotFoundError):
                found.append((os.stat(self.blob_path(digest)).st_mtime, digest, size))
        total = sum(size for _, _, size in found)
        removed: list[str] = []
        freed = 0
        for _, digest, size in sorted(found):
            if total - freed <= max_bytes:
                break
            if digest != keep:
                with contextlib.suppress(FileNotFoundError):
                    os.remove(self.blob_path(digest))
                removed.append(digest)
                freed += size
        return Collected(digests=tuple(removed), bytes=freed)

    def faults(self) -> Iterator[Fault]:
        """
        Read all blobs, and tell of each that is not what was written as it is found; of those that are gone though names stand
        for them, and of names that cannot be read, first.

        A blob that goes meanwhile, as no name stands for it, is no fault.
        """
        found = self.contents()
        names: dict[str, list[str]] = {}
        for name, pointer in found.pointers.items():
            if pointer is None:
                yield Fault(digest="", names=(name,), is_gone=False)
            else:
                names.setdefault(pointer.digest, []).append(name)
        for digest in sorted(names.keys() - found.blobs.keys()):
            yield Fault(digest=digest, names=tuple(names[digest]), is_gone=True)
        for digest in sorted(found.blobs):
            if self.get(digest) is None:
                is_gone = not self.has(digest)
                if digest in names or not is_gone:
                    yield Fault(digest=digest, names=tuple(names.get(digest, ())), is_gone=is_gone)

    def _pointers(self) -> dict[str, Pointer | None]:
        """Return what each name stands for; None where that cannot be read."""
        return {name: self.read_pointer(name) for name in self.names()}

    # -- one at a time -------------------------------------------------------------------------

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Keep other processes from doing the same for *name*; a process that dies lets go. Local stores only."""
        import fcntl  # not on every platform

        folder = f"{self.root}/locks"
        os.makedirs(folder, exist_ok=True)
        path = f"{folder}/{hashlib.sha256(name.encode()).hexdigest()[:32]}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    # -- the file system -----------------------------------------------------------------------

    def _write(self, path: str, data: bytes) -> None:
        if self.is_local:
            with active(None):  # at once, as others read it: a pointer after its blob
                write_whole(path, data)
            return
        try:
            self._trying("write", path, lambda: self._fs.pipe_file(path, data))
        except FileNotFoundError as error:  # there is no place for what is new: a bucket, a container
            raise RemoteValueError(
                f"{self._shown(path)} cannot be written: {str(error).rstrip('.')}.",
                mend="make the bucket, or correct its name.",
            ) from error

    def _read(self, path: str) -> bytes | None:
        try:
            data: bytes = self._trying("read", path, lambda: self._fs.cat_file(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return data

    def _remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._trying("remove", path, lambda: self._fs.rm_file(path))

    def _size(self, path: str) -> int | None:
        found = self._info(path)
        return None if found is None else int(found["size"])

    def _info(self, path: str) -> dict[str, Any] | None:
        self._forget(path)
        try:
            found: dict[str, Any] = self._trying("look at", path, lambda: self._fs.info(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found

    def _age(self, path: str) -> float | None:
        """Return how long ago a file was written; None where there is none. In a place that does not tell, all are young."""
        self._forget(path)
        try:
            modified = self._trying("look at", path, lambda: self._fs.modified(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except NotImplementedError:
            return 0.0
        return self._clock() - float(modified.timestamp())

    def _forget(self, path: str) -> None:
        """Ask the place itself: a file system remembers what it listed, and others have written since."""
        if not self.is_local:
            self._fs.invalidate_cache(path)

    def _files(self, folder: str) -> dict[str, int]:
        if self.is_local:
            return self._trying("list", folder, lambda: dict(_files_below(folder)))
        self._forget(folder)
        found = self._trying("list", folder, lambda: self._fs.find(folder, detail=True))
        return {path: int(info["size"]) for path, info in found.items() if info.get("type") != "directory"}

    def _trying(self, what: str, path: str, act: Callable[[], _T]) -> _T:
        """Act, again if the place is busy or out of reach for a moment; tell in the end which place it was."""
        wait = _FIRST_WAIT_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return act()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError, NotImplementedError):
                raise
            except PermissionError as error:
                raise self._refused(what, path, error) from error
            except Exception as error:  # each library has its own errors of the network
                if self.is_local or "redential" in type(error).__name__ or _code(error) in _OF_CREDENTIALS:
                    raise self._refused(what, path, error) from error
                if attempt == (_ATTEMPTS_UNANSWERED if is_unanswered(error) else _ATTEMPTS):
                    raise self._unreachable(what, path, attempt, error) from error
            self._sleep(wait)
            wait *= 3
        raise AssertionError("unreachable")

    def _refused(self, what: str, path: str, error: Exception) -> RemoteValueError:
        return RemoteValueError(
            f"It is refused to {what} {self._shown(path)} ({_code(error) or type(error).__name__}).",
            mend="check the credentials, and what they allow there.",
        )

    def _unreachable(self, what: str, path: str, attempts: int, error: Exception) -> RemoteValueError:
        return RemoteValueError(
            f"{self._shown(path)} is out of reach: {attempts} attempts to {what} it failed ({_code(error) or type(error).__name__}).",
            mend="check the address and the network; with offline='use' local copies are used meanwhile.",
            is_out_of_reach=True,
        )

    def _shown(self, path: str) -> str:
        return path if self.is_local else str(self._fs.unstrip_protocol(path))


def _files_below(folder: str) -> Iterator[tuple[str, int]]:
    """Iterate the files below a local folder; one that cannot be read is an error, where fsspec takes it for empty."""

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for place, _, names in os.walk(folder, onerror=failed):
        for name in names:
            path = os.path.join(place, name)
            with contextlib.suppress(FileNotFoundError):  # it went meanwhile
                yield path, os.stat(path).st_size


def open_store(location: str | os.PathLike[str] | BlobStore, options: dict[str, Any] | None = None) -> BlobStore:
    """
    Return the store at *location*.

    Args:
        location: A path, a URL that fsspec knows, or one of these behind ``cas://``.
        options: Options of the file system.

    Raises:
        InvalidDefinitionError: It is no place: empty, or of a protocol that nobody knows.
    """
    if isinstance(location, BlobStore):
        return location
    text = os.fspath(location).removeprefix("cas://")
    protocol, separator, _ = text.partition("://")
    if not text or (separator and not _is_known(protocol)):
        raise InvalidDefinitionError(
            f"No value can lie at {str(location)!r}: {f'nobody knows the protocol {protocol}' if separator else 'no place is named'}.",
            mend="give a path, or a URL that fsspec knows, such as s3://bucket/values.",
        )
    return BlobStore(text, options)


def _is_known(protocol: str) -> bool:
    import fsspec  # as above

    return all(each in fsspec.available_protocols() or each in fsspec.registry for each in protocol.split("::"))


_OF_CREDENTIALS = frozenset(
    [
        *("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
        *("AccessDenied", "400"),
    ]
)
"""What S3 says where the credentials are at fault: partly with the status of a wrong request (400), and without a word where
the head alone was asked for."""


def _code(error: BaseException | None) -> str | None:
    """Return the word by which the store says what is wrong, if it said one: it stands in an error below the library's."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict) and isinstance(response.get("Error"), dict):
            return str(response["Error"].get("Code") or "") or None
        error = error.__cause__ or error.__context__
    return None


def _protocol(fs: Any) -> str:
    protocol = fs.protocol
    return str(protocol if isinstance(protocol, str) else protocol[0])
