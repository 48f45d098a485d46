"""
Large values by reference: files in a folder that the process and its orchestrator share, told by name and digest.

Strings, bytes, frames (Parquet, with pandas or polars) and what JSON gives back as it was have formats of their own; all else
is pickled. A file has its final name only when it is whole.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import pickle
from typing import Any, Mapping

from orrery_pipes.errors import PipesError

FRAMES = ("polars", "pandas")
"""Libraries whose frames go as Parquet."""

_CHUNK_BYTES = 1 << 20


def store_value(value: Any, folder: str, name: str) -> dict[str, Any]:
    """
    Write *value* into *folder*; return what the orchestrator is told of it.

    Args:
        value: What to store.
        folder: Folder that both sides see.
        name: Of the file.
    """
    kind, data = _encode(value)
    path = os.path.join(folder, f"{name}.{kind}")
    unfinished = path + ".tmp"
    try:
        if kind == "parquet":
            _write_frame(value, unfinished)
        else:
            with open(unfinished, "wb") as file:
                file.write(data)
        digest = digest_of(unfinished)
        size = os.path.getsize(unfinished)
        os.replace(unfinished, path)
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)
    frame = type(value).__module__.partition(".")[0] if kind == "parquet" else None
    return {"path": path, "format": kind, "frame": frame, "sha256": digest, "size_bytes": size}


def load_value(told: Mapping[str, Any]) -> Any:
    """
    Return the value that the other side told.

    Raises:
        PipesError: The file is not what was written, or nothing here reads its format.
    """
    path, kind = told["path"], told["format"]
    if digest_of(path) != told["sha256"]:
        raise PipesError(f"The file {path} is not what was written: its digest differs.")
    if kind == "parquet":
        return _read_frame(path, told.get("frame"))
    with open(path, "rb") as file:
        data = file.read()
    if kind == "text":
        return data.decode("utf-8", "surrogatepass")
    if kind == "json":
        return json.loads(data)
    if kind == "pickle":
        return pickle.loads(data)  # noqa: S301 - written by who launched this process
    if kind == "bytes":
        return data
    raise PipesError(f"The file {path} has the format '{kind}', which is not known here.")


def digest_of(path: str) -> str:
    """Return the SHA-256 of the file at *path*."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(_CHUNK_BYTES), b""):
            digest.update(piece)
    return digest.hexdigest()


def _encode(value: Any) -> tuple[str, bytes]:
    if type(value) is str:
        return "text", value.encode("utf-8", "surrogatepass")
    if type(value) is bytes:
        return "bytes", value
    if hasattr(value, "write_parquet") or hasattr(value, "to_parquet"):
        return "parquet", b""
    if _survives_json(value):
        return "json", json.dumps(value).encode("ascii")
    # The oldest protocol that takes large values: the other side may be an older Python.
    return "pickle", pickle.dumps(value, 4)


def _survives_json(value: Any) -> bool:
    """Return whether JSON gives *value* back as it was: no tuples, no keys that are numbers, no classes of one's own."""
    if value is None or type(value) in (bool, int, float, str):
        return True
    if type(value) is list:
        return all(map(_survives_json, value))
    if type(value) is dict:
        return all(type(key) is str and _survives_json(each) for key, each in value.items())
    return False


def _write_frame(value: Any, path: str) -> None:
    if hasattr(value, "write_parquet"):
        value.write_parquet(path)
    else:
        value.to_parquet(path)


def _read_frame(path: str, wanted: Any) -> Any:
    """Read a frame by the library that wrote it, or by the one that is here."""
    for name in sorted(FRAMES, key=lambda name: name != wanted):
        try:
            library = importlib.import_module(name)
        except ImportError:
            continue
        return library.read_parquet(path)
    raise PipesError("The value is a frame, and neither polars nor pandas is here to read it. Install one.")
