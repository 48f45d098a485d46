"""
A type that values are checked against as they enter and leave steps, and those that everything rests on.

A type has a check function (a value in, yes or no with a description out) and, if values may come
from config, a loader. ``types.py`` turns annotations into types; import from there.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.definitions.parts.type_loader import TypeLoader, any_loader, scalar_loader
from orrery.model.events.user import TypeCheck

__all__ = [
    "ANY",
    "BOOL",
    "BUILTIN_TYPES",
    "FLOAT",
    "INT",
    "NOTHING",
    "PASSED",
    "STRING",
    "OrreryType",
    "PythonObjectType",
    "class_name",
    "failed",
    "show_value",
]

TypeCheckFn = Callable[[Any, Any], "TypeCheck | bool"]

PASSED: Final = TypeCheck(success=True)
_SHOWN = 200


def failed(description: str, metadata: Mapping[str, Any] | None = None) -> TypeCheck:
    """Return the answer of a check that did not pass."""
    return TypeCheck(success=False, description=description, metadata=metadata or {})


def show_value(value: object) -> str:
    """Return *value* as text for a message: short, whatever its ``__str__`` does."""
    try:
        text = str(value)
    except Exception:  # noqa: BLE001  # the value's own fault, and no reason for a message to fail
        return f"<{class_name(type(value))}>"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def class_name(cls: type) -> str:
    """Return how people write *cls*: with its module, but for built-in classes."""
    return cls.__qualname__ if cls.__module__ in ("builtins", "__main__") else f"{cls.__module__}.{cls.__qualname__}"


class OrreryType:
    """
    A type that values are checked against as they enter and leave steps.

    Args:
        type_check_fn: ``(context, value) -> bool | TypeCheck``; *context* is a :class:`TypeCheckContext`.
        key: Unique key; the name if not given.
        name: Name shown to people.
        is_builtin: Whether the type comes with Orrery.
        description: Text shown beside the name.
        loader: How values come from config.
        required_resource_keys: Resources that the check uses.
        kind: Family of the type; for our own use.
        typing_type: The Python type that fits best, for editors and schemas.
        metadata: Any metadata, by name.
        inner_types: The types that this one is made of; for our own use.

    Raises:
        InvalidDefinitionError: There is neither name nor key, or the function cannot be called so.

    >>> positive = OrreryType(lambda _context, value: value > 0, name="Positive")
    >>> positive.type_check(None, 5).success
    True
    """

    __slots__ = (
        "__weakref__",
        "_description",
        "_inner_types",
        "_is_builtin",
        "_key",
        "_loader",
        "_metadata",
        "_name",
        "_required_resource_keys",
        "_type_check_fn",
        "_typing_type",
        "classes",
        "kind",
    )

    def __init__(
        self,
        type_check_fn: TypeCheckFn,
        key: str | None = None,
        name: str | None = None,
        is_builtin: bool = False,
        description: str | None = None,
        loader: TypeLoader | None = None,
        required_resource_keys: AbstractSet[str] | None = None,
        kind: Any = "regular",
        typing_type: Any = Any,
        metadata: Mapping[str, Any] | None = None,
        inner_types: Sequence[OrreryType] = (),
    ) -> None:
        if key is None and name is None:
            raise InvalidDefinitionError("A type needs a name or a key.", mend='write OrreryType(name="...", ...).')
        for noun, text in (("name", name), ("key", key)):
            if text is not None and not isinstance(text, str):
                raise InvalidDefinitionError(f"The {noun} of a type must be text, not {text!r}.")
        if loader is not None and not isinstance(loader, TypeLoader):
            raise InvalidDefinitionError(
                f"The loader of type '{name or key}' is {loader!r}, which is no TypeLoader.",
                mend="decorate a function with @type_loader(config_schema).",
            )
        if not is_builtin:
            _check_function(type_check_fn, name or key)
        self._type_check_fn = type_check_fn
        self._name = name
        self._key = key if key is not None else str(name)
        self._is_builtin = is_builtin
        self._description = description
        self._loader = loader
        self._required_resource_keys = frozenset(required_resource_keys or ()).union(
            *[each.required_resource_keys for each in inner_types]
        )
        self.kind = kind
        self._typing_type = typing_type
        self._metadata = normalize_metadata(metadata) if metadata else {}
        self._inner_types = tuple(inner_types)
        self.classes: type | tuple[type, ...] | None = None  # whose instances pass, where that is the whole check

    @property
    def key(self) -> str:
        """Return the unique key."""
        return self._key

    @property
    def unique_name(self) -> str | None:
        """
        Return the name.

        Raises:
            InvariantViolationError: The type has no name.
        """
        if self._name is None:
            raise InvariantViolationError(
                f"unique_name requested but is None for type {self.display_name}", mend="read display_name."
            )
        return self._name

    @property
    def has_unique_name(self) -> bool:
        """Tell whether the type has a name."""
        return self._name is not None

    @property
    def display_name(self) -> str:
        """Return the name as shown to people."""
        return self._name if self._name is not None else self._key

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._description

    @property
    def loader(self) -> TypeLoader | None:
        """Return how values come from config, if they may."""
        return self._loader

    @property
    def loader_schema_key(self) -> str | None:
        """Return the key of the loader's config type, if there is a loader."""
        loader = self.loader
        return getattr(loader.schema_type, "key", None) if loader is not None else None

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the resources that the check uses."""
        return self._required_resource_keys

    @property
    def typing_type(self) -> Any:
        """Return the Python type that fits best."""
        return self._typing_type

    @property
    def metadata(self) -> Mapping[str, MetadataValue[Any]]:
        """Return the metadata by name."""
        return self._metadata

    @property
    def is_builtin(self) -> bool:
        """Tell whether the type comes with Orrery."""
        return self._is_builtin

    @property
    def is_any(self) -> bool:
        """Tell whether every value passes."""
        return self is ANY

    @property
    def is_nothing(self) -> bool:
        """Tell whether the type stands for order without a value."""
        return self is NOTHING

    @property
    def inner_types(self) -> Sequence[OrreryType]:
        """Return the types inside this one, at any depth, each once."""
        found: dict[str, OrreryType] = {}
        for each in self._inner_types:
            for inner in (each, *each.inner_types):
                found.setdefault(inner.key, inner)
        return list(found.values())

    @property
    def type_param_keys(self) -> Sequence[str]:
        """Return the keys of the types that this one is made of."""
        return [each.key for each in self._inner_types]

    @property
    def supports_fan_in(self) -> bool:
        """Tell whether several outputs may flow into one input of this type."""
        if self.kind == "nullable":
            return self._inner_types[0].supports_fan_in
        return self.is_any or self.is_nothing or self.kind == "list"

    def get_inner_type_for_fan_in(self) -> OrreryType:
        """Return the type that each of several outputs must have."""
        if self.kind == "nullable":
            return self._inner_types[0].get_inner_type_for_fan_in()
        return self._inner_types[0] if self.kind == "list" and self._inner_types else self

    def get_resource_requirements(self) -> Sequence[str]:
        """Return the resources that the check and the loader use."""
        loader = self.loader
        loaded = loader.required_resource_keys() if loader is not None else frozenset()
        return sorted(self._required_resource_keys | loaded)

    def type_check(self, context: Any, value: Any) -> TypeCheck:
        """
        Check *value*.

        Args:
            context: A :class:`TypeCheckContext`; None will do for checks that do not use it.
            value: The value.

        Raises:
            InvariantViolationError: The check function returned neither a bool nor a ``TypeCheck``.
        """
        answer: Any = self._type_check_fn(context, value)
        if isinstance(answer, TypeCheck):
            return answer
        if answer is True:
            return PASSED
        if answer is False or _is_foreign_bool(answer):
            return TypeCheck(success=bool(answer))
        raise InvariantViolationError(
            f"You have returned {show_value(repr(answer))} of type {type(answer)} from the type check function of type "
            f'"{self.display_name}". Return value must be instance of TypeCheck or a bool.'
        )

    @staticmethod
    def from_builtin_enum(builtin_enum: Any) -> OrreryType:
        """Return the type for one of the built-in names (``Any``, ``Int``, ...)."""
        return BUILTIN_TYPES[builtin_enum]

    def __repr__(self) -> str:
        return f"OrreryType({self.display_name!r})"


def _check_function(fn: Any, name: str | None) -> None:
    if not callable(fn):
        raise InvalidDefinitionError(
            f"type_check_fn of type '{name}' is not callable: {fn!r}.", mend="give a function (context, value) -> bool."
        )
    try:
        inspect.signature(fn).bind(None, None)
    except TypeError as error:
        raise InvalidDefinitionError(
            f'type_check_fn argument on type "{name}" must take 2 arguments: {error}.',
            mend="write it as (context, value) -> bool.",
        ) from error
    except ValueError:  # no signature can be had, as of some functions in C
        return


def _is_foreign_bool(answer: Any) -> bool:
    """Tell whether *answer* is a truth value of numpy, which is none of Python's."""
    cls = type(answer)
    return cls.__module__ == "numpy" and cls.__name__ in ("bool", "bool_")


