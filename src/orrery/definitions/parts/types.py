"""
Types that are checked while a run goes on.

A type has a check function (a value in, yes or no with a description out) and, if values may come
from config, a loader. Python annotations are turned into types by :func:`resolve_type`; whatever
has no better meaning is ``Any`` and costs nothing.
"""

from __future__ import annotations

import types as python_types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any as TypingAny
from typing import Final

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.model.config.schema import resolve_field
from orrery.model.events.user import TypeCheck

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
    "make_python_type_usable_as_type",
    "resolve_type",
    "type_loader",
    "usable_as_type",
]

TypeCheckFn = Callable[[TypingAny, TypingAny], "TypeCheck | bool"]


class TypeLoader:
    """
    Make a value of a type from config, for inputs that no step provides.

    Subclass it, or use :func:`type_loader`.
    """

    @property
    def schema_type(self) -> TypingAny:
        """Return the config type that is accepted."""
        raise NotImplementedError(f"{type(self).__name__} must define schema_type.")

    def construct_from_config_value(self, context: TypingAny, config_value: TypingAny) -> TypingAny:
        """Return the value for *config_value*."""
        return config_value

    def required_resource_keys(self) -> frozenset[str]:
        """Return the resources that the loader uses."""
        return frozenset()

    def get_resource_requirements(self, type_display_name: str) -> Sequence[str]:
        """Return the resources that the loader uses, as a sequence."""
        return sorted(self.required_resource_keys())


class _FunctionLoader(TypeLoader):
    def __init__(self, fn: Callable[..., TypingAny], config_schema: TypingAny, required: frozenset[str]) -> None:
        self._fn = fn
        self._field = resolve_field(config_schema)
        self._required = required

    @property
    def schema_type(self) -> TypingAny:
        return self._field.config_type

    def construct_from_config_value(self, context: TypingAny, config_value: TypingAny) -> TypingAny:
        return self._fn(context, config_value)

    def required_resource_keys(self) -> frozenset[str]:
        return self._required


def type_loader(
    config_schema: TypingAny, required_resource_keys: typing.AbstractSet[str] | None = None
) -> Callable[[Callable[..., TypingAny]], TypeLoader]:
    """
    Make a loader of the decorated function ``(context, config_value) -> value``.

    Args:
        config_schema: What the config value must look like.
        required_resource_keys: Resources that the function uses.
    """

    def decorate(fn: Callable[..., TypingAny]) -> TypeLoader:
        return _FunctionLoader(fn, config_schema, frozenset(required_resource_keys or ()))

    return decorate


class OrreryType:
    """
    A type that values are checked against as they enter and leave steps.

    Args:
        type_check_fn: ``(context, value) -> bool | TypeCheck``.
        key: Unique key; the name if not given.
        name: Name shown to people.
        is_builtin: Whether the type comes with Orrery.
        description: Text shown beside the name.
        loader: How values come from config.
        required_resource_keys: Resources that the check uses.
        kind: Family of the type; for our own use.
        typing_type: The Python type that fits best, for editors and schemas.
        metadata: Any metadata, by name.
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
        required_resource_keys: typing.AbstractSet[str] | None = None,
        kind: TypingAny = "regular",
        typing_type: TypingAny = TypingAny,
        metadata: Mapping[str, TypingAny] | None = None,
        inner_types: Sequence[OrreryType] = (),
    ) -> None:
        if not callable(type_check_fn):
            raise InvalidDefinitionError(f"type_check_fn of type '{name}' is not callable: {type_check_fn!r}.")
        if key is None and name is None:
            raise InvalidDefinitionError("A type needs a name or a key.", mend='write OrreryType(name="...", ...).')
        self._type_check_fn = type_check_fn
        self._name = name
        self._key = key if key is not None else str(name)
        self._is_builtin = is_builtin
        self._description = description
        self._loader = loader
        self._required_resource_keys = frozenset(required_resource_keys or ())
        self.kind = kind
        self._typing_type = typing_type
        self._metadata = normalize_metadata(metadata) if metadata else {}
        self._inner_types = tuple(inner_types)

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
            raise InvariantViolationError(f"unique_name requested but is None for type {self.display_name}")
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
        return getattr(self._loader.schema_type, "key", None) if self._loader is not None else None

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the resources that the check uses."""
        return self._required_resource_keys

    @property
    def typing_type(self) -> TypingAny:
        """Return the Python type that fits best."""
        return self._typing_type

    @property
    def metadata(self) -> Mapping[str, MetadataValue[TypingAny]]:
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
        """Return the types inside this one."""
        return self._inner_types

    @property
    def type_param_keys(self) -> Sequence[str]:
        """Return the keys of the types inside this one."""
        return [each.key for each in self._inner_types]

    @property
    def supports_fan_in(self) -> bool:
        """Tell whether several outputs may flow into one input of this type."""
        return self.is_any or self.is_nothing or self.kind == "list"

    def get_inner_type_for_fan_in(self) -> OrreryType:
        """Return the type that each of several outputs must have."""
        return self._inner_types[0] if self.kind == "list" and self._inner_types else self

    def get_resource_requirements(self) -> Sequence[str]:
        """Return the resources that the check and the loader use."""
        loaded = self._loader.required_resource_keys() if self._loader is not None else frozenset()
        return sorted(self._required_resource_keys | loaded)

    def type_check(self, context: TypingAny, value: TypingAny) -> TypeCheck:
        """
        Check *value*.

        Raises:
            InvariantViolationError: The check function returned neither a bool nor a ``TypeCheck``.
        """
        answer = self._type_check_fn(context, value)
        if isinstance(answer, TypeCheck):
            return answer
        if answer is True or answer is False or type(answer).__name__ == "bool_":
            return TypeCheck(success=bool(answer))
        raise InvariantViolationError(
            f'You have returned {answer!r} of type {type(answer)} from the type check function of type "{self.display_name}". '
            "Return value must be instance of TypeCheck or a bool."
        )

    @staticmethod
    def from_builtin_enum(builtin_enum: TypingAny) -> OrreryType:
        """Return the type for one of the built-in names (``Any``, ``Int``, ...)."""
        return resolve_type(builtin_enum)

    def __repr__(self) -> str:
        return f"OrreryType({self.display_name!r})"


