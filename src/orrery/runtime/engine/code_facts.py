"""
What the fingerprint must know of the world: sources of code, and whose code a module is.

A source is used only if it compiles to the very code that runs: where the file was edited after the import, the
bytecode speaks for itself.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.machinery
import linecache
import os
import sys
import threading
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any

from orrery.plan.fingerprint.facts import Origin
from orrery.plan.fingerprint.reach import Reacher
from orrery.runtime.engine.kept_forms import KeptForms

__all__ = ["InstalledCode", "kept_file", "reacher_of"]

_FRAMEWORK = frozenset({"orrery", "orrery_pipes", "dagster", "dagster_pipes"})
_INSTALLED = ("site-packages", "dist-packages")
_PYTHON = Origin("platform", "python", f"{sys.version_info.major}.{sys.version_info.minor}")
_PROJECT = Origin("project")
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_BUILT_IN = ("built-in", "frozen")
_OURS = Origin("framework")

_FORMS, _REACHER = "code_forms", "reacher"

_Place = tuple[str, int]
_Index = dict[_Place, list[tuple[CodeType, ast.AST]]]
_State = tuple[int, int]


_ONE_PARSER = threading.Lock()
_TRIES = 20


def reacher_of(instance: Any) -> tuple[Reacher, InstalledCode]:
    """Return what follows functions for an instance, and what that knows of the code: of a code object it stays true."""
    known: tuple[Reacher, InstalledCode] | None = instance.scratch.get(_REACHER)
    if known is None:
        code = InstalledCode(kept_file(instance, _FORMS))
        known = instance.scratch[_REACHER] = Reacher(code), code
    return known


def kept_file(instance: Any, name: str) -> str | None:
    """Return the file of an instance in which something is kept for other processes; None if it keeps none."""
    return None if instance.is_ephemeral else os.path.join(instance.root_directory, name)


class InstalledCode:
    """
    The code of this process; answers are kept as long as this object lives.

    Args:
        kept: The file in which forms of code are kept for other processes; None if they are not.
    """

    def __init__(self, kept: str | None = None) -> None:
        self._forms = KeptForms(kept)
        self.form_of = self._forms.find
        self.keep_form = self._forms.keep
        self.save = self._forms.save
        self._origins: dict[str, Origin] = {}
        self._files: dict[str, tuple[_State, _Index]] = {}

    def origin_of(self, module: str) -> Origin:
        """Return whose code *module* is."""
        known = self._origins.get(module)
        if known is None:
            known = self._origins[module] = self._find_origin(module)
        return known

    def _find_origin(self, module: str) -> Origin:
        root = module.partition(".")[0]
        if root in _FRAMEWORK:
            return _OURS
        path = _path_of(module) or _path_of(root)
        if root in sys.stdlib_module_names and (path is None or path in _BUILT_IN or path.startswith(_LIBRARY)):
            return _PYTHON  # and not a module of the project by such a name
        if path is None or not any(name in path.split(os.sep) for name in _INSTALLED):
            return _PROJECT
        return _distribution(root)

    def source_of(self, code: CodeType) -> ast.AST | None:
        """Return the syntax tree that *code* was compiled from; None if the source is not there, or was changed."""
        file = code.co_filename
        known = self._files.get(file)
        if known is not None:
            found = _node_in(known[1], code)
            if found is not None:  # it compiles to this code, whatever became of the file since
                return found
        state = _state_of(file)
        if known is None or known[0] != state:
            known = self._files[file] = (state, _read(file))
        return _node_in(known[1], code)

    def is_in_environment(self, text: str) -> bool:
        """Tell whether an environment variable has this value."""
        return text in os.environ.values()

    def module_named(self, name: str) -> ModuleType | None:
        """Return the module *name*, imported if it is not yet; None if that fails."""
        module = sys.modules.get(name)
        if module is not None:
            return module
        try:
            return importlib.import_module(name)
        except Exception:  # noqa: BLE001  # it will fail in the function, too, and be told there
            return None


def _path_of(module: str) -> str | None:
    loaded = sys.modules.get(module)
    if loaded is not None:
        path = getattr(loaded, "__file__", None)
        if path is None and getattr(loaded, "__path__", None):
            path = next(iter(loaded.__path__), None)
        return path
    from importlib import util  # 4 ms, and modules that are loaded say themselves where they are

    try:
        spec = util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    return None if spec is None else spec.origin


@functools.cache
def _distribution(root: str) -> Origin:
    """Return the distribution of a top-level module; to look through all that is installed takes half a second."""
    from importlib import metadata  # 7 ms, and a script that uses nothing installed needs it not

    try:
        return Origin("distribution", root, metadata.version(root))
    except metadata.PackageNotFoundError:
        names = metadata.packages_distributions().get(root)
    if names:
        return Origin("distribution", names[0], metadata.version(names[0]))
    version = getattr(sys.modules.get(root), "__version__", "")
    return Origin("distribution", root, str(version))


def _state_of(file: str) -> _State:
    """Return what changes when a file is edited; the same for all that are no files."""
    try:
        found = os.stat(file)
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _node_in(index: _Index, code: CodeType) -> ast.AST | None:
    return next((node for each, node in index.get((code.co_name, code.co_firstlineno), ()) if each == code), None)


def _parsed(text: str) -> ast.Module:
    """
    Return the syntax tree of *text*.

    Python 3.11 and 3.12 count the depth of all trees that are made in a process as one: where another thread parses
    meanwhile, or what the collector of garbage calls, the tree of either is a SystemError (CPython issue 106905). Our own
    threads take turns; of others, the next attempt is as good as any.
    """
    for _ in range(_TRIES):
        try:
            return ast.parse(text)
        except SystemError as error:
            if "recursion depth" not in str(error):
                raise
    return ast.parse(text)


def _read(file: str) -> _Index:
    """Return the functions of a file by name and first line: code object and syntax tree."""
    linecache.checkcache(file)
    text = "".join(linecache.getlines(file))
    if not text:
        return {}
    try:
        with _ONE_PARSER:
            tree = _parsed(text)
            compiled = compile(tree, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return {}
    nodes: dict[_Place, list[ast.AST]] = {}
    for node in ast.walk(tree) if "lambda" in text else _statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            nodes.setdefault((node.name, first), []).append(node)
        elif isinstance(node, ast.Lambda):
            nodes.setdefault(("<lambda>", node.lineno), []).append(node)
    index: _Index = {}
    waiting = [compiled]
    while waiting:
        code = waiting.pop()
        waiting.extend(each for each in code.co_consts if isinstance(each, CodeType))
        place = (code.co_name, code.co_firstlineno)
        here = nodes.get(place, ())
        if len(here) == 1:  # of two lambdas in a line, none is known for sure
            index.setdefault(place, []).append((code, here[0]))
    return index


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Iterate all statements, at any depth; expressions, of which there are many more, are passed over."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            below = getattr(node, name, None)
            if isinstance(below, list):
                waiting.extend(below)