class PythonObjectType(OrreryType):
    """
    A type whose values are the instances of a Python class, or of several.

    Args:
        python_type: The class, or a tuple of classes.
        key: Unique key; the name if not given.
        name: Name shown to people; that of the class if not given.
        kwargs: What else :class:`OrreryType` takes.

    >>> PythonObjectType((int, str)).display_name
    'Union[int, str]'
    """

    __slots__ = ("_shown", "python_type", "type_str")

    def __init__(
        self, python_type: type | tuple[type, ...], key: str | None = None, name: str | None = None, **kwargs: Any
    ) -> None:
        classes = python_type if isinstance(python_type, tuple) else (python_type,)
        if not classes or not all(isinstance(each, type) for each in classes):
            raise InvalidDefinitionError(
                f"PythonObjectType takes a class or a tuple of classes, not {python_type!r}.",
                mend="write PythonObjectType(MyClass).",
            )
        self.python_type = python_type
        shown = classes[0].__name__ if len(classes) == 1 else f"Union[{', '.join(each.__name__ for each in classes)}]"
        self.type_str = class_name(classes[0]) if len(classes) == 1 else shown
        self._shown = shown
        given_typing = kwargs.pop("typing_type", None)
        super().__init__(
            self._check,
            key=key if key is not None or name is not None else shown,
            name=name if name is not None or key is not None else shown,
            typing_type=given_typing or (classes[0] if len(classes) == 1 else typing.Union[classes]),  # noqa: UP007
            **kwargs,
        )
        if type(self) is PythonObjectType:  # one that checks more is asked each time
            self.classes = python_type

    @property
    def display_name(self) -> str:
        """Return the name as shown to people."""
        return self._name if self._name is not None else self._shown

    def _check(self, _context: Any, value: Any) -> TypeCheck:
        if isinstance(value, self.python_type):
            return PASSED
        return failed(
            f"Value of type {type(value)} failed type check for Orrery type {self.display_name}, "
            f"expected value to be of Python type {self.type_str}."
        )


