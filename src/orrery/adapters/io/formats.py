"""
Formats: how a value becomes the bytes of a file and comes back.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Callable
from io import BufferedRandom
from typing import Any, NamedTuple

from orrery.adapters.io.seal import Seal, content_of_pickle, open_sealed, read_file, seal_header
from orrery.base.errors import InvariantViolationError
from orrery.runtime.files.atomic import open_whole, write_whole
from orrery.runtime.files.staged import held_bytes
from orrery.runtime.instance.value_key import ValueKey

__all__ = ["Loaded", "dump_pickle", "load_pickle"]

_LARGE_BYTES = 1 << 20
"""What is larger is not kept beside the value itself."""
_PLAIN = frozenset({int, float, bool, type(None)})
"""What is small, and always can be pickled."""


def dump_pickle(path: str, value: Any, *, what: Callable[[], str], key: ValueKey | None = None) -> Seal:
    """
    Write *value* to *path* as a sealed pickle; the old file stands unless all goes well.

    Args:
        path: Absolute path of the file.
        value: What to store.
        what: Tells what people call it, for messages.
        key: Signs it; None where nobody signs.

    Returns:
        The length and the digest of the pickle.

    Raises:
        InvariantViolationError: The value cannot be pickled.
    """
    if type(value) in _PLAIN:
        return _write_sealed(path, pickle.dumps(value, 5), key)
    sink = _Sink(path, key)
    try:
        with sink:
            pickle.Pickler(sink, 5).dump(value)
            return sink.finish()
    except Exception as error:  # whatever a user's __reduce__ raises
        if error is sink.trouble:
            raise
        raise InvariantViolationError(
            f"The value of {what()} ({type(value).__name__}) cannot be pickled, so no file can hold it: {error}",
            mend="return a value that pickle takes (a function defined at the top of a module, not a lambda), or give "
            "this output an IO manager that stores it otherwise, for example mem_io_manager.",
        ) from error


class _Sink:
    """
    Takes a pickle piece by piece: a small one is kept until its end, a large one goes to the file as it comes.

    A large value is so copied nowhere in memory: its bytes come here as they are, and their digest is worked out
    while the system takes them.

    Args:
        path: Absolute path of the file.
        key: Signs the pickle; None where nobody signs.

    Attributes:
        trouble: What went wrong with the file, rather than with the value.
    """

    def __init__(self, path: str, key: ValueKey | None) -> None:
        self.trouble: Exception | None = None
        self._path = path
        self._key = key
        self._length = 0
        self._kept: list[bytes] = []
        self._file: BufferedRandom | None = None

    def write(self, piece: Any) -> int:
        """Take the next piece; it is not looked at again."""
        size = memoryview(piece).nbytes
        self._length += size
        if self._file is None and self._length <= _LARGE_BYTES:
            self._kept.append(bytes(piece))
            return size
        try:
            if self._file is None:
                self._digest = hashlib.sha256()
                self._open = open_whole(self._path)
                self._file = self._open.__enter__()
                self._file.write(seal_header(Seal(0, self._digest.digest()), self._key))
                for each in self._kept:
                    self._put(self._file, each)
                self._kept.clear()
            self._put(self._file, piece)
        except Exception as error:
            self.trouble = error
            raise
        return size

    def _put(self, file: BufferedRandom, piece: Any) -> None:
        if memoryview(piece).nbytes <= _LARGE_BYTES:
            self._digest.update(piece)
            file.write(piece)
            return
        beside = threading.Thread(target=self._digest.update, args=(piece,), name="orrery-digest")
        beside.start()
        try:
            file.write(piece)
        finally:
            beside.join()

    def finish(self) -> Seal:
        """Write what was kept, or the seal of what was written; return the seal."""
        try:
            if self._file is None:
                return _write_sealed(self._path, b"".join(self._kept), self._key)
            seal = Seal(self._length, self._digest.digest())
            self._file.seek(0)
            self._file.write(seal_header(seal, self._key))
            self._file, opened = None, self._open
            opened.__exit__(None, None, None)
            return seal
        except Exception as error:
            self.trouble = error
            raise

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if self._file is not None:
            self._open.__exit__(kind, error, trace)


def _write_sealed(path: str, data: bytes, key: ValueKey | None) -> Seal:
    seal = Seal.of(data)
    write_whole(path, seal_header(seal, key), data)
    return seal


class Loaded(NamedTuple):
    """
    A value that was read.

    Attributes:
        value: The value.
        content: The name of its bytes.
    """

    value: Any
    content: str


def load_pickle(path: str, *, what: Callable[[], str], key: ValueKey | None = None) -> Loaded:
    """
    Read the value that ``dump_pickle`` wrote to *path*.

    Raises:
        MissingFileError: There is no such file.
        UntrustedValueError: It was not signed with *key*.
        DamagedValueError: Its bytes are not those that were written.
    """
    held = held_bytes(path)
    if held is not None:  # it never left this process
        return Loaded(pickle.loads(held), content_of_pickle(held))  # noqa: S301  # our own
    data = read_file(path, what=what)
    body = open_sealed(data, what=what, path=path, key=key)
    return Loaded(pickle.loads(body), content_of_pickle(data))  # noqa: S301  # sealed and signed by us
