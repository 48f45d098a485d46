"""
Definitions of a Python file or module, imported into this process.

A module may hold one ``Definitions`` (or repository), a function that makes one, or just assets, jobs, checks
and resources at its top level, which are then gathered.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from orrery.base.errors import (
    CodeLocationLoadError,
    ExecutionInterruptedError,
    OrreryError,
    UserCodeLoadError,
    nearest_hint,
)
from orrery.base.pointer import CodePointer, FilePointer, ModulePointer
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.assets.assets_definition import AssetChecksDefinition, AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.graphs.structure import GraphStructure
from orrery.definitions.instigators.schedule import ScheduleDefinition
from orrery.definitions.instigators.sensor import SensorDefinition
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.definitions.project.definitions import Definitions
from orrery.definitions.project.from_modules import load_definitions_from_module
from orrery.definitions.project.lazy import LazyDefinitions
from orrery.definitions.project.repository import RepositoryDefinition

__all__ = ["load_definitions", "load_module"]

_HOLDS_DEFINITIONS = (Definitions, RepositoryDefinition, LazyDefinitions)
_MAKES_DEFINITIONS = (Definitions, RepositoryDefinition, "Definitions", "RepositoryDefinition")
_KINDS: tuple[tuple[Any, str], ...] = (
    (AssetChecksDefinition, "an asset check"),
    ((AssetsDefinition, SourceAsset, AssetSpec), "an asset"),
    ((JobDefinition, UnresolvedAssetJobDefinition), "a job"),
    (OpDefinition, "an op"),
    (GraphStructure, "a graph"),
    (ScheduleDefinition, "a schedule"),
    (SensorDefinition, "a sensor"),
    (ResourceDefinition, "a resource"),
)
_SINCE_3_12 = re.compile(r"\s*(?:type\s+\w+\s*(?:\[.*\]\s*)?=|(?:async\s+def|def|class)\s+\w+\s*\[)")


def load_definitions(pointer: CodePointer) -> RepositoryDefinition:
    """
    Import the code that *pointer* names and return what it defines.

    Folders that imports begin at are put first on ``sys.path`` and stay there, for functions may import when
    they run.

    Raises:
        CodeLocationLoadError: There is no such file, module or name; or nothing is defined there.
        UserCodeLoadError: The code raised while it was imported.
        InvalidDefinitionError: What it defines cannot stand.
    """
    module = load_module(pointer)
    if pointer.attribute is not None:
        return _from_attribute(module, pointer, pointer.attribute)
    return _from_module(module, pointer)


def load_module(pointer: CodePointer) -> ModuleType:
    """Import the file or module that *pointer* names and return it."""
    return _load_file(pointer) if isinstance(pointer, FilePointer) else _load_named(pointer)


# -- importing -----------------------------------------------------------------------------------


def _load_named(pointer: ModulePointer) -> ModuleType:
    folder = Path(pointer.working_directory or ".").absolute()
    _put_first(folder)
    if (folder / "src").is_dir():
        _put_first(folder / "src")
    with _told(pointer):
        try:
            return importlib.import_module(pointer.module)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if pointer.module == missing or pointer.module.startswith(f"{missing}."):
                raise CodeLocationLoadError(
                    f"There is no module '{missing}'"
                    + (f", which '{pointer.module}' is said to be in" if missing != pointer.module else "")
                    + f"; looked from {folder}.",
                    mend=_module_mend(pointer.module, folder),
                ) from None
            raise


def _module_mend(module: str, folder: Path) -> str:
    as_file = folder / f"{module.removesuffix('.py')}.py"
    if module.endswith(".py") and as_file.is_file():
        return f"write -f {module}: it is a file."
    first = module.partition(".")[0]
    known = [path.stem for path in folder.glob("*.py")] + [path.parent.name for path in folder.glob("*/__init__.py")]
    if first in known:
        return "look at the rest of the dotted name: the first part of it is there."
    return nearest_hint(first, known, noun="module") if known else "call it from the folder that holds the module."


def _load_file(pointer: FilePointer) -> ModuleType:
    path = Path(pointer.path).absolute()
    if not path.is_file():
        known = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        what = f"{pointer.path} is a folder, not a Python file" if path.is_dir() else f"There is no file {pointer.path}"
        raise CodeLocationLoadError(
            f"{what}.",
            mend=nearest_hint(path.name, known, noun="Python file there")
            if known
            else "give the path of a Python file.",
        )
    if pointer.working_directory is not None:
        _put_first(Path(pointer.working_directory).absolute())
    root, name = _dotted_name(path)
    _put_first(root)
    with _told(pointer):
        if "." in name:
            return importlib.import_module(name)
        return _import_path(path, name)


def _dotted_name(path: Path) -> tuple[Path, str]:
    """Return the folder that imports begin at, and the name of *path* from there: dotted inside a package."""
    parts = [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier() and folder.parent != folder:
        parts.insert(0, folder.name)
        folder = folder.parent
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return folder, ".".join(parts)


def _import_path(path: Path, name: str) -> ModuleType:
    """Import the file at *path* under the name that ``import`` would give it, if that is free."""
    loaded = sys.modules.get(name)
    if loaded is not None and _is_file_of(loaded, path):
        return loaded
    if loaded is not None or name in sys.stdlib_module_names or not name.isidentifier():
        name = f"orrery_file_{''.join(char if char.isalnum() else '_' for char in name)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CodeLocationLoadError(f"{path} is no Python file.", mend="give a file whose name ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_file_of(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).absolute() == path


def _put_first(folder: Path) -> None:
    text = str(folder)
    if text in sys.path:
        sys.path.remove(text)
    sys.path.insert(0, text)


@contextmanager
def _told(pointer: CodePointer) -> Iterator[None]:
    """Turn what user code raises while it is imported into an error that holds it."""
    try:
        yield
    except OrreryError:
        raise  # a definition that cannot stand says so itself
    except (KeyboardInterrupt, GeneratorExit, ExecutionInterruptedError):
        raise  # these are meant for us
    except BaseException as error:
        raise UserCodeLoadError(
            f"The {pointer} cannot be imported: it raised {type(error).__name__}.",
            mend=_newer_python(error) if isinstance(error, SyntaxError) else None,
            user_exception=error,
        ) from error


def _newer_python(error: SyntaxError) -> str | None:
    """Return what to try if the line is right in a later Python."""
    if sys.version_info >= (3, 12) or not _SINCE_3_12.match(error.text or ""):
        return None
    return (
        f"this way of writing types came with Python 3.12, and this is {sys.version_info[0]}.{sys.version_info[1]}: "
        "use a later Python, or TypeAlias and TypeVar."
    )


# -- finding definitions ---------------------------------------------------------------------------


def _from_attribute(module: ModuleType, pointer: CodePointer, attribute: str) -> RepositoryDefinition:
    found = getattr(module, attribute, None)
    if found is None:
        names = _names_of_definitions(module)
        raise CodeLocationLoadError(
            f"The {pointer} has no '{attribute}'.",
            mend=nearest_hint(attribute, names, noun="Definitions")
            if names
            else "name no attribute: there is no Definitions in it, and its assets are gathered as they are.",
        )
    if isinstance(found, _HOLDS_DEFINITIONS):
        return _as_repository(found, pointer)
    if not _may_make_definitions(found):
        raise CodeLocationLoadError(
            f"'{attribute}' of the {pointer} is {_what_it_is(found)}, not Definitions.",
            mend=_mend_of_name(module),
        )
    with _told(pointer):
        made = found()
    if not isinstance(made, Definitions | RepositoryDefinition):
        raise CodeLocationLoadError(
            f"'{attribute}' of the {pointer} returns {type(made).__name__}, not Definitions.",
            mend=_mend_of_name(module),
        )
    return _as_repository(made, pointer)


def _may_make_definitions(found: Any) -> bool:
    """Tell whether *found* is to be called: a function of the user's that does not say that it makes something else."""
    if isinstance(found, type) or not callable(found) or _is_of_ours(found):
        return False
    returned = getattr(found, "__annotations__", {}).get("return", Definitions)
    if returned is None or isinstance(returned, str):
        return returned is not None and not hasattr(builtins, returned)
    return getattr(returned, "__module__", None) != "builtins"


