"""
Types of values, and the way from annotations to them.

``orrery_type.py`` says what a type is, ``collection_types.py`` and ``schema_types.py`` hold families of
them, ``type_loader.py`` how values come from config; import all of it from here. :func:`resolve_type`
turns annotations into types; whatever has no better meaning is ``Any`` and costs nothing.
"""

from __future__ import annotations

import collections.abc
import types as python_types
import typing
from collections.abc import Callable
from typing import Any as TypingAny
from typing import Final

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.collection_types import (
    DICT,
    SET,
    TUPLE,
    dict_of,
    list_of,
    literal_of,
    mapping_of,
    optional_of,
    sequence_of,
    set_of,
    tuple_of,
    union_of,
)
from orrery.definitions.parts.orrery_type import ANY, BUILTIN_TYPES, NOTHING, OrreryType, PythonObjectType
from orrery.definitions.parts.schema_types import frame_schema_type, is_pydantic_model, rows_type
from orrery.definitions.parts.type_loader import TypeLoader, type_loader

__all__ = [
    "ANY",
    "NOTHING",
    "Any",
    "Bool",
    "Dict",
    "Float",
    "Int",
    "List",
    "Nothing",
    "Optional",
    "OrreryType",
    "PythonObjectType",
    "Set",
    "String",
    "Tuple",
    "TypeLoader",
    "declared_type",
    "make_python_type_usable_as_type",
    "resolve_type",
    "type_loader",
    "usable_as_type",
]

Any: Final = TypingAny
Int: Final = int
Float: Final = float
String: Final = str
Bool: Final = bool
Nothing: Final = type(None)
"""The type of outputs and inputs that stand for order without a value."""

_USER_TYPES: dict[type, OrreryType] = {}
_RESOLVED: dict[TypingAny, OrreryType] = {**BUILTIN_TYPES, object: ANY}


def make_python_type_usable_as_type(python_type: type, dagster_type: OrreryType) -> None:
    """
    Use *dagster_type* wherever *python_type* is an annotation.

    Args:
        python_type: The class.
        dagster_type: What its annotations mean from now on.

    Raises:
        InvalidDefinitionError: *python_type* means another type already, or one of the two is none.
    """
    if not isinstance(python_type, type):
        raise InvalidDefinitionError(f"{python_type!r} is no class.", mend="give a class as python_type.")
    if not isinstance(dagster_type, OrreryType):
        raise InvalidDefinitionError(f"{dagster_type!r} is no OrreryType.", mend="give an OrreryType as dagster_type.")
    registered = _USER_TYPES.get(python_type)
    if registered is dagster_type:
        return
    if registered is not None:
        raise InvalidDefinitionError(
            f"A type has already been registered for the Python type {python_type}: '{registered.display_name}'. It cannot "
            f"become '{dagster_type.display_name}' too.",
            mend="register one type for each class.",
        )
    if python_type in BUILTIN_TYPES:
        raise InvalidDefinitionError(
            f"The Python type {python_type} means {BUILTIN_TYPES[python_type].display_name}, and cannot mean another.",
            mend="name your type where it is wanted: In(MyType), Out(MyType).",
        )
    if python_type in _RESOLVED:
        raise InvalidDefinitionError(
            f"A type has already been registered for the Python type {python_type}: it was made of the annotation of an "
            "op or asset that uses the class.",
            mend="call make_python_type_usable_as_type before the class is used in an annotation.",
        )
    _USER_TYPES[python_type] = dagster_type
    _RESOLVED[python_type] = dagster_type


def usable_as_type(
    name: TypingAny = None, description: str | None = None, loader: TypeLoader | None = None
) -> TypingAny:
    """
    Make the decorated class a type: its instances pass.

    Args:
        name: Name of the type; that of the class if not given. (Or the class, without parentheses.)
        description: Text for people.
        loader: How values come from config.

    >>> @usable_as_type(name="EvenNumber")
    ... class Even: ...
    >>> resolve_type(Even).display_name
    'EvenNumber'
    """

    def decorate(cls: type, shown: str | None) -> type:
        made = PythonObjectType(
            cls, name=shown if shown is not None else cls.__name__, description=description, loader=loader
        )
        make_python_type_usable_as_type(cls, made)
        return cls

    if isinstance(name, type):
        return decorate(name, None)
    return lambda cls: decorate(cls, name)


class _Subscript:
    """Write ``List[int]``, ``Dict[str, int]``, ``Optional[int]``, ... as types."""

    __slots__ = ("_make", "_plain", "_wanted")

    def __init__(self, make: Callable[..., OrreryType], plain: TypingAny, wanted: int | None) -> None:
        self._make, self._plain, self._wanted = make, plain, wanted

    def __getitem__(self, item: TypingAny) -> OrreryType:
        members = item if isinstance(item, tuple) else (item,)
        if self._wanted is not None and len(members) != self._wanted:
            raise InvalidDefinitionError(f"{self!r} takes {self._wanted} types, not {len(members)}.")
        return self._make(*[declared_type(each) for each in members])

    def __call__(self, item: TypingAny) -> OrreryType:
        return self[item]

    def __repr__(self) -> str:
        return self._plain.__name__.capitalize() if isinstance(self._plain, type) else str(self._plain)


