"""Databricks: context and messages on DBFS, or on a volume of Unity Catalog."""

from __future__ import annotations

import base64
import io
import json
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Literal

from orrery.adapters.pipes.context_data import PipesContextData, PipesParams
from orrery.adapters.pipes.injectors import PipesContextInjector
from orrery.adapters.pipes.log_readers import PipesChunkedLogReader, PipesLogReader
from orrery.adapters.pipes.polling import PipesBlobStoreMessageReader

__all__ = [
    "PipesDbfsContextInjector",
    "PipesDbfsLogReader",
    "PipesDbfsMessageReader",
    "PipesUnityCatalogVolumesContextInjector",
    "PipesUnityCatalogVolumesMessageReader",
]

_LOG_BYTES = 1 << 19


def _missing(error: Exception) -> bool:
    """Return whether an error of the library says that there is no such file."""
    told = f"{type(error).__name__} {getattr(error, 'error_code', '')}"
    return "NotFound" in told or "ResourceDoesNotExist" in told or "DOES_NOT_EXIST" in told or "NOT_FOUND" in told


class PipesDbfsContextInjector(PipesContextInjector):
    """
    Hands the context over in a file on DBFS; the process loads it with ``PipesDbfsContextLoader``.

    Args:
        client: A ``databricks.sdk.WorkspaceClient``.
        folder: Under which a folder is made, which is deleted when the session is closed.
    """

    def __init__(self, *, client: Any, folder: str = "/tmp/orrery-pipes") -> None:
        self.client = client
        self.folder = folder

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[PipesParams]:
        """Write *context_data* to DBFS, and give its path."""
        with _dbfs_folder(self.client, self.folder) as folder:
            path = f"{folder}/context.json"
            data = base64.b64encode(json.dumps(context_data).encode("utf-8")).decode("ascii")
            self.client.dbfs.put(path, contents=data, overwrite=True)
            yield {"path": path}

    def no_messages_debug_text(self) -> str:
        """Return how the context was handed over."""
        return "The context was handed over in a file on DBFS."


class PipesDbfsMessageReader(PipesBlobStoreMessageReader):
    """
    Reads chunks of messages from DBFS; the process writes them with ``PipesDbfsMessageWriter``.

    Args:
        interval: Seconds between two looks, at most.
        client: A ``databricks.sdk.WorkspaceClient``.
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
        log_readers: Bring the output of the process otherwise, such as :class:`PipesDbfsLogReader`.
        folder: Under which a folder is made, which is deleted when the session is closed.
    """

    def __init__(
        self,
        *,
        interval: float = 10,
        client: Any,
        include_stdio_in_messages: bool = False,
        log_readers: Sequence[PipesLogReader] | None = None,
        folder: str = "/tmp/orrery-pipes",
    ) -> None:
        super().__init__(interval=interval, log_readers=log_readers)
        self.client = client
        self.include_stdio_in_messages = include_stdio_in_messages
        self.folder = folder

    @contextmanager
    def get_params(self) -> Iterator[PipesParams]:
        """Give a folder of its own to the process."""
        with _dbfs_folder(self.client, self.folder) as folder:
            yield {"path": folder, "include_stdio_in_messages": self.include_stdio_in_messages}

    def messages_are_readable(self, params: PipesParams) -> bool:
        """Return whether the process was told where to write."""
        return bool(params.get("path"))

    def download_messages_chunk(self, index: int, params: PipesParams) -> str | None:
        """Return one chunk."""
        data = _dbfs_read(self.client, f"{params['path']}/{index}.json")
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return "Messages were looked for in a folder on DBFS."


class PipesDbfsLogReader(PipesChunkedLogReader):
    """
    Brings the output of the driver, which a cluster with log delivery writes to DBFS, to a stream of this process.

    Args:
        interval: Seconds between two looks, at most.
        remote_log_name: Which of the two streams.
        target_stream: Where it goes; by default the stream of this process of that name.
        client: A ``databricks.sdk.WorkspaceClient``.
        debug_info: Where the output is looked for, for messages.
    """

    def __init__(
        self,
        *,
        interval: float = 10,
        remote_log_name: Literal["stdout", "stderr"],
        target_stream: IO[str] | None = None,
        client: Any,
        debug_info: str | None = None,
    ) -> None:
        stream = target_stream or (sys.stdout if remote_log_name == "stdout" else sys.stderr)
        super().__init__(interval=interval, target_stream=stream, debug_info=debug_info)
        self.client = client
        self.remote_log_name = remote_log_name
        self._position = 0

    @property
    def name(self) -> str:
        """Name of the reader, for messages."""
        return f"{type(self).__name__}({self.remote_log_name})"

    def target_is_readable(self, params: PipesParams) -> bool:
        """Return whether the process told where its cluster delivers logs, and there are some."""
        path = self._path(params)
        return path is not None and _dbfs_read(self.client, path, 0, 1) is not None

    def download_log_chunk(self, params: PipesParams) -> str | None:
        """Return what came since the last call, or None."""
        path = self._path(params)
        data = None if path is None else _dbfs_read(self.client, path, self._position, _LOG_BYTES)
        if not data:
            return None
        self._position += len(data)
        return data.decode("utf-8", "replace")

    def _path(self, params: PipesParams) -> str | None:
        root = (params.get("extras") or {}).get("cluster_driver_log_root")
        return None if root is None else f"{str(root).removeprefix('dbfs:')}/{self.remote_log_name}"


