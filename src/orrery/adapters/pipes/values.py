"""
Large values by reference: files in a folder that both sides see, told by place, format and digest.

The external side is ``orrery_pipes.values``; the two share no code, only the formats. Files of a process are read before
the folder is deleted, which is when the session is closed.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import pickle
from collections.abc import Mapping
from typing import Any

from orrery.base.errors import DamagedValueError, PipesExecutionError

__all__ = ["check_told", "give_values", "load_value"]

_FRAMES = ("polars", "pandas")


def give_values(values: Mapping[str, Any], folder: str) -> dict[str, dict[str, Any]]:
    """Write *values* into *folder*; return what the process is told of each."""
    return {name: _store(value, os.path.join(folder, f"given-{n}")) for n, (name, value) in enumerate(values.items())}


def _store(value: Any, place: str) -> dict[str, Any]:
    if type(value) is str:
        kind, data = "text", value.encode("utf-8", "surrogatepass")
    elif type(value) is bytes:
        kind, data = "bytes", value
    elif hasattr(value, "write_parquet") or hasattr(value, "to_parquet"):
        kind, data = "parquet", None
    elif _survives_json(value):
        kind, data = "json", json.dumps(value).encode("ascii")
    else:
        # The oldest protocol that takes large values: the process may be an older Python.
        kind, data = "pickle", _pickled(value)
    path = f"{place}.{kind}"
    if data is not None:
        with open(path, "wb") as file:
            file.write(data)
    elif hasattr(value, "write_parquet"):
        value.write_parquet(path)
    else:
        value.to_parquet(path)
    frame = type(value).__module__.partition(".")[0] if kind == "parquet" else None
    size_bytes = os.path.getsize(path)
    return {"path": path, "format": kind, "frame": frame, "sha256": _digest(path), "size_bytes": size_bytes}


def _pickled(value: Any) -> bytes:
    try:
        return pickle.dumps(value, 4)
    except Exception as error:  # whatever the class of the value raises
        raise PipesExecutionError(
            f"A value of {type(value).__name__} cannot be handed over to an external process: {error}.",
            mend="hand over data: frames, texts, bytes, numbers, lists and dicts of them.",
        ) from error


def _survives_json(value: Any) -> bool:
    """Return whether JSON gives *value* back as it was."""
    if value is None or type(value) in (bool, int, float, str):
        return True
    if type(value) is list:
        return all(map(_survives_json, value))
    if type(value) is dict:
        return all(type(key) is str and _survives_json(each) for key, each in value.items())
    return False


def check_told(told: Any, folder: str | None) -> Mapping[str, Any]:
    """
    Return what a process told of a file.

    Raises:
        ValueError: It is not of the right shape, or the file does not lie in *folder*.
    """
    if not isinstance(told, dict) or not all(isinstance(told.get(key), str) for key in ("path", "format", "sha256")):
        raise ValueError("its value is not of the shape {path, format, sha256}")
    if folder is None or os.path.dirname(os.path.realpath(told["path"])) != os.path.realpath(folder):
        raise ValueError(f"the file {told['path']} does not lie in the folder for values")
    return told


def load_value(told: Mapping[str, Any], *, what: str) -> Any:
    """
    Return the value in a file that the process told.

    Args:
        told: What it told of the file.
        what: Tells what people call the value: ``asset 'orders'``.

    Raises:
        DamagedValueError: The file is not there, or is not what was written.
        PipesExecutionError: Nothing here reads its format.
    """
    path, kind = told["path"], told["format"]
    # Not what is no plain file: a pipe would be waited for without end.
    if not os.path.isfile(path) or _digest(path) != told["sha256"]:
        raise DamagedValueError(
            f"The value of {what} that the external process wrote ({path}) is not there, or not what was written.",
            mend="see whether the process goes on writing after put_value().",
        )
    if kind == "parquet":
        return _frame(path, told.get("frame"), what)
    with open(path, "rb") as file:
        data = file.read()
    if kind == "text":
        return data.decode("utf-8", "surrogatepass")
    if kind == "json":
        return json.loads(data)
    if kind == "pickle":
        return pickle.loads(data)  # noqa: S301  # by a process that this one launched, in a folder of its own
    if kind == "bytes":
        return data
    raise PipesExecutionError(f"The value of {what} has the unknown format '{kind}'.", mend="update orrery.")


def _frame(path: str, wanted: Any, what: str) -> Any:
    """Read a frame by the library that wrote it, or by the one that is here."""
    for name in sorted(_FRAMES, key=lambda name: name != wanted):
        try:
            library = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        return library.read_parquet(path)
    raise PipesExecutionError(
        f"The value of {what} is a frame, and neither polars nor pandas is installed.",
        mend="install one: pip install 'orrery[polars]'.",
    )


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
