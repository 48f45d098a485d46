"""
Records that tell wrong arguments in the words of their class.

What a frozen struct or a plain class says of a wrong argument names neither the class nor what it takes. The
metaclasses here say both, and the nearest name. They cost a call per record, so that only what users write by hand
has one of them; decoding goes around it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import msgspec

from orrery.base.errors import WrongArgumentsError, nearest

__all__ = ["ByValue", "RecordMeta", "Replaceable", "StructRecordMeta", "refuse_unknown"]


def wrong_arguments(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any], error: TypeError) -> Exception:
    """Return the error that says which arguments *cls* takes; *error* itself if the arguments are not at fault."""
    signature = inspect.Signature(_fields(cls))
    try:
        signature.bind(*args, **kwargs)
    except TypeError as wrong:
        known = list(signature.parameters)
        strange = next((name for name in kwargs if name not in known), None)
        near = None if strange is None else nearest(strange, known)
        return WrongArgumentsError(
            f"{cls.__name__} was made of wrong arguments: {wrong}.",
            mend=f"write '{near}' for '{strange}'." if near else f"write {cls.__name__}{signature}.",
        )
    return error


def refuse_unknown(name: str, unknown: Mapping[str, object], known: Iterable[str]) -> None:
    """
    Refuse arguments that the function *name* does not take, with the nearest that it does.

    >>> refuse_unknown("load", {}, ["group_name"])
    """
    for strange in unknown:
        near = nearest(strange, known)
        raise WrongArgumentsError(
            f"{name} got an unexpected argument '{strange}'.",
            mend=f"write '{near}' for '{strange}'." if near else "leave it out.",
        )


def _fields(cls: type) -> list[inspect.Parameter]:
    """Return what *cls* takes, without annotations."""
    if issubclass(cls, msgspec.Struct):
        given = list(_SIGNATURE_OF_STRUCT(cls).parameters.values())
    else:
        given = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [each.replace(annotation=inspect.Parameter.empty) for each in given]


def _signature(cls: type) -> inspect.Signature:
    """Return what a call of *cls* takes: its fields, and anything else, which is then refused in words."""
    rest = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
    fields = _fields(cls)
    named = [each for each in fields if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    return inspect.Signature(
        [
            *named,
            *rest,
            *(each for each in fields if each not in named),
            inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
        ]
    )


@cache
def _argument_of(cls: type) -> dict[str, str]:
    """Return the fields of *cls*, each with the name of the argument that it is given by."""
    arguments = {each.name: each.name for each in _fields(cls)}
    for field, argument in getattr(cls, "_given_as", {}).items():
        arguments[argument] = field
    return {field: argument for argument, field in arguments.items()}


def _arguments(record: Any) -> dict[str, str]:
    cls: Any = type(record)
    return _argument_of(cls)


class Replaceable:
    """
    A record that gives its fields as a dict, and copies of itself, as a named tuple does.

    What the class takes is what it has: each argument is an attribute of the same name. Where one has another name,
    ``_given_as`` of the class says by which argument the field is given.
    """

    __slots__ = ()

    def _asdict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {field: getattr(self, field) for field in _arguments(self)}

    def _replace(self, **changes: Any) -> Self:
        """Return a copy with other values for some fields; raises ``WrongArgumentsError`` where there is no such field."""
        cls = type(self)
        arguments = _arguments(self)
        refuse_unknown(f"{cls.__name__}._replace", {k: v for k, v in changes.items() if k not in arguments}, arguments)
        return cls(**{arguments[field]: value for field, value in {**self._asdict(), **changes}.items()})


class ByValue(Replaceable):
    """A record that is equal to another of its class with the same fields, and tells them."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in _arguments(self))

    def __hash__(self) -> int:
        fields = self._asdict().values()
        return hash((type(self), *(each for each in fields if each is None or isinstance(each, str | bool | int))))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={each!r}' for name, each in self._asdict().items())})"


class RecordMeta(type):
    """The metaclass of plain classes that are records."""

    if not TYPE_CHECKING:  # to a type checker a record takes what its class says
        __signature__ = property(_signature)

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            """Make a record; raises ``WrongArgumentsError`` where the arguments are not those it takes."""
            try:
                return super().__call__(*args, **kwargs)
            except TypeError as error:
                raise wrong_arguments(cls, args, kwargs, error) from error.__cause__


class StructRecordMeta(msgspec.StructMeta):
    """The metaclass of structs that users make by hand."""

    if not TYPE_CHECKING:  # to a type checker a struct takes what its fields say
        __signature__ = property(_signature)

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  # a metaclass
            """Make a record; raises ``WrongArgumentsError`` where the arguments are not those it takes."""
            try:
                return super().__call__(*args, **kwargs)
            except TypeError as error:
                raise wrong_arguments(cls, args, kwargs, error) from error.__cause__


_SIGNATURE_OF_STRUCT: Any = msgspec.StructMeta.__dict__["__signature__"].__get__
