"""
One walk over everything of the project that a function can call or read.

From a function the walk follows its closure, its default values and each name that its bytecode reads: functions,
classes, constants and modules of the project, and so on from there. Code of others counts by the installed version of its
distribution; the standard library by the version of Python; Orrery itself does not count. What a reached function
changes in place itself (``seen.append(...)``, ``counts[key] += 1``) is state, not an input, and left out.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any

from orrery.plan.fingerprint.canonical import Canonical, NotCanonicalError, canonical_digest
from orrery.plan.fingerprint.classes import (
    classes_in,
    declared_by,
    members_of,
    parameter_classes,
    parameter_types,
    type_name,
)
from orrery.plan.fingerprint.code_form import WHOLE, Scan
from orrery.plan.fingerprint.contents import content_of_platform, fields_of, is_closed
from orrery.plan.fingerprint.facts import CodeFacts, Origin, Place, Reach
from orrery.plan.fingerprint.guards import ABSENT, Guard, body_of, is_fixed
from orrery.plan.fingerprint.shown import shown_constant

__all__ = ["PARAMETER_TYPES", "OfCode", "Walk"]

OfCode = Callable[[types.CodeType], tuple[str, Scan, Place]]
"""Gives the digest of a code object, what it names, and where it stands."""

PARAMETER_TYPES = "parameter types"
"""The part that tells by which types values are loaded."""

_NO_CELLS: Mapping[str, Any] = {}
_INSIDE = ""
"""Where an object is looked at whose form is kept: what is opaque there is so wherever the object is met."""
_COMPILED = (types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType)
_CYTHON = "_cython_"
"""So begins the name of the module, without a file, that functions of all libraries that Cython compiled are of."""


class Walk:
    """
    One walk from one function.

    Args:
        of_code: What is known of a code object.
        facts: What must be known of the world.

    Attributes:
        guards: What the walk looked at, and found; None where something may change inside, and nothing would tell.
    """

    def __init__(self, of_code: OfCode, facts: CodeFacts) -> None:
        self._of_code = of_code
        self._facts = facts
        self._parts: dict[str, str] = {}
        self._places: dict[str, Place] = {}
        self._shown: dict[str, str] = {}
        self._distributions: dict[str, str] = {}
        self._opaque: dict[str, None] = {}
        self._names: dict[int, str] = {}
        self._kept: list[Any] = []  # so that no id is used twice
        self._queue: list[tuple[Callable[[Any, str], None], Any, str]] = []
        self._constants: list[tuple[str, Any]] = []
        self._state: set[int] = set()
        self._stack: set[int] = set()
        self._where = ""
        self._instances: dict[int, tuple[bytes, bool]] = {}
        self.guards: list[Guard] | None = []

    def run(self, function: Callable[..., Any]) -> Reach:
        """Return what can be reached from *function*."""
        self._reference(function)
        inner = _function_in(function)
        if inner is not None and inner.__annotations__:
            self._annotations(inner)
        queue = self._queue
        while queue or self._constants:
            while queue:
                enter, value, name = queue.pop()
                enter(value, name)
            constants, self._constants = self._constants, []
            for name, value in constants:
                if id(value) not in self._state:
                    self._where = name
                    self._parts[name] = self._digest(value)
                    shown = shown_constant(name, value, self._facts.is_in_environment)
                    if shown is not None:
                        self._shown[name] = shown
        parts = {name: part for name, part in self._parts.items() if part}  # state has none
        return Reach(
            _in_order(parts),
            _in_order(self._distributions),
            self._places,
            tuple(self._opaque),
            _in_order(self._shown),
        )

    def _annotations(self, function: types.FunctionType) -> None:
        """Take in the types of the parameters: by them values are loaded."""
        given = parameter_types(function)
        if given:
            self._parts[PARAMETER_TYPES] = canonical_digest(given) or ""
        for name, kind in parameter_classes(function):
            if name is not None and self.guards is not None:
                self.guards.append(Guard(function.__globals__, name, kind))
            for each in classes_in(kind):
                self._class_of_parameter(each)

    def _class_of_parameter(self, kind: type) -> None:
        """Follow the class of a value that comes in; resources count by their identity, and fields of config as config."""
        origins = [(cls, self._facts.origin_of(cls.__module__).kind) for cls in kind.__mro__]
        if any(each == "framework" and cls.__name__.startswith("Configurable") for cls, each in origins):
            return
        if not any(each == "project" for _, each in origins):
            return
        self.guards = None  # a method may be set or put in its place
        if not any(each == "framework" for _, each in origins):
            self._reference(kind)
            return
        for cls, each in origins:
            if each == "project":
                for key, value in members_of(cls):
                    if isinstance(value, types.FunctionType | staticmethod | classmethod | property):
                        self._reference(value)
                    else:
                        self._take(value, f"{cls.__module__}:{cls.__qualname__}.{key}")

    def _digest(self, value: Any) -> str:
        writer = Canonical(self._form, is_code=True)
        try:
            writer.write(value)
        except NotCanonicalError as error:
            self._opaque[self._where] = None
            return f"opaque {error.kind}"
        return writer.hexdigest()

    # -- what is met ---------------------------------------------------------------------------

    def _reference(self, value: Any) -> bytes:
        """Follow *value* if it is code; return its form."""
        form = self._form(value)
        return form if form is not None else b""

    def _form(self, value: Any) -> bytes | None:
        if isinstance(value, types.FunctionType):
            return self._function(value)
        self.guards = None  # it may change inside, and nothing would tell
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if id(value) in self._stack:
            return b"cycle"
        self._stack.add(id(value))
        try:
            return self._object(value)
        finally:
            self._stack.discard(id(value))

    def _object(self, value: Any) -> bytes | None:
        if isinstance(value, types.MethodType):
            return self._several("method", value.__func__, value.__self__)
        if isinstance(value, functools.partial):
            return self._several("partial", value.func, value.args, value.keywords)
        if isinstance(value, property):
            return self._several("property", value.fget, value.fset, value.fdel)
        if isinstance(value, staticmethod | classmethod):
            return self._several(type(value).__name__, value.__func__)
        if isinstance(value, functools.cached_property):
            return self._several("cached_property", value.func)
        kind = type(value)
        origin = self._facts.origin_of(kind.__module__)
        if origin.kind == "framework":
            inner = _function_in(value)
            return b"definition" if inner is None else self._several(kind.__qualname__, inner)
        wrapped = getattr(value, "__wrapped__", None) if kind.__module__ == "functools" else None
        if wrapped is not None:
            return self._several("wrapped", wrapped)
        if isinstance(value, _COMPILED) or kind.__module__.startswith(_CYTHON):
            module = getattr(value, "__module__", None)
            if module:
                self._note(self._facts.origin_of(module))
            name = f"{module}.{value.__qualname__}"
            if isinstance(value, types.BuiltinFunctionType) and is_closed(value):
                return self._several(name, value.__self__)
            return name.encode()
        if isinstance(value, types.GenericAlias | types.UnionType) or kind.__module__ == "typing":
            told = getattr(value, "__metadata__", None)
            return type_name(value).encode() if told is None else self._several(type_name(value), list(told))
        if isinstance(value, types.CodeType):
            return self._of_code(value)[0].encode()
        return self._instance(value, kind, origin)

    def _several(self, kind: str, *values: Any) -> bytes:
        writer = Canonical(self._form, is_code=True)
        writer.write([kind, *values])
        return writer.hexdigest().encode()

    def _instance(self, value: Any, kind: type, origin: Origin) -> bytes:
        """Return the form of an object by its state; one that many others hold, as clients do, is looked at once."""
        known = self._instances.get(id(value))
        if known is None:
            where, self._where = self._where, _INSIDE
            outer = {_INSIDE: None} if _INSIDE in self._opaque else {}
            self._opaque.pop(_INSIDE, None)
            form = self._state_of(value, kind, origin)
            known = self._instances[id(value)] = (form, _INSIDE in self._opaque)
            self._kept.append(value)
            self._opaque.pop(_INSIDE, None)
            self._opaque.update(outer)
            self._where = where
        form, opaque = known
        if opaque:
            self._opaque[self._where] = None
        return form

    def _state_of(self, value: Any, kind: type, origin: Origin) -> bytes:
        name = f"{kind.__module__}.{kind.__qualname__}".encode()
        if origin.kind == "platform":
            state = content_of_platform(value)
        else:
            self._reference(kind)
            state = fields_of(value, with_slots=origin.kind == "project")
        if state is None:
            self._opaque[self._where] = None
            return name
        writer = Canonical(self._form, is_code=True)
        try:
            writer.write(state)
        except NotCanonicalError:
            self._opaque[self._where] = None
            return name
        return name + writer.hexdigest().encode()

    def _note(self, origin: Origin) -> None:
        if origin.kind == "distribution" or (origin.kind == "platform" and origin.version):
            self._distributions[origin.name] = origin.version

    def _name(self, value: Any, wanted: str) -> str | None:
        """Return the name of a part that is met for the first time; None if it is known."""
        if id(value) in self._names:
            return None
        name, number = wanted, 1
        while name in self._parts:
            number += 1
            name = f"{wanted}#{number}"
        self._names[id(value)] = name
        self._kept.append(value)
        self._parts[name] = ""
        return name

    # -- functions -----------------------------------------------------------------------------

    def _function(self, function: types.FunctionType) -> bytes:
        module = function.__module__ or "?"
        origin = self._facts.origin_of(module)
        if origin.kind != "project":
            self._note(origin)
            if function.__closure__ is not None and origin.kind == "distribution":
                if self.guards is not None:
                    self.guards.append(Guard(function, None, body_of(function)))
                self._closure(function, f"{module}:{function.__qualname__}")
            return f"{module}:{function.__qualname__}".encode()
        name = self._name(function, f"{module}:{function.__qualname__}")
        if name is None:
            return self._names[id(function)].encode()
        self._queue.append((self._enter, function, name))
        return name.encode()

    def _enter(self, function: types.FunctionType, name: str) -> None:
        digest, scan, place = self._of_code(function.__code__)
        self._places[name] = place
        self._where = name
        defaults, keyword_defaults = function.__defaults__, function.__kwdefaults__
        if self.guards is not None:
            self.guards.append(Guard(function, None, body_of(function)))
            if keyword_defaults is not None or not is_fixed(defaults):
                self.guards = None
        if defaults is not None or keyword_defaults is not None:
            digest = f"{digest}.{self._digest([defaults, keyword_defaults])}"
        self._parts[name] = digest
        cells = self._closure(function, name, scan) if function.__closure__ is not None else _NO_CELLS
        spread = function.__globals__
        for written in scan.written:
            if written in cells:
                self._state.add(id(cells[written]))
            elif written in spread:
                self._state.add(id(spread[written]))
        for reference in scan.references:
            if reference.is_free:
                continue
            value = spread.get(reference.name, ABSENT)
            if self.guards is not None:
                self.guards.append(Guard(spread, reference.name, value))
            if value is not ABSENT:
                self._read(value, reference.attributes, f"{function.__module__}:{reference.name}")
        if function.__dict__:
            held = (cells.get(each, spread.get(each)) for each in scan.written)
            self._attributes(function, name, is_state=any(each is function for each in held))
        for level, imported, taken in scan.imports:
            self._import(_absolute(spread, level, imported), taken)

    def _attributes(self, function: types.FunctionType, name: str, *, is_state: bool) -> None:
        """Follow what a function was wrapped around, what was registered by type, and plain values that it was given."""
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None:
            self._reference(wrapped)
        registered = getattr(function, "registry", None)
        if isinstance(registered, types.MappingProxyType):
            self._take(registered, f"{name}.registry")
        for key, value in function.__dict__.items():
            if not is_state and not key.startswith("__") and is_fixed(value):  # else it may be what it counts
                self.guards = None
                self._take(value, f"{name}.{key}")

    def _closure(self, function: types.FunctionType, name: str, scan: Scan | None = None) -> dict[str, Any]:
        cells: dict[str, Any] = {}
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                cells[variable] = cell.cell_contents
            except ValueError:
                continue  # not set yet: a name that its own definition refers to
            if scan is not None and variable in scan.written:
                self._state.add(id(cells[variable]))
        for variable, value in cells.items():
            if value is not function:
                self._take(value, f"{name}.{variable}")
        return cells

    def _take(self, value: Any, name: str) -> None:
        """Follow a value that a name stands for: code is a part of its own, all else a constant of this name."""
        if type(value).__module__ == "functools" and hasattr(value, "__wrapped__"):
            value = value.__wrapped__
        if self.guards is not None and not isinstance(value, types.FunctionType) and not is_fixed(value):
            self.guards = None
        if isinstance(value, types.FunctionType | type | types.ModuleType):
            self._bind(value, name)
            self._reference(value)
        elif name not in self._parts:
            self._parts[name] = ""
            self._kept.append(value)
            self._constants.append((name, value))

    def _bind(self, value: types.FunctionType | type | types.ModuleType, name: str) -> None:
        """Note what stands behind a name, unless the name says it: another thing may stand there, and be reached anyway."""
        is_module = isinstance(value, types.ModuleType)
        module = value.__name__ if is_module else value.__module__ or "?"
        kind = self._facts.origin_of(module).kind
        own = value.__name__ if is_module else value.__qualname__
        is_said = name.rpartition(":")[2] == (own.rpartition(".")[2] if kind == "project" else own)
        if kind == "framework" or (is_said and (kind == "project" or is_module)):
            return
        self._parts.setdefault(name, canonical_digest(own if is_module else f"{module}:{own}") or "")

    def _read(self, value: Any, attributes: tuple[str, ...], name: str) -> None:
        for attribute in attributes:
            if not isinstance(value, types.ModuleType):
                break
            self._bind(value, name)
            origin = self._facts.origin_of(value.__name__)
            if origin.kind != "project":
                self._note(origin)
                return
            name = f"{value.__name__}:{attribute}"
            if self.guards is not None:
                self.guards.append(Guard(vars(value), attribute, vars(value).get(attribute, ABSENT)))
            try:
                value = getattr(value, attribute)
            except AttributeError:
                return
        self._take(value, name)

    def _import(self, module: str, taken: str | None) -> None:
        origin = self._facts.origin_of(module)
        if origin.kind != "project":
            self._note(origin)
            return
        self.guards = None  # a module that is imported while the function runs
        found = self._facts.module_named(module)
        if found is None or taken is None:
            return
        if taken == WHOLE:
            self._reference(found)
        elif hasattr(found, taken):
            self._read(found, (taken,), module)
        else:
            child = self._facts.module_named(f"{module}.{taken}")
            if child is not None:
                self._reference(child)

    # -- classes and modules -------------------------------------------------------------------

    def _class(self, cls: type) -> bytes:
        module = cls.__module__
        if module == "builtins":
            return cls.__qualname__.encode()
        origin = self._facts.origin_of(module)
        is_made = module == "types" and "__dataclass_fields__" in vars(cls)  # by dataclasses.make_dataclass
        if origin.kind != "project" and not is_made:
            self._note(origin)
            return f"{module}:{cls.__qualname__}".encode()
        name = self._name(cls, f"{module}:{cls.__qualname__}")
        if name is None:
            return self._names[id(cls)].encode()
        self._queue.append((self._enter_class, cls, name))
        return name.encode()

    def _enter_class(self, cls: type, name: str) -> None:
        self._where = name
        content: dict[str, Any] = {"bases": [self._reference(base) for base in cls.__bases__]}
        module: object = type(cls).__module__
        if (
            isinstance(module, str) and self._facts.origin_of(module).kind == "project"
        ):  # compiled ones may have no name
            content["metaclass"] = self._reference(type(cls))
        content |= {key: self._digest(value) for key, value in declared_by(cls).items()}
        for key, value in members_of(cls):
            if isinstance(value, types.FunctionType):
                content[f"def {key}"] = self._reference(value)
            else:
                content[f"is {key}"] = self._digest(value)
        self._where = name
        self._parts[name] = canonical_digest(content) or ""

    def _module(self, module: types.ModuleType) -> bytes:
        origin = self._facts.origin_of(module.__name__)
        if origin.kind != "project":
            self._note(origin)
            return module.__name__.encode()
        name = self._name(module, f"{module.__name__}:*")
        if name is None:
            return self._names[id(module)].encode()
        self._parts[name] = "module"
        self._queue.append((self._enter_module, module, name))
        return name.encode()

    def _enter_module(self, module: types.ModuleType, name: str) -> None:
        for key, value in list(vars(module).items()):
            if not key.startswith("__"):
                self._take(value, f"{module.__name__}:{key}")


def _in_order(found: dict[str, str]) -> dict[str, str]:
    return dict(sorted(found.items())) if len(found) > 1 else found


def _function_in(value: Any) -> types.FunctionType | None:
    """Return the plain function in a definition (an asset, an op), or the function itself."""
    for _ in range(8):
        if isinstance(value, types.FunctionType):
            return value
        for name in ("fn", "_compute_fn", "node_def", "decorated_fn", "resource_fn"):
            inner = getattr(value, name, None)
            if inner is not None:
                value = inner
                break
        else:
            return None
    return None


def _absolute(spread: Mapping[str, Any], level: int, name: str) -> str:
    if not level:
        return name
    package = str(spread.get("__package__") or "").split(".")
    return ".".join([*package[: len(package) - level + 1], *([name] if name else [])])