List: Final = _Subscript(list_of, list, 1)
Set: Final = _Subscript(set_of, set, 1)
Dict: Final = _Subscript(dict_of, dict, 2)
Tuple: Final = _Subscript(lambda *members: tuple_of(members), tuple, None)
Optional: Final = _Subscript(optional_of, "Optional", 1)

_BARE: Final[dict[TypingAny, Callable[[], OrreryType]]] = {
    list: lambda: list_of(ANY),
    typing.List: lambda: list_of(ANY),  # noqa: UP006  # the old spelling is what users may write
    dict: lambda: DICT,
    typing.Dict: lambda: DICT,  # noqa: UP006
    set: lambda: SET,
    typing.Set: lambda: SET,  # noqa: UP006
    tuple: lambda: TUPLE,
    typing.Tuple: lambda: TUPLE,  # noqa: UP006
}
_SEQUENCES: Final = (collections.abc.Sequence, collections.abc.MutableSequence)
_MAPPINGS: Final = (collections.abc.Mapping, collections.abc.MutableMapping)


def declared_type(given: TypingAny) -> OrreryType:
    """
    Return the type that a user named as such: ``In(int)``, ``Out(dagster_type=...)``, ``List[...]``.

    Raises:
        InvalidDefinitionError: It is none.
    """
    if given is None:
        return ANY
    if isinstance(given, str | bytes | int | float | list | dict | set | tuple):
        raise InvalidDefinitionError(
            f"Invalid type: {given!r} is neither an OrreryType nor a Python type.",
            mend="give a class, an annotation such as list[int], or an OrreryType.",
        )
    return resolve_type(given)


def resolve_type(annotation: TypingAny) -> OrreryType:
    """
    Return the type that *annotation* stands for.

    Classes check by ``isinstance``; ``list[X]``, ``dict[K, V]``, ``tuple[...]``, ``set[X]``, ``Sequence[X]``,
    ``Mapping[K, V]``, ``Optional``, unions and ``Literal`` check what is inside; models and schemas of
    pandera check frames, and so does ``Annotated[Frame, Model]`` with a pydantic model of one row.
    ``Any``, type variables, and names that only a type checker can see let everything pass.
    """
    try:
        found = _RESOLVED.get(annotation)
        hashable = True
    except TypeError:
        found, hashable = None, False
    if found is not None:
        return found
    resolved = _resolve(annotation)
    if hashable and not isinstance(annotation, OrreryType):
        _RESOLVED[annotation] = resolved
    return resolved


def _resolve(annotation: TypingAny) -> OrreryType:
    if isinstance(annotation, OrreryType):
        return annotation
    if isinstance(annotation, _Subscript):
        return resolve_type(annotation._plain)
    if annotation is None:
        return NOTHING
    bare = _BARE.get(annotation) if isinstance(annotation, collections.abc.Hashable) else None
    if bare is not None:
        return bare()
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is not None and arguments:
        return _resolve_parts(origin, arguments)
    if isinstance(origin, type):
        return _class_type(origin)
    supertype = getattr(annotation, "__supertype__", None)
    if supertype is not None:  # NewType
        return resolve_type(supertype)
    schema = frame_schema_type(annotation)
    if schema is not None:
        return schema
    return _class_type(annotation) if isinstance(annotation, type) else ANY


def _resolve_parts(origin: TypingAny, arguments: tuple[TypingAny, ...]) -> OrreryType:
    if origin is typing.Annotated:
        return _annotated(*arguments)
    if origin is typing.Literal:
        return literal_of(arguments)
    if origin in (typing.Union, python_types.UnionType):
        members = [each for each in arguments if each is not type(None)]
        inner = resolve_type(members[0]) if len(members) == 1 else union_of([resolve_type(each) for each in members])
        return optional_of(inner) if len(members) < len(arguments) else inner
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return TUPLE
        return tuple_of([resolve_type(each) for each in arguments if each != ()])
    if len(arguments) == 1:
        if origin is list:
            return list_of(resolve_type(arguments[0]))
        if origin in (set, frozenset):
            return set_of(resolve_type(arguments[0]), origin)
        if origin in _SEQUENCES:
            return sequence_of(resolve_type(arguments[0]))
        schema = frame_schema_type(arguments[0]) if isinstance(origin, type) else None
        if schema is not None:  # DataFrame[Schema] of pandera
            return schema
    if len(arguments) == 2:
        if origin is dict:
            return dict_of(*map(resolve_type, arguments))
        if origin in _MAPPINGS:
            return mapping_of(*map(resolve_type, arguments))
    return _class_type(origin) if isinstance(origin, type) else ANY


def _annotated(inner: TypingAny, *extras: TypingAny) -> OrreryType:
    """Return the type that is said beside an annotation; else that of the annotation."""
    for extra in extras:
        if isinstance(extra, OrreryType):
            return extra
        if is_pydantic_model(extra):
            return rows_type(resolve_type(inner), extra)
        schema = frame_schema_type(extra)
        if schema is not None:
            return schema
    return resolve_type(inner)


def _class_type(cls: type) -> OrreryType:
    if typing.is_typeddict(cls):
        return DICT
    if getattr(cls, "_is_protocol", False) and not getattr(cls, "_is_runtime_protocol", False):
        return ANY
    try:
        isinstance(None, cls)
    except TypeError:  # a class that forbids instance checks
        return ANY
    return PythonObjectType(cls, key=f"_TypeHintInferred[{cls.__module__}.{cls.__qualname__}]")