class PipesUnityCatalogVolumesContextInjector(PipesContextInjector):
    """
    Hands the context over on a volume; the process loads it with ``PipesUnityCatalogVolumesContextLoader``.

    Args:
        client: A ``databricks.sdk.WorkspaceClient``.
        volume_path: ``/Volumes/<catalog>/<schema>/<volume>``, or a folder there.
    """

    def __init__(self, *, client: Any, volume_path: str) -> None:
        self.client = client
        self.volume_path = volume_path.rstrip("/")

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[PipesParams]:
        """Write *context_data* to the volume, and give its path."""
        path = f"{self.volume_path}/orrery-pipes-{secrets.token_hex(15)}.json"
        self.client.files.upload(path, io.BytesIO(json.dumps(context_data).encode("utf-8")), overwrite=True)
        try:
            yield {"path": path}
        finally:
            self.client.files.delete(path)

    def no_messages_debug_text(self) -> str:
        """Return how the context was handed over."""
        return f"The context was handed over in a file on the volume {self.volume_path}."


class PipesUnityCatalogVolumesMessageReader(PipesBlobStoreMessageReader):
    """
    Reads chunks of messages from a volume; the process writes them with ``PipesUnityCatalogVolumesMessageWriter``.

    They are deleted when the session is closed.

    Args:
        interval: Seconds between two looks, at most.
        client: A ``databricks.sdk.WorkspaceClient``.
        volume_path: ``/Volumes/<catalog>/<schema>/<volume>``, or a folder there.
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
        log_readers: Bring the output of the process otherwise.
    """

    def __init__(
        self,
        *,
        interval: float = 10,
        client: Any,
        volume_path: str,
        include_stdio_in_messages: bool = False,
        log_readers: Sequence[PipesLogReader] | None = None,
    ) -> None:
        super().__init__(interval=interval, log_readers=log_readers)
        self.client = client
        self.volume_path = volume_path.rstrip("/")
        self.include_stdio_in_messages = include_stdio_in_messages

    @contextmanager
    def get_params(self) -> Iterator[PipesParams]:
        """Give a folder of its own to the process."""
        folder = f"{self.volume_path}/orrery-pipes-{secrets.token_hex(15)}"
        self.client.files.create_directory(folder)
        try:
            yield {"path": folder, "include_stdio_in_messages": self.include_stdio_in_messages}
        finally:
            for entry in list(self.client.files.list_directory_contents(folder)):
                self.client.files.delete(entry.path)
            self.client.files.delete_directory(folder)

    def messages_are_readable(self, params: PipesParams) -> bool:
        """Return whether the process was told where to write."""
        return bool(params.get("path"))

    def download_messages_chunk(self, index: int, params: PipesParams) -> str | None:
        """Return one chunk."""
        try:
            data: bytes = self.client.files.download(f"{params['path']}/{index}.json").contents.read()
        except Exception as error:  # the library is not imported here, so that its errors cannot be named
            if _missing(error):
                return None
            raise
        return data.decode("utf-8", "surrogateescape")

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return f"Messages were looked for on the volume {self.volume_path}."


@contextmanager
def _dbfs_folder(client: Any, parent: str) -> Iterator[str]:
    folder = f"{parent.rstrip('/')}/{secrets.token_hex(15)}"
    client.dbfs.mkdirs(folder)
    try:
        yield folder
    finally:
        client.dbfs.delete(folder, recursive=True)


def _dbfs_read(client: Any, path: str, start: int = 0, length: int | None = None) -> bytes | None:
    """Return the bytes of a file on DBFS, which gives at most a megabyte at once; None if there is no such file."""
    pieces: list[bytes] = []
    offset = start
    while True:
        try:
            answer = client.dbfs.read(path, offset=offset, length=length or 1 << 20)
        except Exception as error:  # the library is not imported here, so that its errors cannot be named
            if _missing(error):
                return None
            raise
        piece = base64.b64decode(answer.data or "")
        pieces.append(piece)
        offset += len(piece)
        if not piece or length is not None:
            return b"".join(pieces)