def _is_of_ours(found: Any) -> bool:
    """Tell whether a class of ours made *found*: an asset, an op, a resource; to call it would run it."""
    return any(each.__module__.startswith("orrery.") for each in type(found).__mro__)


def _what_it_is(found: Any) -> str:
    for kinds, what in _KINDS:
        if isinstance(found, kinds):
            return what
    if isinstance(found, type):
        return f"a class, {found.__name__}"
    if isinstance(found, FunctionType):
        return "a function that returns something else"
    return type(found).__name__


def _mend_of_name(module: ModuleType) -> str:
    names = _names_of_definitions(module)
    if names:
        return f"name {' or '.join(map(repr, names))}."
    return (
        "leave it out: assets, checks and jobs at the top level are gathered as they are; "
        "or write defs = Definitions(...) there, and name that."
    )


def _names_of_definitions(module: ModuleType) -> list[str]:
    """Return the names that may be meant: of what holds definitions, or makes them by its annotation."""
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, _HOLDS_DEFINITIONS)
        or (
            isinstance(value, FunctionType)
            and value.__module__ == module.__name__
            and value.__annotations__.get("return") in _MAKES_DEFINITIONS
        )
    ]


def _from_module(module: ModuleType, pointer: CodePointer) -> RepositoryDefinition:
    named: dict[int, tuple[str, Definitions | RepositoryDefinition | LazyDefinitions]] = {}
    for name, value in vars(module).items():
        if isinstance(value, _HOLDS_DEFINITIONS):
            named.setdefault(id(value), (name, value))
    if len(named) > 1:
        names = [name for name, _ in named.values()]
        raise CodeLocationLoadError(
            f"The {pointer} has more than one Definitions: {', '.join(map(repr, names))}.",
            mend=f"choose one with -a {names[0]}, or put them together with Definitions.merge(...).",
        )
    if named:
        return _as_repository(next(iter(named.values()))[1], pointer)
    gathered = load_definitions_from_module(module)
    if not (gathered.assets or gathered.jobs or gathered.asset_checks or gathered.schedules or gathered.sensors):
        raise CodeLocationLoadError(
            f"The {pointer} defines nothing.",
            mend="write an asset there, or defs = Definitions(assets=[...]).",
        )
    return _as_repository(gathered, pointer)


def _as_repository(
    found: Definitions | RepositoryDefinition | LazyDefinitions, pointer: CodePointer
) -> RepositoryDefinition:
    if isinstance(found, LazyDefinitions):
        with _told(pointer):
            made: Definitions | RepositoryDefinition = found()
        found = made
    return found if isinstance(found, RepositoryDefinition) else found.get_repository_def()
