"""
Output of steps, in files below the instance's directory.

``storage/<run>/compute_logs/<file key>.out`` and ``.err`` hold what one process wrote, byte for byte. ``.steps`` beside
them says which bytes are whose: a line of JSON for each piece. ``.now`` says which step is under way, for who finds that the
process died. ``.complete`` is there when nothing more comes. Files that would be empty are not kept.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from orrery.adapters.compute_logs.notes import Piece, RunNotes
from orrery.adapters.compute_logs.streams import Capture, rest
from orrery.base.errors import InvariantViolationError, StorageError
from orrery.base.names import encode_part
from orrery.runtime.ports.compute_logs import CapturedLogData, CapturedLogMetadata, StepCapture, announced

__all__ = ["LocalComputeLogManager"]

_FOLDER = "compute_logs"
_KEPT_RUNS = 8
"""Of so many runs the notes that were read are kept: those that were asked for last."""


class LocalComputeLogManager:
    """
    Captures what steps write into files, and reads it while it grows.

    Args:
        base_dir: Where the files are: the instance's directory for stored values.
    """

    def __init__(self, base_dir: str) -> None:
        self._base = Path(base_dir)
        self._notes: OrderedDict[str, RunNotes] = OrderedDict()
        self._notes_lock = threading.Lock()

    # -- capturing -----------------------------------------------------------------------------

    @contextmanager
    def capture_steps(self, log_key: Sequence[str]) -> Iterator[StepCapture]:
        """
        Capture what steps write in this process while the block runs, each step's apart.

        Raises:
            StorageError: The files cannot be made there.
        """
        stem = self._stem(log_key)
        try:
            stem.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                os.unlink(f"{stem}.complete")
            capture = Capture(str(stem.parent), stem.name)
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
            for folder in (stem.parent, stem.parent.parent):
                with suppress(OSError):  # there is something in it
                    folder.rmdir()

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogMetadata]:
        """Capture what this process writes while the block runs."""
        with self.capture_steps(log_key) as capture:
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
        stem = self._stem(log_key)
        return Path(f"{stem}.complete").exists() or not Path(f"{stem}.out").exists()

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
            stem = self._stem(log_key)
            for ending in ("out", "err", "steps", "complete", "now"):
                with suppress(FileNotFoundError):
                    os.unlink(f"{stem}.{ending}")
        elif prefix:
            shutil.rmtree(self._folder(prefix[0]), ignore_errors=True)
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
        whole = f"{self._stem(log_key)}.{stream}"
        try:
            return (Piece(whole, 0, os.stat(whole).st_size),)
        except FileNotFoundError:
            return self._notes_of(log_key[0]).pieces(log_key[-1], stream, begin)


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