def _scalar(python_type: type, name: str) -> OrreryType:
    words = name.lower()

    def check(_context: Any, value: Any) -> TypeCheck:
        if isinstance(value, python_type):
            return PASSED
        return failed(f'Value "{show_value(value)}" of python type "{type(value).__name__}" must be a {words}.')

    made = OrreryType(
        check,
        key=name,
        name=name,
        is_builtin=True,
        kind="scalar",
        typing_type=python_type,
        loader=scalar_loader(python_type),
    )
    made.classes = python_type
    return made


def _passes(_context: Any, _value: Any) -> TypeCheck:
    return PASSED


def _is_none(_context: Any, value: Any) -> TypeCheck:
    return PASSED if value is None else failed(f"Value must be None or unset, got a {type(value)}")


ANY: Final = OrreryType(_passes, key="Any", name="Any", is_builtin=True, kind="any", loader=any_loader())
NOTHING: Final = OrreryType(
    _is_none, key="Nothing", name="Nothing", is_builtin=True, kind="nothing", typing_type=type(None)
)
INT: Final = _scalar(int, "Int")
FLOAT: Final = _scalar(float, "Float")
STRING: Final = _scalar(str, "String")
BOOL: Final = _scalar(bool, "Bool")

BUILTIN_TYPES: Final[Mapping[Any, OrreryType]] = {
    Any: ANY,
    int: INT,
    float: FLOAT,
    str: STRING,
    bool: BOOL,
    type(None): NOTHING,
}
"""The type for each of the names ``Any``, ``Int``, ``Float``, ``String``, ``Bool``, ``Nothing``."""
