"""
The IO managers that store values as files below a directory, under one name.

:class:`FilesystemIOManager` is the one that people configure; it is made of a config class, so it is only
imported when it is asked for. The others are in ``pickled.py``.
"""

from __future__ import annotations

from typing import Any

from orrery.adapters.io.pickled import (
    PickledObjectFilesystemIOManager,
    custom_path_fs_io_manager,
    fs_io_manager,
)

__all__ = [
    "PickledObjectFilesystemIOManager",
    "custom_path_fs_io_manager",
    "fs_io_manager",
]


def __getattr__(name: str) -> Any:
    if name == "FilesystemIOManager":
        from orrery.adapters.io.configurable import FilesystemIOManager  # imports pydantic, 60 ms

        return FilesystemIOManager
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
