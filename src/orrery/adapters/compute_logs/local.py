"""
Output of steps, in files below the instance's directory.

``storage/<run>/compute_logs/<file key>.out`` and ``.err`` hold what one process wrote, byte for byte. ``.steps`` beside
them says which bytes are whose: a line of JSON for each piece. ``.now`` says which step is under way, for who finds that the
process died. ``.complete`` is there when nothing more comes. Files that would be empty are not kept: until something is written, they
wait in ``.output`` beside ``storage``.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import product
from pathlib import Path

from orrery.adapters.compute_logs.notes import Piece, RunNotes
from orrery.adapters.compute_logs.streams import ENDINGS, Capture, rest, take_place
from orrery.base.errors import InvariantViolationError, StorageError
from orrery.base.names import encode_part
from orrery.runtime.ports.compute_logs import CapturedLogData, CapturedLogMetadata, StepCapture, announced

__all__ = ["LocalComputeLogManager"]

_FOLDER = "compute_logs"
_LONGEST_NAME = 240
_KEPT_RUNS = 8
"""Of so many runs the notes that were read are kept: those that were asked for last."""


class LocalComputeLogManager:
    """
    Captures what steps write into files, and reads it while it grows.

    Args:
        base_dir: Where the files are: the instance's directory for stored values.
        waiting_dir: Where they wait until something is written, on the same file system; ``.output`` in *base_dir* by
            default.
    """

    def __init__(self, base_dir: str, waiting_dir: str | None = None) -> None:
        self._base = Path(base_dir)
        self._waiting_dir = os.path.join(base_dir, ".output") if waiting_dir is None else waiting_dir
        self._notes: OrderedDict[str, RunNotes] = OrderedDict()
        self._notes_lock = threading.Lock()

    # -- capturing -----------------------------------------------------------------------------

    def capture_steps(self, log_key: Sequence[str]) -> AbstractContextManager[StepCapture]:
        """
        Capture what steps write in this process while the block runs, each step's apart.

        Raises:
            StorageError: The files cannot be made there.
        """
        return self._captured(log_key, self._waiting(log_key))

    @contextmanager
    def _captured(self, log_key: Sequence[str], waiting: str | None) -> Iterator[StepCapture]:
        stem = self._stem(log_key)
        try:
            if not os.access(self._base, os.W_OK | os.X_OK) and self._base.exists():
                waiting = None  # nothing could take its place there: that is told before anything runs
            capture = _capture(stem, waiting)
        except OSError as error:
            raise StorageError(
                f"The files for what steps print cannot be made in {stem.parent}: {error.strerror or error}.",
                mend=f"give yourself the right to write in {self._base}, make room there, or name another directory in "
                "ORRERY_HOME.",
            ) from error
        try:
            with announced(capture):
                yield capture
        finally:
            capture.close()
            if capture.is_in_place:
                for folder in (stem.parent, stem.parent.parent):
                    with suppress(OSError):  # there is something in it
                        folder.rmdir()

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogMetadata]:
        """Capture what this process writes while the block runs."""
        with self._captured(log_key, None) as capture:
            capture.begin("")
            try:
                yield self.get_log_metadata(log_key)
            finally:
                capture.end()

    # -- reading -------------------------------------------------------------------------------

    def build_log_key_for_run(self, run_id: str, step_key: str) -> Sequence[str]:
        """Return the key of the log of a step, or of a process by its file key, in a run."""
        return [run_id, _FOLDER, step_key]

    def is_capture_complete(self, log_key: Sequence[str]) -> bool:
        """Tell whether nothing more will be captured under a file key (files that stay empty are not kept)."""
        stem, waiting = self._stem(log_key), self._waiting(log_key)
        if waiting is not None and os.path.exists(f"{waiting}.out"):
            return False
        return os.path.exists(f"{stem}.complete") or not os.path.exists(f"{stem}.out")

    def get_log_data(
        self, log_key: Sequence[str], cursor: str | None = None, max_bytes: int | None = None
    ) -> CapturedLogData:
        """
        Return the next piece of a log.

        Args:
            log_key: Run id, ``compute_logs``, and the file key, or the key of a step.
            cursor: That of the piece before; None for the beginning.
            max_bytes: At most so many of each stream; all there is if None.
        """
        begins = [int(each) for each in cursor.split(":")] if cursor else [0, 0]
        try:
            return self._data(log_key, begins, max_bytes)
        except FileNotFoundError:  # the files took their place between two looks
            return self._data(log_key, begins, max_bytes)

    def _data(self, log_key: Sequence[str], begins: Sequence[int], max_bytes: int | None) -> CapturedLogData:
        found: list[bytes] = []
        ends = []
        for stream, begin in zip(("out", "err"), begins, strict=True):
            data = _read(self._pieces(log_key, stream, begin), begin, max_bytes)
            found.append(data)
            ends.append(begin + len(data))
        return CapturedLogData(log_key=tuple(log_key), stdout=found[0], stderr=found[1], cursor=f"{ends[0]}:{ends[1]}")

    def get_log_metadata(self, log_key: Sequence[str]) -> CapturedLogMetadata:
        """Return where a log lies."""
        stem = self._stem(log_key)
        return CapturedLogMetadata(stdout_location=f"{stem}.out", stderr_location=f"{stem}.err")

    def steps_with_output(self, run_id: str) -> Sequence[str]:
        """Return the keys of the steps of a run that wrote something, in the order in which they began to."""
        return self._notes_of(run_id).steps()

    def note_lost(self, log_key: Sequence[str], step_key: str | None) -> CapturedLogData:
        """
        Give to a step what a process that is gone wrote last; return that.

        Args:
            log_key: Run id, ``compute_logs``, and the file key of the process.
            step_key: The step that it carried out; None for that of which it left word itself, if it did.
        """
        waiting = self._waiting(log_key)
        if waiting is not None and os.path.exists(f"{waiting}.out"):
            stem = self._stem(log_key)
            stem.parent.mkdir(parents=True, exist_ok=True)
            take_place(waiting, str(stem))
        try:
            rest = self._notes_of(log_key[0]).note_rest(self._stem(log_key).name, step_key)
        except FileNotFoundError:  # it captured nothing, or not on this machine
            return CapturedLogData(log_key=tuple(log_key))
        if not rest:
            return CapturedLogData(log_key=tuple(log_key))
        out, err = (_read([piece], 0, None) for piece in rest)
        return CapturedLogData(log_key=tuple(log_key), stdout=out, stderr=err)

    def delete_logs(self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None) -> None:
        """
        Delete a log, or all below *prefix*: the logs of a run below its id.

        Raises:
            InvariantViolationError: Neither is given.
        """
        if log_key:
            stems = (self._stem(log_key), self._waiting(log_key))
            for stem, ending in product(stems, (*ENDINGS, "steps", "complete", "now")):
                with suppress(FileNotFoundError):
                    os.unlink(f"{stem}.{ending}")
        elif prefix:
            shutil.rmtree(self._folder(prefix[0]), ignore_errors=True)
            for path in Path(self._waiting_dir).glob(f"{encode_part(prefix[0])}@*"):
                path.unlink(missing_ok=True)
        else:
            raise InvariantViolationError("Which log is to be deleted?", mend="give log_key, or prefix=[run_id].")

    def dispose(self) -> None:
        """Let the thread that follows captures end; no files stay open."""
        rest()

    # -- where things are ----------------------------------------------------------------------

    def _folder(self, run_id: str) -> Path:
        return self._base / encode_part(run_id) / _FOLDER

    def _stem(self, log_key: Sequence[str]) -> Path:
        if len(log_key) < 3:
            raise InvariantViolationError(
                f"{list(log_key)} is no key of a log.", mend='write [run_id, "compute_logs", file_key].'
            )
        return self._folder(log_key[0]).joinpath(*[encode_part(each) for each in log_key[2:]])

    def _waiting(self, log_key: Sequence[str]) -> str | None:
        """Return the path, without endings, of files into which nothing is written yet; None if it were too long a name."""
        name = "@".join(map(encode_part, (log_key[0], *log_key[2:])))
        return os.path.join(self._waiting_dir, name) if len(name) <= _LONGEST_NAME else None

    def _notes_of(self, run_id: str) -> RunNotes:
        """Return what was read of the notes of a run."""
        with self._notes_lock:
            found = self._notes.get(run_id)
            if found is None:
                found = self._notes[run_id] = RunNotes(str(self._folder(run_id)))
            self._notes.move_to_end(run_id)
            while len(self._notes) > _KEPT_RUNS:
                self._notes.popitem(last=False)
            return found

    def _pieces(self, log_key: Sequence[str], stream: str, begin: int) -> Iterable[Piece]:
        """Return the pieces of a log from that which holds its byte *begin*: one for a whole file, or those of a step."""
        for stem in (self._waiting(log_key), self._stem(log_key)):  # in this order: they move from one to the other
            whole = f"{stem}.{stream}"
            with suppress(FileNotFoundError):
                return (Piece(whole, 0, os.stat(whole).st_size),)
        return self._notes_of(log_key[0]).pieces(log_key[-1], stream, begin)


def _capture(stem: Path, waiting: str | None) -> Capture:
    """Begin a capture; its files wait, unless some of the run are in place: those of the same key go on."""
    if waiting is None or stem.parent.exists():
        stem.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(f"{stem}.complete")
        return Capture(str(stem))
    try:
        return Capture(str(stem), waiting)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(waiting), exist_ok=True)
        return Capture(str(stem), waiting)


def _read(pieces: Iterable[Piece], begin: int, max_bytes: int | None) -> bytes:
    """Return at most *max_bytes* of what the pieces hold one after the other, from byte *begin* of their log."""
    found: list[bytes] = []
    left = max_bytes
    path, file = None, None
    with ExitStack() as files:
        for piece in pieces:
            skipped = max(0, begin - piece.before)
            length = piece.end - piece.start - skipped
            if length <= 0:
                continue
            wanted = length if left is None else min(left, length)
            if file is None or piece.path != path:
                files.close()
                path, file = piece.path, files.enter_context(open(piece.path, "rb", buffering=0))
            file.seek(piece.start + skipped)
            data = file.read(wanted)
            found.append(data)
            if left is not None:
                left -= len(data)
            if len(data) < wanted or left == 0:
                break
    return b"".join(found)
