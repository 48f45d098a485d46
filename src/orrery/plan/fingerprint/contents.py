"""
What of an object counts as its content, where that can be told.

Of objects of the project, and of those of ``attrs``, the fields; of the values of the standard library that people write as
constants, what they are made of. All else - locks, connections, generators of random numbers - is known by its type alone:
what it holds changes while it is used.
"""

from __future__ import annotations

import gc
import pickle
import re
import types
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["content_of_platform", "fields_of", "is_closed"]


def _reduced(value: Any) -> Any:
    return list(value.__reduce__()[:2])


_PLATFORM: Mapping[str, Callable[[Any], Any]] = {
    "types.SimpleNamespace": lambda value: dict(vars(value)),
    "argparse.Namespace": lambda value: dict(vars(value)),
    "string.Template": lambda value: dict(vars(value)),
    "collections.UserList": lambda value: dict(vars(value)),
    "collections.UserString": lambda value: dict(vars(value)),
    "collections.deque": lambda value: [list(value), value.maxlen],
    "array.array": lambda value: [value.typecode, value.tolist()],
    "operator.itemgetter": _reduced,
    "operator.attrgetter": _reduced,
    "operator.methodcaller": _reduced,
    "functools.KeyWrapper": lambda value: [each for each in gc.get_referents(value) if each is not type(value)],
    "functools.partialmethod": lambda value: [value.func, value.args, value.keywords],
    "functools.singledispatchmethod": lambda value: value.dispatcher,
    "zoneinfo.ZoneInfo": str,
    "datetime.timezone": repr,
    "decimal.Context": repr,
    "statistics.NormalDist": lambda value: [value.mean, value.stdev],
    "_struct.Struct": lambda value: value.format,
    "builtins.dict_keys": list,
    "builtins.dict_values": list,
    "builtins.dict_items": list,
    "builtins.mappingproxy": dict,
}
_FUNCTION_MARK = b"PLPYFN"
"""So begins, in the serialized form of an expression of polars, a function of Python; its pickle follows."""
_FUNCTION = re.compile(_FUNCTION_MARK + rb".*?(\x80[\x04\x05]\x95)", re.DOTALL)
_BUILT: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (bytes, lambda value: memoryview(value).tobytes()),
    (int, int.__int__),
    (float, float.__float__),
    (list, lambda value: [*list.__iter__(value)]),
    (tuple, lambda value: tuple(tuple.__iter__(value))),
    (dict, lambda value: dict(dict.items(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
)


def content_of_platform(value: Any) -> Any:
    """Return what a value of the standard library is made of; None if only its type is known."""
    kind = type(value)
    read = _PLATFORM.get(f"{kind.__module__}.{kind.__qualname__}")
    if read is not None:
        return read(value)
    if kind.__module__ == "ipaddress":
        return str(value)
    return list(value.args) if isinstance(value, BaseException) else None


def fields_of(value: Any, *, with_slots: bool) -> dict[str, Any] | None:
    """
    Return the fields of an object, and under no name the text, number or collection that it is; None if it has neither.

    Args:
        value: The object.
        with_slots: Whether its slots are fields: those of others may hold what they remember for speed.
    """
    kind = type(value)
    told = _of_library(value, kind)
    if told is not None:
        return {"": told}
    declared = getattr(kind, "__attrs_attrs__", None)
    if isinstance(declared, tuple):
        return {each.name: getattr(value, each.name, None) for each in declared}
    found: dict[str, Any] = {}
    slots = _slots_of(value, kind) if with_slots else {}
    own = getattr(value, "__dict__", None)
    built = next((read for base, read in _BUILT if isinstance(value, base)), None)
    if own is None and not slots and built is None:
        return None
    if built is not None:
        found[""] = built(value)
    return {**found, **slots, **(own or {})}


def _of_library(value: Any, kind: type) -> Any:
    """Return what an expression of polars, a value of pyarrow or an index of pandas is made of: their objects do not show it."""
    if kind.__name__ == "Expr" and kind.__module__.startswith("polars."):
        try:
            return _of_expression(value)
        except Exception:  # noqa: BLE001  # it holds a function that polars cannot write down: known by its type, then
            return None
    library = kind.__module__.partition(".")[0]
    if library == "pandas" and kind.__name__.endswith("Index"):  # its fields hold what it remembers, too
        return [kind.__name__, list(value.names), value.to_frame(index=False)]
    if library == "pandas" and hasattr(kind, "rule_code"):  # an offset; its calendar follows from the rest
        return [repr(value), {name: each for name, each in value.kwds.items() if name != "calendar"}]
    if kind.__module__ == "pyarrow.lib" and kind.__name__.endswith("Scalar"):
        return [str(value.type), value.as_py()]
    return None


def _of_expression(value: Any) -> Any:
    """
    Return what an expression of polars is made of: its serialized form, or its text and the functions of Python in it.

    The serialized form of a function names the file that it stands in, and what it uses by its name alone, so that a change of
    that would not be seen: the function itself is asked instead.
    """
    serialized = value.meta.serialize()
    functions = [pickle.loads(serialized[found.start(1) :]) for found in _FUNCTION.finditer(serialized)]  # noqa: S301  # ours
    if len(functions) != serialized.count(_FUNCTION_MARK):
        return None
    return [str(value), *functions] if functions else serialized


def _slots_of(value: Any, kind: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cls in reversed(kind.__mro__):
        for name, member in vars(cls).items():
            if isinstance(member, types.MemberDescriptorType):
                try:
                    found[name] = member.__get__(value, kind)
                except AttributeError:  # not set
                    continue
    return found


def is_closed(value: types.BuiltinFunctionType) -> bool:
    """Tell whether a built-in function is bound to a value: ``{"a": 1}.get``."""
    holder = getattr(value, "__self__", None)
    return holder is not None and not isinstance(holder, types.ModuleType)
