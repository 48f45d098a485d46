"""
Pointers to code: where the definitions of a project are, as a value.

Pure: a pointer names a file or a module; :mod:`orrery.adapters.locations` imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeAlias

import msgspec

from orrery.base.errors import CodeLocationLoadError, nearest_hint

__all__ = ["CodePointer", "FilePointer", "ModulePointer", "decode_pointer", "encode_pointer", "pointer_from_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePointer:
    """
    A Python file.

    Attributes:
        path: The file, as the user wrote it or absolute.
        attribute: Name in the file that holds the definitions; None to look for them.
        working_directory: Folder that imports in the file begin at; None for the file's own.
    """

    path: str
    attribute: str | None = None
    working_directory: str | None = None

    def __str__(self) -> str:
        return f"file {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePointer:
    """
    A module that can be imported.

    Attributes:
        module: Dotted name.
        attribute: Name in the module that holds the definitions; None to look for them.
        working_directory: Folder that imports begin at; None for the working directory.
    """

    module: str
    attribute: str | None = None
    working_directory: str | None = None

    def __str__(self) -> str:
        return f"module {self.module}"


CodePointer: TypeAlias = FilePointer | ModulePointer

_NAMES = ("module_name", "python_file", "attribute", "working_directory", "code_location_name")


def pointer_from_settings(
    table: Mapping[str, Any], *, root: str, source: str, name: str = "[tool.orrery]"
) -> CodePointer:
    """
    Return the pointer that a table ``[tool.orrery]`` of a ``pyproject.toml`` gives.

    Args:
        table: ``module_name`` or ``python_file``; ``attribute`` and ``working_directory`` if wanted.
        root: The folder of the ``pyproject.toml``; paths in the table begin here.
        source: The path of the ``pyproject.toml``, for messages.
        name: What the table is called there.

    Raises:
        CodeLocationLoadError: The table names neither, or both, or an entry that does not exist.

    >>> pointer_from_settings({"module_name": "shop"}, root="/shop", source="pyproject.toml")
    ModulePointer(module='shop', attribute=None, working_directory='/shop')
    """
    for entry, value in table.items():
        if entry not in _NAMES:
            raise CodeLocationLoadError(
                f"{name} in {source} has an unknown entry '{entry}'.",
                mend=nearest_hint(entry, _NAMES, noun="entry"),
            )
        if not isinstance(value, str):
            raise CodeLocationLoadError(
                f"'{entry}' of {name} in {source} is {value!r} ({type(value).__name__}), not text.",
                mend=f'write {entry} = "...".',
            )
    module, file = table.get("module_name"), table.get("python_file")
    if (module is None) == (file is None):
        given = "neither module_name nor python_file" if module is None else "both module_name and python_file"
        raise CodeLocationLoadError(
            f"{name} in {source} names {given}.",
            mend='write one of them, for example module_name = "shop.definitions".',
        )
    folder = str(PurePath(root, table["working_directory"])) if "working_directory" in table else None
    if module is not None:
        return ModulePointer(module=module, attribute=table.get("attribute"), working_directory=folder or root)
    return FilePointer(path=str(PurePath(root, file or "")), attribute=table.get("attribute"), working_directory=folder)


def encode_pointer(pointer: CodePointer) -> bytes:
    """
    Return the stored form of *pointer*, for other processes.

    >>> decode_pointer(encode_pointer(ModulePointer(module="shop")))
    ModulePointer(module='shop', attribute=None, working_directory=None)
    """
    return msgspec.json.encode({"kind": _KINDS[type(pointer)], **msgspec.to_builtins(pointer)})


def decode_pointer(data: bytes) -> CodePointer:
    """Return the pointer that :func:`encode_pointer` wrote."""
    fields = msgspec.json.decode(data, type=dict[str, str | None])
    return FilePointer(**fields) if fields.pop("kind") == "file" else ModulePointer(**fields)  # type: ignore[arg-type]  # as it was written


_KINDS: dict[type, str] = {FilePointer: "file", ModulePointer: "module"}
