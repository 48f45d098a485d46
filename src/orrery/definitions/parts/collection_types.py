"""
Types of collections: what is inside is checked, too, and a failure names the item.

Items of plain classes are checked without a call each, so that a list of a million numbers costs
milliseconds.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.orrery_type import ANY, PASSED, OrreryType, PythonObjectType, failed, show_value
from orrery.definitions.parts.type_loader import (
    TypeLoader,
    dict_loader,
    list_loader,
    mapping_loader,
    optional_loader,
    tuple_loader,
)
from orrery.model.events.user import TypeCheck

__all__ = [
    "DICT",
    "SET",
    "TUPLE",
    "dict_of",
    "list_of",
    "literal_of",
    "mapping_of",
    "optional_of",
    "sequence_of",
    "set_of",
    "tuple_of",
    "union_of",
]


def _first_failure(context: Any, inner: OrreryType, values: Iterable[Any], where: Callable[[int], str]) -> TypeCheck:
    """Return the first failure among *values*; or that all passed."""
    if inner is ANY:
        return PASSED
    classes = inner.classes
    for index, value in enumerate(values):
        if classes is not None and isinstance(value, classes):
            continue
        found = inner.type_check(context, value)
        if not found.success:
            described = found.description or f"no {inner.display_name} (of Python type {type(value).__name__})"
            return TypeCheck(success=False, description=f"{where(index)}: {described}", metadata=found.metadata)
    return PASSED


def _item(index: int) -> str:
    return f"Item {index}"


def _refuse_nothing(inner: OrreryType) -> None:
    if inner.is_nothing:
        raise InvalidDefinitionError(
            "Type Nothing can not be wrapped in List or Optional", mend="leave Nothing alone: it stands for no value."
        )


def _wrong(value: Any, noun: str) -> TypeCheck:
    return failed(f'Value "{show_value(value)}" of python type "{type(value).__name__}" must be a {noun}.')


def _loader_of_items(inner: OrreryType, make: Callable[[list[Any]], Any]) -> TypeLoader | None:
    return list_loader(inner.loader, make) if inner.loader is not None else None


def list_of(inner: OrreryType) -> OrreryType:
    """Return the type of lists of *inner*."""
    _refuse_nothing(inner)

    def check(context: Any, value: Any) -> TypeCheck:
        return _first_failure(context, inner, value, _item) if isinstance(value, list) else _wrong(value, "list")

    return OrreryType(
        check,
        key=f"List.{inner.key}",
        name=f"[{inner.display_name}]",
        kind="list",
        typing_type=list[inner.typing_type],  # type: ignore[name-defined]  # made while the program runs
        inner_types=(inner,),
        is_builtin=True,
        loader=_loader_of_items(inner, list),
    )


def sequence_of(inner: OrreryType) -> OrreryType:
    """Return the type of sequences of *inner*: lists, tuples, and what else is a ``Sequence``."""
    _refuse_nothing(inner)

    def check(context: Any, value: Any) -> TypeCheck:
        if not isinstance(value, Sequence):
            return _wrong(value, "sequence")
        return _first_failure(context, inner, value, _item)

    return OrreryType(
        check,
        key=f"Sequence.{inner.key}",
        name=f"Sequence[{inner.display_name}]",
        kind="list",
        typing_type=Sequence[inner.typing_type],  # type: ignore[name-defined]  # made while the program runs
        inner_types=(inner,),
        is_builtin=True,
        loader=_loader_of_items(inner, list),
    )


def set_of(inner: OrreryType, python_type: type[set[Any]] | type[frozenset[Any]] = set) -> OrreryType:
    """Return the type of sets of *inner*; of another *python_type* than ``set`` if given."""
    noun = "frozenset" if python_type is frozenset else "set"

    def check(context: Any, value: Any) -> TypeCheck:
        if not isinstance(value, python_type):
            return failed(f"Value should be a {noun}, got a {type(value)}")
        return _first_failure(context, inner, value, lambda _index: f"An item of the {noun}")

    return OrreryType(
        check,
        key=f"TypedPython{noun.capitalize()}.{inner.key}",
        name=f"{noun.capitalize()}[{inner.display_name}]",
        typing_type=python_type[inner.typing_type],  # type: ignore[index]  # set or frozenset
        inner_types=(inner,),
        is_builtin=True,
        loader=_loader_of_items(inner, python_type if python_type is frozenset else set),
    )


def _entries(python_type: Any, noun: str, key: OrreryType, value: OrreryType) -> OrreryType:
    def check(context: Any, given: Any) -> TypeCheck:
        if not isinstance(given, python_type):
            return failed(f"Value should be a {noun}, got a {type(given)}")
        keys: list[Any] = []
        if key is not ANY or value is not ANY:
            keys = list(given)
        found = _first_failure(context, key, keys, lambda index: f"Key {show_value(keys[index])}")
        if not found.success or value is ANY:
            return found
        return _first_failure(
            context, value, (given[each] for each in keys), lambda index: f"The value of {show_value(keys[index])}"
        )

    loader = None
    if value.loader is not None and key.kind == "scalar":
        loader = mapping_loader(key.typing_type, value.loader)
    return OrreryType(
        check,
        key=f"TypedPythonDict.{key.key}.{value.key}" if python_type is dict else f"Mapping.{key.key}.{value.key}",
        name=f"{'Dict' if python_type is dict else 'Mapping'}[{key.display_name},{value.display_name}]",
        typing_type=python_type[key.typing_type, value.typing_type],
        inner_types=(key, value),
        is_builtin=True,
        loader=loader,
    )


def dict_of(key: OrreryType, value: OrreryType) -> OrreryType:
    """Return the type of dictionaries from *key* to *value*."""
    return _entries(dict, "dict", key, value)


def mapping_of(key: OrreryType, value: OrreryType) -> OrreryType:
    """Return the type of mappings from *key* to *value*: dictionaries, and what else is a ``Mapping``."""
    return _entries(Mapping, "mapping", key, value)


def tuple_of(members: Sequence[OrreryType]) -> OrreryType:
    """Return the type of tuples with exactly these *members*."""

    def check(context: Any, given: Any) -> TypeCheck:
        if not isinstance(given, tuple):
            return failed(f"Value should be a tuple, got a {type(given)}")
        if len(given) != len(members):
            return failed(f"Tuple {name} requires {len(members)} entries, received {len(given)} values")
        for index, (inner, value) in enumerate(zip(members, given, strict=True)):
            found = _first_failure(context, inner, (value,), lambda _, at=index: f"Item {at}")  # type: ignore[misc]
            if not found.success:
                return found
        return PASSED

    name = f"Tuple[{','.join(each.display_name for each in members)}]"
    return OrreryType(
        check,
        key="TypedPythonTuple" + ".".join(each.key for each in members),
        name=name,
        typing_type=tuple[tuple(each.typing_type for each in members)],  # type: ignore[misc]
        inner_types=members,
        is_builtin=True,
        loader=tuple_loader(),
    )


def optional_of(inner: OrreryType) -> OrreryType:
    """Return the type of None and the values of *inner*."""
    _refuse_nothing(inner)
    if inner is ANY:
        return ANY

    def check(context: Any, value: Any) -> TypeCheck:
        return PASSED if value is None else inner.type_check(context, value)

    made = OrreryType(
        check,
        key=f"Optional.{inner.key}",
        name=f"{inner.display_name}?",
        kind="nullable",
        typing_type=typing.Optional[inner.typing_type],  # noqa: UP045  # of what is known at run time only
        inner_types=(inner,),
        is_builtin=True,
        loader=optional_loader(inner.loader) if inner.loader is not None else None,
    )
    if inner.classes is not None:
        given = inner.classes if isinstance(inner.classes, tuple) else (inner.classes,)
        made.classes = (*given, type(None))
    return made


def union_of(members: Sequence[OrreryType]) -> OrreryType:
    """Return the type of the values of any of *members*."""
    if any(each is ANY for each in members):
        return ANY
    name = f"Union[{', '.join(each.display_name for each in members)}]"

    def check(context: Any, value: Any) -> TypeCheck:
        reasons = []
        for each in members:
            found = each.type_check(context, value)
            if found.success:
                return found
            if found.description and isinstance(value, each.classes or ()):
                reasons.append(found.description)
        return failed(f"Value of type {type(value)} is none of {name}" + "".join(f"; {each}" for each in reasons))

    made = OrreryType(
        check, key="Union." + ".".join(each.key for each in members), name=name, inner_types=members, is_builtin=True
    )
    classes: list[type] = []
    for each in members:
        if each.classes is None:
            return made
        classes.extend(each.classes if isinstance(each.classes, tuple) else (each.classes,))
    made.classes = tuple(classes)
    return made


def literal_of(choices: tuple[Any, ...]) -> OrreryType:
    """Return the type of exactly these values."""
    name = f"Literal[{', '.join(map(repr, choices))}]"

    def check(_context: Any, value: Any) -> TypeCheck:
        if any(type(value) is type(choice) and value == choice for choice in choices):
            return PASSED
        return failed(f'Value "{show_value(value)}" of python type "{type(value).__name__}" is none of {name}')

    return OrreryType(check, key=name, name=name, is_builtin=True)


DICT = PythonObjectType(dict, key="PythonDict", name="dict", is_builtin=True, loader=dict_loader())
SET = PythonObjectType(set, key="PythonSet", name="set", is_builtin=True)
TUPLE = PythonObjectType(tuple, key="PythonTuple", name="tuple", is_builtin=True)
