"""
Files that steps write and hand on by reference.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from orrery.adapters.io.seal import MissingFileError
from orrery.base.errors import InvalidInvocationError
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.model.config.scalars import StringSource
from orrery.model.config.schema import Field
from orrery.runtime.files.atomic import open_whole

__all__ = ["FileHandle", "FileManager", "LocalFileHandle", "LocalFileManager", "local_file_manager"]


class FileHandle(ABC):
    """A reference to a file that a file manager keeps, wherever that is."""

    @property
    @abstractmethod
    def path_desc(self) -> str:
        """Return where the file is, as people read it."""


class LocalFileHandle(FileHandle):
    """
    A reference to a file on a local disk.

    Args:
        path: The path of the file.
    """

    def __init__(self, path: str) -> None:
        if not isinstance(path, str):
            raise InvalidInvocationError(
                f"A LocalFileHandle takes the path of a file as text, not {path!r} ({type(path).__name__}).",
                mend=f"write LocalFileHandle({str(path)!r}).",
            )
        self._path = path

    @property
    def path(self) -> str:
        """Return the path of the file."""
        return self._path

    @property
    def path_desc(self) -> str:
        """Return the path of the file."""
        return self._path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalFileHandle) and self._path == other._path

    def __hash__(self) -> int:
        return hash(self._path)

    def __repr__(self) -> str:
        return f"LocalFileHandle({self._path!r})"


class FileManager(ABC):
    """Keeps files that steps write, and gives them to other steps."""

    @abstractmethod
    def copy_handle_to_local_temp(self, file_handle: FileHandle) -> str:
        """Return the path of a temporary local copy."""

    @abstractmethod
    def delete_local_temp(self) -> None:
        """Delete the temporary copies."""

    @abstractmethod
    def read(self, file_handle: FileHandle, mode: str = "rb") -> Any:
        """Open a file for reading: a context manager that gives the open file."""

    @abstractmethod
    def read_data(self, file_handle: FileHandle) -> bytes:
        """Return the contents of a file."""

    @abstractmethod
    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> FileHandle:
        """Keep what an open file holds, from its present place to its end."""

    @abstractmethod
    def write_data(self, data: bytes, ext: str | None = None) -> FileHandle:
        """Keep *data* as a file."""


class LocalFileManager(FileManager):
    """
    Keeps files below a local directory, each written whole or not at all, under names of its own.

    Args:
        base_dir: The directory; made at need.
    """

    def __init__(self, base_dir: str | os.PathLike[str]) -> None:
        self.base_dir = os.path.abspath(base_dir)
        self._copies: list[str] = []

    def copy_handle_to_local_temp(self, file_handle: FileHandle) -> str:
        """Return the path of a temporary copy; it stays until ``delete_local_temp``."""
        source = _path_of(file_handle)
        folder = tempfile.mkdtemp(prefix="orrery-")
        self._copies.append(folder)
        return str(shutil.copyfile(source, os.path.join(folder, os.path.basename(source))))

    def delete_local_temp(self) -> None:
        """Delete the temporary copies."""
        while self._copies:
            shutil.rmtree(self._copies.pop())

    @contextmanager
    def read(self, file_handle: FileHandle, mode: str = "rb") -> Iterator[IO[Any]]:
        """
        Open a file for reading.

        Raises:
            InvalidInvocationError: *mode* is not ``r`` or ``rb``.
            MissingFileError: The file is gone.
        """
        if mode not in ("r", "rb"):
            raise InvalidInvocationError(f"A file is read with mode 'r' or 'rb', not {mode!r}.", mend="write 'rb'.")
        path = _path_of(file_handle)
        try:
            file = open(path, mode, encoding=None if "b" in mode else "utf-8")  # noqa: SIM115  # closed below
        except FileNotFoundError as error:
            raise MissingFileError(f"The file {path} is gone.", mend="run the step that writes it again.") from error
        with file:
            yield file

    def read_data(self, file_handle: FileHandle) -> bytes:
        """Return the contents of a file."""
        with self.read(file_handle) as file:
            data: bytes = file.read()
            return data

    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> LocalFileHandle:
        """
        Keep what an open file holds, from its present place to its end.

        Args:
            file_obj: Open for reading, as text or bytes.
            mode: ``w`` for text, ``wb`` for bytes.
            ext: Ending of the name, with or without its dot.
        """
        if mode not in ("w", "wb"):
            raise InvalidInvocationError(f"A file is written with mode 'w' or 'wb', not {mode!r}.", mend="write 'wb'.")
        path = self._new_path(ext)
        with open_whole(path) as out:
            while piece := file_obj.read(1 << 20):
                out.write(piece.encode() if isinstance(piece, str) else piece)
        return LocalFileHandle(path)

    def write_data(self, data: bytes, ext: str | None = None) -> LocalFileHandle:
        """Keep *data* as a file."""
        path = self._new_path(ext)
        with open_whole(path) as out:
            out.write(data)
        return LocalFileHandle(path)

    def _new_path(self, ext: str | None) -> str:
        ending = "" if not ext else ext if ext.startswith(".") else f".{ext}"
        if "/" in ending or "\\" in ending or "\0" in ending:
            raise InvalidInvocationError(f"The ending of a file's name holds no {ending!r}.", mend="write 'csv'.")
        return f"{self.base_dir}/{uuid.uuid4()}{ending}"


def _path_of(file_handle: FileHandle) -> str:
    if not isinstance(file_handle, LocalFileHandle):
        raise InvalidInvocationError(
            f"The local file manager reads local files, not {file_handle!r} ({type(file_handle).__name__}).",
            mend="read it with the file manager that wrote it.",
        )
    return file_handle.path


def _make_local(context: Any) -> LocalFileManager:
    base_dir = (context.resource_config or {}).get("base_dir")
    if base_dir is None:
        run_id = context.run_id or "no-run"
        base_dir = context.instance.file_manager_directory(run_id) if context.instance else ".orrery/storage/files"
    return LocalFileManager(base_dir)


local_file_manager = ResourceDefinition(
    _make_local,
    config_schema={"base_dir": Field(StringSource, is_required=False)},
    description="Keep files that steps write below a local directory.",
)
"""A resource that keeps files; config ``base_dir``, by default a directory of the run in the instance's storage."""
