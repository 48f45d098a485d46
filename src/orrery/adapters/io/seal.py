"""
Notice damage: the length and the digest of a stored value, and where they are kept.

A *seal* is the length and the SHA-256 of a value's bytes. Where the format is ours (pickles) it
stands at the head of the same file, as pickle opcodes that put the seal on the stack and drop it: the
file is still one that plain ``pickle.load`` reads. A signature with the key of the instance follows it in the same way.
Where the format belongs to others (Parquet, text)
the file stays exactly as they want it and the seals stand in a hidden file beside it::

    orders.parquet
    .orders.parquet.seal        two lines per write: length and digest, and the time at which the file was written

The new seal is appended *before* the value is published, so at every moment the file on the disk has
its seal in the list, whichever of two writers or two versions it is. Which of them it is tells the time of its last change,
which stays with a file when it gets its name: the last seal need not be that of the file that was published last.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from orrery.base.errors import DamagedValueError, ValueNotFoundError
from orrery.runtime.contexts.stored_values import note_contents
from orrery.runtime.files.known_heads import Head
from orrery.runtime.files.staged import held_bytes, place_to_read
from orrery.runtime.instance.value_key import ValueKey, signature_with, untrusted
from orrery.runtime.ports.write_barrier import active_barrier

__all__ = [
    "MissingFileError",
    "Seal",
    "append_seal",
    "check_seal",
    "content_of_pickle",
    "damaged",
    "head_of_pickle",
    "is_content_of",
    "note_seals",
    "open_sealed",
    "read_file",
    "seal_header",
    "seal_name",
]

_MAGIC = b"\x93ORRERY\n"
_VERSION = 1
_SHA256 = 1
_FIELDS = struct.Struct(">8sBBQ32s")
_OPEN = b"\x80\x05C" + bytes([_FIELDS.size])  # PROTO 5, SHORT_BINBYTES: the seal is pushed ...
_CLOSE = b"0"  # ... and popped
_SIGNED = 2
"""SHA-256 too, and a signature follows: the name of the key, and the HMAC of the seal with it."""
_SIGNATURE = struct.Struct(">8s32s")
_OPEN_SIGNATURE = b"C" + bytes([_SIGNATURE.size])
_KEY_NAME_BYTES = 8
_SIGNATURE_BYTES = len(_OPEN_SIGNATURE) + _SIGNATURE.size + len(_CLOSE)
HEADER_BYTES = len(_OPEN) + _FIELDS.size + len(_CLOSE)
_HEAD_BYTES = HEADER_BYTES + _SIGNATURE_BYTES
_READING = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CONTENT = 32
"""So many signs of a digest name the content of a file."""
_DIGEST_AT = slice(HEADER_BYTES - len(_CLOSE) - 32, HEADER_BYTES - len(_CLOSE) - 32 + _CONTENT // 2)
"""Where these stand in the head of a pickle."""
_WRITTEN = "@"
"""Begins the line that follows a seal, which releases before this one pass over."""
_WRITTEN_BYTES = _WRITTEN.encode()
_KEPT_LINES = 64
_MOST_WRITES = 256


class MissingFileError(ValueNotFoundError, FileNotFoundError):
    """A stored value was asked for whose file is not there."""

    code = "value-not-found"


class Seal(NamedTuple):
    """
    What the bytes of a value must be.

    Attributes:
        length: Number of bytes.
        digest: Their SHA-256.
    """

    length: int
    digest: bytes

    @property
    def content(self) -> str:
        """Return the name of such bytes that is recorded with a value: the first half of their digest."""
        return self.digest.hex()[:_CONTENT]

    @staticmethod
    def of(data: bytes | memoryview) -> Seal:
        """Return the seal of *data*."""
        return Seal(len(data), hashlib.sha256(data).digest())

    @staticmethod
    def of_file(path: str) -> Seal:
        """Return the seal of the contents of *path*."""
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
            return Seal(file.tell(), digest)


def seal_header(seal: Seal, key: ValueKey | None = None) -> bytes:
    """Return what stands before the bytes of a sealed pickle, signed where there is a *key*."""
    fields = _FIELDS.pack(_MAGIC, _VERSION, _SHA256 if key is None else _SIGNED, seal.length, seal.digest)
    if key is None:
        return _OPEN + fields + _CLOSE
    signature = _SIGNATURE.pack(key.name, signature_with(key.secret, fields))
    return _OPEN + fields + _CLOSE + _OPEN_SIGNATURE + signature + _CLOSE


def open_sealed(data: bytes, *, what: Callable[[], str], path: str, key: ValueKey | None = None) -> memoryview:
    """
    Return the value's bytes from *data*, the contents of a sealed file.

    Args:
        data: The whole file.
        what: Tells what people call the value: ``asset 'orders'``.
        path: The file, for messages.
        key: That of the instance; None where nobody signs.

    Raises:
        UntrustedValueError: It was not signed with the key.
        DamagedValueError: The file is shorter or longer than it was, altered, of a newer format, or
            was not written by Orrery.
    """
    if len(data) < HEADER_BYTES or data[4:12] != _MAGIC:
        if len(data) < HEADER_BYTES and (_OPEN + _MAGIC).startswith(data[:12]):
            raise damaged(what, path, f"only {len(data):,} bytes of it are left")
        raise damaged(what, path, "it does not begin as a value that Orrery wrote")
    _, version, kind, length, digest = _FIELDS.unpack_from(data, len(_OPEN))
    if version > _VERSION or kind not in (_SHA256, _SIGNED):
        raise DamagedValueError(
            f"The stored value of {what()} (file {path}) has format {version}.{kind}, unknown to this release.",
            mend="read it with the release of Orrery that wrote it, or a newer one.",
        )
    fields = data[len(_OPEN) : len(_OPEN) + _FIELDS.size]
    signature = data[HEADER_BYTES : HEADER_BYTES + _SIGNATURE_BYTES] if kind == _SIGNED else b""
    body = memoryview(data)[HEADER_BYTES + len(signature) :]
    if len(body) != length:
        raise damaged(what, path, f"{len(body):,} of {length:,} bytes")
    if hashlib.sha256(body).digest() != digest:
        raise damaged(what, path, f"its {length:,} bytes are not those that were written")
    if key is not None:
        _check_signature(fields, signature, key, what, path)
    return body


def _check_signature(fields: bytes, signature: bytes, key: ValueKey, what: Callable[[], str], path: str) -> None:
    if not signature:
        if not key.allows_others:
            raise untrusted(what(), path, "it is not signed")
        return
    name, found = _SIGNATURE.unpack_from(signature, len(_OPEN_SIGNATURE))
    secret = key.secret_named(name)
    if secret is None:
        if not key.allows_others:
            raise untrusted(what(), path, "another instance signed it")
        return
    if not hmac.compare_digest(found, signature_with(secret, fields)):
        raise damaged(what, path, "its signature is not that of its bytes")


def seal_name(path: str) -> str:
    """Return the file that holds the seals of *path*."""
    folder, name = os.path.split(path)
    return f"{folder}/.{name}.seal"


def append_seal(path: str, seal: Seal, written_ns: int) -> None:
    """
    Add *seal* to the seals of the value that is about to be published as *path*.

    Args:
        path: The final name.
        seal: Length and digest of its bytes.
        written_ns: When the file that will get the name was last changed, in nanoseconds.
    """
    name = seal_name(path)
    lines = f"\n{seal.length} {seal.digest.hex()}\n{_WRITTEN}{written_ns}\n".encode()
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        os.write(fd, lines)
        barrier = active_barrier.get()
        if barrier is None:
            os.fsync(fd)
        else:
            barrier.include(name)
        size = os.fstat(fd).st_size
    finally:
        os.close(fd)
    if size > _MOST_WRITES * len(lines):
        _shorten(name)


def is_content_of(path: str, content: str) -> bool:
    """
    Tell whether the file of *path* has the bytes named *content*; one of which no seal is noted passes.

    Its seals tell, where they tell it of this very file, by its length and the time of its last change. Where they do not, or
    tell two things, its bytes do: where it was copied or changed, and where two were written in one moment.

    Raises:
        FileNotFoundError: There is no such file.
    """
    writes = _writes(path)
    if not writes:
        return True
    place = place_to_read(path)
    try:
        state = os.stat(place)
    except FileNotFoundError:  # what was staged got its name in the meantime
        place = path
        state = os.stat(place)
    seal, written = writes[-1]
    if written is None and seal.content == content:  # noted by a release that did not note the time
        return True
    told = {seal.content for seal, written in writes if written == state.st_mtime_ns and seal.length == state.st_size}
    return (told.pop() if len(told) == 1 else Seal.of_file(place).content) == content


def content_of_pickle(data: bytes) -> str:
    """Return the name of the bytes of a sealed pickle, as its head says."""
    return data[_DIGEST_AT].hex()


def head_of_pickle(path: str) -> Head | None:
    """
    Return what the head of the file of *path* says of the pickle that stands sealed in it; None if there is no file.

    Where it is no seal, the name of the content is empty.
    """
    data = _head(path)
    if data is None:
        return None
    if len(data) < HEADER_BYTES or data[4:12] != _MAGIC:
        return Head("")
    _, _, kind, _, digest = _FIELDS.unpack_from(data, len(_OPEN))
    begin = HEADER_BYTES + len(_OPEN_SIGNATURE)
    return Head(digest.hex()[:_CONTENT], data[begin : begin + _KEY_NAME_BYTES] if kind == _SIGNED else b"")


def check_seal(path: str, *, what: Callable[[], str]) -> Seal | None:
    """
    Check the file of *path* against its seals; a value without any passes.

    Returns:
        The one that it fits; None if it has none.

    Raises:
        DamagedValueError: The file fits none of its seals.
    """
    seals = _seals(path)
    if not seals:
        return None
    try:
        found = Seal.of_file(place_to_read(path))
    except FileNotFoundError:
        found = Seal.of_file(path)  # what was staged got its name in the meantime
    if found in seals or found in _seals(path):
        return found
    if found == Seal.of_file(place_to_read(path)):
        length = seals[-1].length
        if found.length != length:
            raise damaged(what, path, f"{found.length:,} of {length:,} bytes")
        raise damaged(what, path, f"its {length:,} bytes are not those that were written")
    return check_seal(path, what=what)  # another writer published in between


def damaged(what: Callable[[], str], path: str, how: str) -> DamagedValueError:
    """Return the error that tells that the value of *what* is damaged."""
    name = what()
    return DamagedValueError(
        f"The stored value of {name} (file {path}) is damaged: {how}.", mend=f"materialize {name} again."
    )


def note_seals(context: Any, seals: Mapping[str | None, Seal], *, is_stable: bool) -> None:
    """
    Tell the context of an output what was stored; contexts that people made themselves need not hear of it.

    Args:
        context: The ``OutputContext``.
        seals: Length and digest of the bytes of each partition; of None for a value without.
        is_stable: Whether equal values always give equal bytes.
    """
    digests = {partition: seal.digest.hex() for partition, seal in seals.items()}
    note = getattr(context, "note_content", None)
    if note is not None:
        joined = next(iter(digests.values())) if len(digests) == 1 else _joined(seals.values())
        note(joined, is_stable=is_stable, by_partition=digests)
    note_contents(context, {partition: digest[:_CONTENT] for partition, digest in digests.items()})


def _joined(seals: Iterable[Seal]) -> str:
    """Return one digest for several values together, in their order."""
    return hashlib.sha256(b"".join(seal.digest for seal in seals)).hexdigest()


def read_file(path: str, *, what: Callable[[], str]) -> bytes:
    """
    Return the contents of the file of *path*, staged or published.

    Raises:
        MissingFileError: There is no such file.
    """
    held = held_bytes(path)
    if held is not None:
        return held
    for place in (place_to_read(path), path):
        try:
            fd = os.open(place, _READING)
        except FileNotFoundError:
            continue
        except NotADirectoryError:
            break
        try:
            return _read_all(fd)
        except IsADirectoryError:
            raise damaged(what, path, "a directory stands in its place") from None
        finally:
            os.close(fd)
    name = what()
    raise MissingFileError(
        f"No value of {name} is stored (there is no file {path}).", mend=f"materialize {name} first."
    )


def _head(path: str) -> bytes | None:
    """Return the first bytes of the file of *path*, staged or published; None if there is none."""
    held = held_bytes(path)
    if held is not None:
        return held[:_HEAD_BYTES]
    for place in (place_to_read(path), path):  # what was staged may get its name in the meantime
        try:
            fd = os.open(place, _READING)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return b""
        try:
            return os.read(fd, _HEAD_BYTES)
        except OSError:  # such as a directory
            return b""
        finally:
            os.close(fd)
    return None


def _read_all(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    data = os.read(fd, size + 1)
    if len(data) == size:
        return data
    pieces = [data]
    while data:
        data = os.read(fd, 1 << 24)
        pieces.append(data)
    return b"".join(pieces)


def _seals(path: str) -> list[Seal]:
    return [seal for seal, _ in _writes(path)]


def _writes(path: str) -> list[tuple[Seal, int | None]]:
    """Return the seals of *path*, in order, each with the time at which its file was written, where that was noted."""
    try:
        with open(seal_name(path), "rb") as file:
            lines = file.read().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return []
    writes: list[tuple[Seal, int | None]] = []
    for line in lines:
        length, _, digest = line.partition(b" ")
        if length.isdigit() and len(digest) == 64:
            writes.append((Seal(int(length), bytes.fromhex(digest.decode("ascii"))), None))
        elif writes and line.startswith(_WRITTEN_BYTES) and line[1:].isdigit():
            writes[-1] = writes[-1][0], int(line[1:])
    return writes


def _shorten(name: str) -> None:
    """Keep only the last seals, so that a value written every minute does not gather a long list."""
    with open(name, "rb") as file:
        lines = [line for line in file.read().split(b"\n") if line]
    temporary = f"{name}.{os.getpid()}"
    with open(temporary, "wb") as out:
        out.write(b"\n" + b"\n".join(lines[-_KEPT_LINES:]) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, name)