def _passes(_context: TypingAny, _value: TypingAny) -> bool:
    return True


def _is_none(_context: TypingAny, value: TypingAny) -> TypeCheck:
    if value is None:
        return TypeCheck(success=True)
    return TypeCheck(success=False, description=f"Value must be None, got a {type(value).__name__}")


ANY: Final = OrreryType(_passes, key="Any", name="Any", is_builtin=True, kind="any")
NOTHING: Final = OrreryType(_passes, key="Nothing", name="Nothing", is_builtin=True, kind="nothing", typing_type=None)
Any: Final = ANY
Nothing: Final = NOTHING


class PythonObjectType(OrreryType):
    """
    A type whose values are the instances of a Python class, or of several.

    Args:
        python_type: The class, or a tuple of classes.
        key: Unique key; the name if not given.
        name: Name shown to people; that of the class if not given.
    """

    __slots__ = ("python_type", "type_str")

    def __init__(
        self,
        python_type: type | tuple[type, ...],
        key: str | None = None,
        name: str | None = None,
        **kwargs: TypingAny,
    ) -> None:
        classes = python_type if isinstance(python_type, tuple) else (python_type,)
        if not classes or not all(isinstance(each, type) for each in classes):
            raise InvalidDefinitionError(f"PythonObjectType takes a class or a tuple of classes, not {python_type!r}.")
        self.python_type = python_type
        shown = name or (
            classes[0].__name__ if len(classes) == 1 else f"Union[{', '.join(c.__name__ for c in classes)}]"
        )
        self.type_str = shown if len(classes) == 1 and name is None else " | ".join(c.__name__ for c in classes)
        if name is None and key is None and len(classes) > 1:
            key = "_".join(each.__name__ for each in classes)
        typing_type = classes[0] if len(classes) == 1 else typing.Union[classes]
        super().__init__(
            self._check,
            key=key or shown,
            name=shown,
            typing_type=kwargs.pop("typing_type", typing_type),
            **kwargs,
        )

    def _check(self, _context: TypingAny, value: TypingAny) -> TypeCheck:
        if isinstance(value, self.python_type):
            return TypeCheck(success=True)
        return TypeCheck(
            success=False,
            description=f"Value of type {type(value)} failed type check for Orrery type {self.display_name}, "
            f"expected value to be of Python type {self.type_str}.",
        )


def _builtin(python_type: type, name: str) -> OrreryType:
    words = name.lower()

    def check(_context: TypingAny, value: TypingAny) -> TypeCheck:
        if isinstance(value, python_type):
            return TypeCheck(success=True)
        shown = value if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
        return TypeCheck(
            success=False, description=f'Value "{shown}" of python type "{type(value).__name__}" must be a {words}.'
        )

    return OrreryType(check, key=name, name=name, is_builtin=True, kind="scalar", typing_type=python_type)


Int: Final = _builtin(int, "Int")
Float: Final = _builtin(float, "Float")
String: Final = _builtin(str, "String")
Bool: Final = _builtin(bool, "Bool")

