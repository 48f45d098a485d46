"""
Where a project that was written for Dagster says its definitions are.

Three ways are understood: ``[tool.dagster]`` and ``[tool.dg.project]`` in ``pyproject.toml``, and ``workspace.yaml``. Each must
come to one place: Orrery works on one project at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orrery.base.errors import CodeLocationLoadError
from orrery.base.pointer import CodePointer, ModulePointer, pointer_from_settings

__all__ = ["pointer_in_tools", "pointer_in_workspace"]

_ONE = "name one of them with -m MODULE or -f FILE."


def pointer_in_tools(tools: Mapping[str, Any], path: Path) -> CodePointer | None:
    """
    Return where ``[tool.dagster]`` or ``[tool.dg.project]`` says that the definitions are; None if neither does.

    Args:
        tools: The tables below ``tool``.
        path: The ``pyproject.toml``.

    Raises:
        CodeLocationLoadError: The table cannot be understood, or names several places.
    """
    table = tools.get("dagster")
    if isinstance(table, dict) and table:
        return _in_table(table, path)
    project = tools.get("dg", {}).get("project") if isinstance(tools.get("dg"), dict) else None
    if isinstance(project, dict):
        root = project.get("root_module")
        module = project.get("code_location_target_module") or (f"{root}.definitions" if root else None)
        if not isinstance(module, str):
            raise CodeLocationLoadError(
                f"[tool.dg.project] in {path} names no root_module.", mend='write root_module = "shop".'
            )
        return ModulePointer(module=module, working_directory=str(path.parent))
    return None


def _in_table(table: Mapping[str, Any], path: Path) -> CodePointer:
    modules = table.get("modules")
    if modules is None:
        return pointer_from_settings(table, root=str(path.parent), source=str(path), name="[tool.dagster]")
    names = [each.get("name") if isinstance(each, dict) else each for each in _listed(modules)]
    if len(names) != 1 or not isinstance(names[0], str):
        raise CodeLocationLoadError(
            f"'modules' of [tool.dagster] in {path} names {len(names)} modules, and Orrery works on one.", mend=_ONE
        )
    rest = {key: value for key, value in table.items() if key != "modules"}
    return pointer_from_settings(
        {**rest, "module_name": names[0]}, root=str(path.parent), source=str(path), name="[tool.dagster]"
    )


def pointer_in_workspace(path: Path) -> CodePointer:
    """
    Return where a ``workspace.yaml`` says that the definitions are.

    Raises:
        CodeLocationLoadError: It is no YAML, names several places, or one that is not a file or module of this project.
    """
    import yaml  # 15 ms, and few projects have such a file

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CodeLocationLoadError(f"{path} cannot be read: {error}.", mend="correct the file.") from error
    targets = _listed(document.get("load_from") if isinstance(document, dict) else None)
    if len(targets) != 1:
        raise CodeLocationLoadError(
            f"{path} names {len(targets)} code locations below 'load_from', and Orrery works on one.", mend=_ONE
        )
    (target,) = targets
    kind, value = next(iter(target.items())) if isinstance(target, dict) and len(target) == 1 else ("", target)
    names = _TARGETS.get(kind)
    if names is None:
        raise CodeLocationLoadError(
            f"{path} names a code location as {kind or value!r}; 'python_file' and 'python_module' are understood.",
            mend=_ONE,
        )
    own, settings = names
    given = {own: value} if isinstance(value, str) else dict(value)
    table = {settings if name == own else name: each for name, each in given.items() if name != "location_name"}
    return pointer_from_settings(table, root=str(path.parent), source=str(path), name=f"'{kind}'")


_TARGETS = {"python_file": ("relative_path", "python_file"), "python_module": ("module_name", "module_name")}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]
