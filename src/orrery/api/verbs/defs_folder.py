"""
Definitions of a project that keeps them in a folder of modules, as ``create-dagster`` lays it out.

Each module of the folder, and of the folders below it, gives what it holds: the ``Definitions`` in it if there is one,
what its functions below ``@lazy_definitions`` make, or else the assets, checks, jobs, schedules and sensors at its top level.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from orrery.base.errors import CodeLocationLoadError, InvalidDefinitionError, InvalidInvocationError
from orrery.definitions.project.definitions import Definitions
from orrery.definitions.project.from_modules import load_definitions_from_modules
from orrery.definitions.project.lazy import LazyDefinitions
from orrery.definitions.project.repository import RepositoryDefinition

__all__ = ["load_defs", "load_from_defs_folder"]

_COMPONENTS = ("defs.yaml", "component.yaml")


def load_from_defs_folder(*, path_within_project: Path | None = None, project_root: Path | None = None) -> Definitions:
    """
    Return what the modules in the folder ``defs`` of a project define.

    ``[tool.dg.project]`` in the ``pyproject.toml`` of the project, or ``[project]`` in its ``dg.toml``, names the
    folder: ``defs_module``, or else ``defs`` of the ``root_module``.

    Args:
        path_within_project: Any file or folder of the project, as a rule ``Path(__file__).parent``.
        project_root: Older form: the folder of the project.

    Raises:
        InvalidInvocationError: Neither or both were given.
        CodeLocationLoadError: There is no such file, or it does not name the module.
    """
    if (path_within_project is None) == (project_root is None):
        raise InvalidInvocationError(
            "load_from_defs_folder takes path_within_project, and nothing else.",
            mend="write path_within_project=Path(__file__).parent.",
        )
    root, name = _module_of(Path(path_within_project or project_root or "").absolute())
    return load_defs(importlib.import_module(name), root)


def load_defs(
    defs_root: ModuleType, project_root: Path | None = None, terminate_autoloading_on_keyword_files: bool = True
) -> Definitions:
    """
    Return what a package, and all modules in its folder and those below, define.

    Args:
        defs_root: The package.
        project_root: Accepted for compatibility.
        terminate_autoloading_on_keyword_files: Accepted for compatibility.

    Raises:
        InvalidDefinitionError: A module has several Definitions, a folder describes a component, or what is
            defined cannot stand together.
    """
    loose: list[ModuleType] = []
    sets: dict[int, Definitions] = {}  # one that another module imports counts once
    for module in _modules_in(defs_root):
        given = _definitions_of(module)
        if not given:
            loose.append(module)
        for each in given:
            if id(each) not in sets:
                sets[id(each)] = _made(each, module) if isinstance(each, LazyDefinitions) else each
    return _together([load_definitions_from_modules(loose), *sets.values()])


def _module_of(start: Path) -> tuple[Path, str]:
    """Return the root of the project around *start*, and the name of the module that holds its definitions."""
    import tomllib  # 10 ms, and only such projects need it

    for folder in (start, *start.parents):
        for file, place in (("dg.toml", ()), ("pyproject.toml", ("tool", "dg"))):
            path = folder / file
            if not path.is_file():
                continue
            try:
                table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise CodeLocationLoadError(f"{path} cannot be read: {error}.", mend="correct the file.") from error
            for part in place:
                table = table.get(part, {})
            if table:
                return folder, _module_in(table.get("project", {}), path)
    raise CodeLocationLoadError(
        f"Could not find config file (pyproject.toml/dg.toml) in {start} or any parent of it.",
        mend='write [tool.dg.project], and below it root_module = "my_project", in the pyproject.toml of the project.',
    )


def _module_in(project: Any, path: Path) -> str:
    name, root = project.get("defs_module"), project.get("root_module")
    if name is None and root is None:
        raise CodeLocationLoadError(
            f"Either defs_module or root_module must be set in the project config {path}.",
            mend='write root_module = "my_project".',
        )
    return str(name or f"{root}.defs")


def _modules_in(package: ModuleType) -> Iterator[ModuleType]:
    """Iterate *package* and the modules in its folder and those below, importing them; folders need no ``__init__.py``."""
    yield package
    for folder in dict.fromkeys(getattr(package, "__path__", ())):
        yield from _modules_below(package.__name__, Path(folder))


def _modules_below(name: str, folder: Path) -> Iterator[ModuleType]:
    for path in sorted(folder.iterdir()):
        if path.name in _COMPONENTS:
            raise InvalidDefinitionError(
                f"{path} describes a component, and there are no components yet.",
                mend="define in a module beside it what the component makes.",
            )
        if path.is_dir():
            if path.name.startswith(".") or path.name == "__pycache__":
                continue
            if (path / "__init__.py").is_file():
                yield importlib.import_module(f"{name}.{path.name}")
            yield from _modules_below(f"{name}.{path.name}", path)
        elif path.suffix == ".py" and path.stem != "__init__":
            yield importlib.import_module(f"{name}.{path.stem}")


def _definitions_of(module: ModuleType) -> list[Definitions | LazyDefinitions]:
    """Return the definitions that stand in *module* under a name: one ``Definitions``, or any number of functions."""
    values = {id(each): each for each in vars(module).values()}.values()
    ready = [each for each in values if isinstance(each, Definitions)]
    lazy = [each for each in values if isinstance(each, LazyDefinitions)]
    if ready and lazy:
        raise InvalidDefinitionError(
            f"Found both @lazy_definitions-decorated functions and Definitions objects in {module.__file__}.",
            mend="write one of both.",
        )
    if len(ready) > 1:
        raise InvalidDefinitionError(
            f"Found multiple Definitions objects in {module.__file__}. At most one Definitions object may be specified "
            "per module.",
            mend="put them together with Definitions.merge(...), or into modules of their own.",
        )
    return [*ready, *lazy]


def _made(lazy: LazyDefinitions, module: ModuleType) -> Definitions:
    made = lazy()
    if isinstance(made, RepositoryDefinition):
        raise InvalidDefinitionError(
            f"Function {lazy.shown_name} in {module.__file__} returns a repository, which cannot be merged.",
            mend="return Definitions(...).",
        )
    definitions: Definitions = made
    return definitions


def _together(sets: Iterable[Definitions]) -> Definitions:
    """Return all definitions as one; an object that several modules have counts once."""
    merged = Definitions.merge(*sets)
    changes = {
        name: _once(getattr(merged, name)) for name in ("assets", "asset_checks", "jobs", "schedules", "sensors")
    }
    return merged._changed(**changes)


def _once(items: Iterable[Any] | None) -> list[Any]:
    return list({id(each): each for each in items or ()}.values())