_USER_TYPES: dict[type, OrreryType] = {}
_RESOLVED: dict[TypingAny, OrreryType] = {
    TypingAny: ANY,
    object: ANY,
    int: Int,
    float: Float,
    str: String,
    bool: Bool,
    type(None): NOTHING,
}


def make_python_type_usable_as_type(python_type: type, dagster_type: OrreryType) -> None:
    """
    Use *dagster_type* wherever *python_type* is an annotation.

    Raises:
        InvalidInvocationError: *python_type* was given another type before.
    """
    from orrery.base.errors import InvalidInvocationError

    registered = _USER_TYPES.get(python_type)
    if registered is not None and registered is not dagster_type:
        raise InvalidInvocationError(
            f"Python type {python_type!r} has already been registered as type '{registered.display_name}'; it cannot "
            f"become '{dagster_type.display_name}' too."
        )
    _USER_TYPES[python_type] = dagster_type
    _RESOLVED[python_type] = dagster_type


def usable_as_type(
    name: TypingAny = None, description: str | None = None, loader: TypeLoader | None = None
) -> TypingAny:
    """Make the decorated class a type: its instances pass; *name*, *description*, *loader* as for a type."""

    def decorate(cls: type, shown: str | None) -> type:
        made = PythonObjectType(cls, name=shown, description=description or cls.__doc__, loader=loader)
        make_python_type_usable_as_type(cls, made)
        return cls

    if isinstance(name, type):
        return decorate(name, None)
    return lambda cls: decorate(cls, name)


def _first_failure(
    context: TypingAny, inner: OrreryType, values: TypingAny, where: Callable[[int], str]
) -> TypeCheck | None:
    if inner is ANY:
        return None
    for index, value in enumerate(values):
        found = inner.type_check(context, value)
        if not found.success:
            described = f": {found.description}" if found.description else ""
            return TypeCheck(success=False, description=f"{where(index)} is not a {inner.display_name}{described}")
    return None


def _collection(python_type: type, name: str, inner: OrreryType) -> OrreryType:
    def check(context: TypingAny, value: TypingAny) -> TypeCheck:
        if not isinstance(value, python_type):
            return TypeCheck(
                success=False, description=f"Value must be a {python_type.__name__}, got a {type(value).__name__}"
            )
        failed = _first_failure(context, inner, value, lambda index: f"Item {index}")
        return failed or TypeCheck(success=True)

    shown = f"[{inner.display_name}]" if python_type is list else f"{name}[{inner.display_name}]"
    return OrreryType(
        check,
        key=f"{name}.{inner.key}",
        name=shown,
        kind="list" if python_type is list else "regular",
        typing_type=python_type,
        inner_types=(inner,),
        is_builtin=True,
    )


def _dict_of(key: OrreryType, value: OrreryType) -> OrreryType:
    def check(context: TypingAny, given: TypingAny) -> TypeCheck:
        if not isinstance(given, dict):
            return TypeCheck(success=False, description=f"Value must be a dict, got a {type(given).__name__}")
        keys = list(given)
        return (
            _first_failure(context, key, keys, lambda index: f"Key {keys[index]!r}")
            or _first_failure(context, value, given.values(), lambda index: f"The value of {keys[index]!r}")
            or TypeCheck(success=True)
        )

    return OrreryType(
        check,
        key=f"TypedPythonDict.{key.key}.{value.key}",
        name=f"Dict[{key.display_name},{value.display_name}]",
        typing_type=dict,
        inner_types=(key, value),
        is_builtin=True,
    )


def _tuple_of(members: Sequence[OrreryType]) -> OrreryType:
    def check(context: TypingAny, given: TypingAny) -> TypeCheck:
        if not isinstance(given, tuple):
            return TypeCheck(success=False, description=f"Value must be a tuple, got a {type(given).__name__}")
        if len(given) != len(members):
            return TypeCheck(
                success=False, description=f"Value must be a tuple of {len(members)} items, got {len(given)}"
            )
        for index, (inner, value) in enumerate(zip(members, given, strict=True)):
            failed = _first_failure(context, inner, (value,), lambda _, at=index: f"Item {at}")  # type: ignore[misc]
            if failed:
                return failed
        return TypeCheck(success=True)

    return OrreryType(
        check,
        key="TypedPythonTuple" + ".".join(each.key for each in members),
        name=f"Tuple[{','.join(each.display_name for each in members)}]",
        typing_type=tuple,
        inner_types=members,
        is_builtin=True,
    )


def _optional(inner: OrreryType) -> OrreryType:
    if inner is ANY:
        return ANY

    def check(context: TypingAny, value: TypingAny) -> TypeCheck:
        return TypeCheck(success=True) if value is None else inner.type_check(context, value)

    return OrreryType(
        check,
        key=f"Optional.{inner.key}",
        name=f"{inner.display_name}?",
        kind="nullable",
        typing_type=inner.typing_type,
        inner_types=(inner,),
        is_builtin=True,
    )


