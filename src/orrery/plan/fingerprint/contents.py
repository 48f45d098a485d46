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
from collections.abc import Callable, Collection, Mapping
from typing import Any

__all__ = ["beside_fields", "content_of_platform", "fields_of", "is_closed"]


def _reduced(value: Any) -> Any:
    return list(value.__reduce__()[:2])


def _vars(value: Any) -> Any:
    return dict(vars(value))


def _sections(value: Any) -> Any:
    return {name: dict(value.items(name, raw=True)) for name in [value.default_section, *value.sections()]}


_DECODER = ("object_hook", "object_pairs_hook", "parse_constant", "parse_float", "parse_int", "strict")
"""What an instance of ``json.JSONDecoder`` is given; the rest follows from it."""
_PLATFORM: Mapping[str, Callable[[Any], Any]] = {
    "types.SimpleNamespace": _vars,
    "argparse.Namespace": _vars,
    "string.Template": _vars,
    "textwrap.TextWrapper": _vars,
    "json.encoder.JSONEncoder": _vars,
    "json.decoder.JSONDecoder": lambda value: [getattr(value, name) for name in _DECODER],
    "logging.Formatter": lambda value: [value._fmt, value.datefmt, type(value._style).__name__, vars(value._style)],
    "configparser.ConfigParser": _sections,
    "configparser.RawConfigParser": _sections,
    "urllib.request.Request": lambda value: [value.full_url, value.get_method(), value.data, value.header_items()],
    "time.struct_time": list,
    "email.headerregistry.Address": str,
    "collections.UserList": _vars,
    "collections.UserString": _vars,
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
_UNTOLD = object()
"""Stands for what its library cannot tell: its fields hold what it remembers, too."""
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
        return None if told is _UNTOLD else {"": told}
    declared = getattr(kind, "__attrs_attrs__", None)
    if isinstance(declared, tuple):
        return {each.name: getattr(value, each.name, None) for each in declared}
    found: dict[str, Any] = {}
    slots = _slots_of(value, kind) if with_slots else {}
    own = getattr(value, "__dict__", None)
    built = next((read for base, read in _BUILT if isinstance(value, base)), None)
    if own is None and not slots and built is None:
        made_of = _made_of(value)
        return None if made_of is None else {"": made_of}
    if built is not None:
        found[""] = built(value)
    return {**found, **slots, **(own or {})}


def beside_fields(value: Any, declared: Collection[str]) -> dict[str, Any]:
    """
    Return what an object with declared fields holds beside them: attributes that its methods set, a collection that it is.

    What follows from the rest does not count (cached properties), nor does what others keep in it: names with two underscores,
    and what SQLAlchemy knows of a row.

    Args:
        value: A dataclass, a named tuple, a struct or a model.
        declared: The names of its fields.
    """
    kind = type(value)
    is_tuple = isinstance(value, tuple) and hasattr(kind, "_fields")
    slots = {} if is_tuple else _slots_of(value, kind)
    found = {
        name: each
        for name, each in {**slots, **getattr(value, "__dict__", {})}.items()
        if isinstance(name, str)
        and name not in declared
        and not name.startswith(("__", "_sa_"))
        and type(getattr(kind, name, None)).__name__ != "cached_property"
    }
    built = next((read for base, read in _BUILT if isinstance(value, base)), None)
    if built is not None and not is_tuple:
        found[""] = built(value)
    return found


def _made_of(value: Any) -> Any:
    """
    Return what a value of a compiled class is made of, which has no fields: what it tells ``copy`` and ``pickle``.

    None if it does not tell, or has a state beside it, which may change; and of what is no value: that equals another with the
    same content, and has a hash, which a client or an iterator has not.
    """
    kind: Any = type(value)
    if kind.__eq__ is object.__eq__ or kind.__hash__ in (None, object.__hash__) or hasattr(kind, "__next__"):
        return None
    try:
        told = value.__reduce_ex__(2)
    except Exception:  # noqa: BLE001  # each class refuses in its own way: it is known by its type
        return None
    if not isinstance(told, tuple) or any(each is not None for each in told[2:]):
        return None
    return list(told[:2])


def _of_library(value: Any, kind: type) -> Any:
    """Return what a value of a library is made of that does not show it; ``_UNTOLD`` if it cannot, None of others."""
    library = kind.__module__.partition(".")[0]
    read = _OF_LIBRARIES.get(library)
    if read is None:
        return None
    try:
        return read(value, kind)
    except Exception:  # noqa: BLE001  # whatever its library raises that cannot write it down
        return _UNTOLD


def _of_polars(value: Any, kind: type) -> Any:
    if any(each.__name__ == "Expr" for each in kind.__mro__):
        return _of_expression(value)
    return value.serialize() if kind.__name__ == "LazyFrame" else None


_COMPILED_ARRAYS = ("Categorical", "DatetimeArray", "TimedeltaArray", "PeriodArray")
"""Arrays of pandas whose fields are hidden."""


def _of_pandas(value: Any, kind: type) -> Any:
    if kind.__name__.endswith("Index"):  # its fields hold what it remembers, too
        return [kind.__name__, list(value.names), value.to_frame(index=False)]
    if hasattr(kind, "rule_code"):  # an offset; its calendar follows from the rest
        return [repr(value), {name: each for name, each in value.kwds.items() if name != "calendar"}]
    if kind.__name__ in _COMPILED_ARRAYS:
        import pandas as pd  # the value is one of its arrays

        return [kind.__name__, pd.Series(value)]
    return _made_of(value) if kind.__name__ in ("Interval", "Period") else None


def _of_pyarrow(value: Any, kind: type) -> Any:
    return [str(value.type), value.as_py()] if kind.__name__.endswith("Scalar") else None


def _of_numpy(value: Any, kind: type) -> Any:
    """Return the function that ``numpy.frompyfunc`` was given, which nothing but the collector of garbage is told."""
    if kind.__name__ != "ufunc":
        return None
    held = [each for each in gc.get_referents(value) if isinstance(each, types.FunctionType)]
    return [value.__name__, *held] if held else None


def _of_sqlalchemy(value: Any, kind: type) -> Any:
    """Return the text of a statement with its parameters, or how tables are made: their objects remember much beside."""
    names = {each.__name__ for each in kind.__mro__}
    if "MetaData" in names:
        return [_of_sqlalchemy(table, type(table)) for table in value.sorted_tables]
    if "SchemaItem" in names:  # a table, a column
        return [repr(value), sorted(map(repr, getattr(value, "indexes", ())))]
    if "ClauseElement" in names:
        compiled = value.compile()
        return [str(compiled), dict(compiled.params)]
    return None


_OF_LIBRARIES: Mapping[str, Callable[[Any, type], Any]] = {
    "numpy": _of_numpy,
    "polars": _of_polars,
    "pandas": _of_pandas,
    "pyarrow": _of_pyarrow,
    "sqlalchemy": _of_sqlalchemy,
    "yarl": lambda value, _: str(value),
}


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