def _union(members: Sequence[OrreryType]) -> OrreryType:
    if any(each is ANY for each in members):
        return ANY

    def check(context: TypingAny, value: TypingAny) -> TypeCheck:
        if any(each.type_check(context, value).success for each in members):
            return TypeCheck(success=True)
        wanted = ", ".join(each.display_name for each in members)
        return TypeCheck(success=False, description=f"Value of type {type(value).__name__} is none of {wanted}")

    return OrreryType(
        check,
        key="Union." + ".".join(each.key for each in members),
        name=f"Union[{', '.join(each.display_name for each in members)}]",
        inner_types=members,
        is_builtin=True,
    )


def _literal(choices: tuple[TypingAny, ...]) -> OrreryType:
    def check(_context: TypingAny, value: TypingAny) -> TypeCheck:
        if any(value == choice and type(value) is type(choice) for choice in choices):
            return TypeCheck(success=True)
        return TypeCheck(success=False, description=f"Value {value!r} is none of {', '.join(map(repr, choices))}")

    return OrreryType(check, key=f"Literal{choices!r}", name=f"Literal{list(choices)!r}", is_builtin=True)


class _Subscript:
    """Write ``List[int]``, ``Dict[str, int]``, ``Optional[int]``, ... as types."""

    __slots__ = ("_make", "_plain", "_wanted")

    def __init__(self, make: Callable[..., OrreryType], plain: TypingAny, wanted: int | None) -> None:
        self._make, self._plain, self._wanted = make, plain, wanted

    def __getitem__(self, item: TypingAny) -> OrreryType:
        members = item if isinstance(item, tuple) else (item,)
        if self._wanted is not None and len(members) != self._wanted:
            raise InvalidDefinitionError(f"{self._plain} takes {self._wanted} types, not {len(members)}.")
        return self._make(*[resolve_type(each) for each in members])


List: Final = _Subscript(lambda inner: _collection(list, "List", inner), list, 1)
Set: Final = _Subscript(lambda inner: _collection(set, "Set", inner), set, 1)
Dict: Final = _Subscript(_dict_of, dict, 2)
Tuple: Final = _Subscript(lambda *members: _tuple_of(members), tuple, None)
Optional: Final = _Subscript(_optional, "Optional", 1)


def resolve_type(annotation: TypingAny) -> OrreryType:
    """
    Return the type that *annotation* stands for.

    Classes check by ``isinstance``; ``list[X]``, ``dict[K, V]``, ``tuple[...]``, ``set[X]``,
    ``Optional``, unions and ``Literal`` check what is inside; ``Any``, type variables, and names
    that only a type checker can see let everything pass.
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
    if annotation in (list, typing.List):  # noqa: UP006  # the old spelling is what users may write
        return _collection(list, "List", ANY)
    if annotation in (dict, typing.Dict):  # noqa: UP006
        return PythonObjectType(dict, name="dict")
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        for extra in arguments[1:]:
            if isinstance(extra, OrreryType):
                return extra
        return resolve_type(arguments[0])
    if origin is typing.Literal:
        return _literal(arguments)
    if origin in (typing.Union, python_types.UnionType):
        members = [each for each in arguments if each is not type(None)]
        inner = resolve_type(members[0]) if len(members) == 1 else _union([resolve_type(each) for each in members])
        return _optional(inner) if len(members) < len(arguments) else inner
    if origin is list and len(arguments) == 1:
        return _collection(list, "List", resolve_type(arguments[0]))
    if origin in (set, frozenset) and len(arguments) == 1:
        return _collection(origin, "Set", resolve_type(arguments[0]))
    if origin is dict and len(arguments) == 2:
        return _dict_of(resolve_type(arguments[0]), resolve_type(arguments[1]))
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        return _tuple_of([resolve_type(each) for each in arguments])
    if origin is tuple:
        return PythonObjectType(tuple)
    if isinstance(origin, type):
        return _class_type(origin)
    if isinstance(annotation, type):
        return _class_type(annotation)
    return ANY


def _class_type(cls: type) -> OrreryType:
    for base in cls.__mro__[:-1]:
        registered = _USER_TYPES.get(base)
        if registered is not None:
            return registered if base is cls else PythonObjectType(cls)
    if getattr(cls, "_is_protocol", False) and not getattr(cls, "_is_runtime_protocol", False):
        return ANY
    try:
        isinstance(None, cls)
    except TypeError:  # a class that forbids instance checks
        return ANY
    return PythonObjectType(cls)
