"""
Inputs and outputs of ops and graphs.

What users write (``In``, ``Out``, ``DynamicOut``, ``GraphIn``, ``GraphOut``) and what definitions
keep (``InputDefinition``, ``OutputDefinition``). A type that was not given is taken from the
annotation, when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.base.records import ByValue, RecordMeta
from orrery.definitions.parts.naming import DEFAULT_IO_MANAGER_KEY, check_name
from orrery.definitions.parts.orrery_type import BUILTIN_TYPES
from orrery.definitions.parts.signature import EMPTY, Parameter, resolve_annotation
from orrery.definitions.parts.types import ANY, OrreryType, declared_type, resolve_type

__all__ = [
    "NO_VALUE",
    "DynamicOut",
    "GraphIn",
    "GraphOut",
    "In",
    "InputDefinition",
    "Out",
    "OutputDefinition",
]


class _NoValue:
    """The default value that is no default value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_VALUE"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NO_VALUE"


NO_VALUE: Final = _NoValue()


class In(ByValue):
    """
    Describe an input of an op.

    Args:
        dagster_type: Type that values must have; the annotation's if not given.
        description: Text for people.
        default_value: Value if nothing is connected and no config is given.
        metadata: Any metadata; IO managers see it as ``context.definition_metadata``.
        asset_key: The asset that the input reads, or a function of an ``InputContext`` that says.
        asset_partitions: Its partitions, likewise.
        input_manager_key: Resource that loads the input; the producer's IO manager if not given.
    """

    __slots__ = (
        "asset_key",
        "asset_partitions",
        "dagster_type",
        "default_value",
        "description",
        "input_manager_key",
        "metadata",
    )

    def __init__(
        self,
        dagster_type: Any = NO_VALUE,
        description: str | None = None,
        default_value: Any = NO_VALUE,
        metadata: Mapping[str, Any] | None = None,
        asset_key: AssetKey | Callable[..., AssetKey] | None = None,
        asset_partitions: Any = None,
        input_manager_key: str | None = None,
    ) -> None:
        self.dagster_type = dagster_type if dagster_type is NO_VALUE else declared_type(dagster_type)
        self.description = description
        self.default_value = default_value
        self.metadata = metadata
        self.asset_key = asset_key
        self.asset_partitions = asset_partitions
        self.input_manager_key = input_manager_key

    @staticmethod
    def from_definition(input_def: InputDefinition) -> In:
        """Return what a user would write for *input_def*."""
        return In(
            dagster_type=input_def.dagster_type,
            description=input_def.description,
            default_value=input_def.default_value,
            metadata=input_def.raw_metadata,
            asset_key=input_def.asset_key,
            asset_partitions=input_def.asset_partitions,
            input_manager_key=input_def.input_manager_key,
        )

    def to_definition(self, name: str, parameter: Parameter | None = None, fn: Any = None) -> InputDefinition:
        """Return the definition of the input called *name*, read by *parameter* of *fn* if there is one."""
        default = self.default_value
        if default is not NO_VALUE and isinstance(self.dagster_type, OrreryType):
            _check_default(name, self.dagster_type, default)
        if default is NO_VALUE and parameter is not None and parameter.default is not EMPTY:
            default = parameter.default
        return InputDefinition(
            name,
            dagster_type=self.dagster_type,
            description=self.description,
            default_value=default,
            metadata=self.metadata,
            asset_key=self.asset_key,
            asset_partitions=self.asset_partitions,
            input_manager_key=self.input_manager_key,
            annotation=parameter.annotation if parameter is not None else EMPTY,
            fn=fn,
        )


def _check_default(name: str, wanted: OrreryType, default: Any) -> None:
    """Refuse a default that is not of its built-in type; types of users are asked when a run comes to them."""
    if wanted not in _CHECKED_TYPES or wanted.type_check(None, default).success:
        return
    raise InvalidDefinitionError(
        f"The default of input '{name}' is {default!r} ({type(default).__name__}), which is no {wanted.display_name}.",
        mend=f"give default_value= of type {wanted.display_name}, or another type.",
    )


_CHECKED_TYPES: Final = tuple(BUILTIN_TYPES[each] for each in (int, float, str, bool))


class InputDefinition:
    """
    An input of a node.

    Attributes:
        name: Name of the input.
        default_value: Value if nothing else gives one, or ``NO_VALUE``.
        input_manager_key: Resource that loads it, if the input says so itself.
    """

    __slots__ = (
        "_annotation",
        "_fn",
        "_type",
        "asset_key",
        "asset_partitions",
        "default_value",
        "description",
        "input_manager_key",
        "name",
        "raw_metadata",
    )

    def __init__(
        self,
        name: str,
        dagster_type: Any = NO_VALUE,
        description: str | None = None,
        default_value: Any = NO_VALUE,
        metadata: Mapping[str, Any] | None = None,
        asset_key: Any = None,
        asset_partitions: Any = None,
        input_manager_key: str | None = None,
        annotation: Any = EMPTY,
        fn: Any = None,
    ) -> None:
        self.name = name
        self._type: OrreryType | None = None if dagster_type is NO_VALUE else declared_type(dagster_type)
        self.description = description
        self.default_value = default_value
        self.raw_metadata = metadata
        self.asset_key = asset_key
        self.asset_partitions = asset_partitions
        self.input_manager_key = input_manager_key
        self._annotation = annotation
        self._fn = fn

    @property
    def dagster_type(self) -> OrreryType:
        """Return the type that values must have."""
        found = self._type
        if found is None:
            annotation = self._annotation
            found = ANY if annotation is EMPTY else resolve_type(resolve_annotation(self._fn, annotation))
            if found.is_nothing and annotation is not EMPTY:
                found = ANY  # a parameter annotated with None still receives a value
            self._type = found
        return found

    @property
    def has_default_value(self) -> bool:
        """Tell whether there is a default value."""
        return self.default_value is not NO_VALUE

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata as given, by name."""
        return self.raw_metadata or {}

    def renamed(self, name: str) -> InputDefinition:
        """Return the same input under *name*."""
        return InputDefinition(
            name,
            dagster_type=self.dagster_type,
            description=self.description,
            default_value=self.default_value,
            metadata=self.raw_metadata,
            asset_key=self.asset_key,
            asset_partitions=self.asset_partitions,
            input_manager_key=self.input_manager_key,
        )

    def __repr__(self) -> str:
        return f"InputDefinition({self.name!r})"


class Out(ByValue):
    """
    Describe an output of an op.

    Args:
        dagster_type: Type that values must have; the annotation's if not given.
        description: Text for people.
        is_required: Whether every run of the op must give it.
        io_manager_key: Resource that stores and loads the value.
        metadata: Any metadata; IO managers see it as ``context.definition_metadata``.
        code_version: Version of the code that makes it.
    """

    __slots__ = ("code_version", "dagster_type", "description", "io_manager_key", "is_required", "metadata")

    def __init__(
        self,
        dagster_type: Any = NO_VALUE,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        code_version: str | None = None,
    ) -> None:
        self.dagster_type = dagster_type if dagster_type is NO_VALUE else declared_type(dagster_type)
        self.description = description
        self.is_required = is_required
        self.io_manager_key = io_manager_key or DEFAULT_IO_MANAGER_KEY
        self.metadata = metadata
        self.code_version = code_version

    @property
    def is_dynamic(self) -> bool:
        """Tell whether the op gives any number of these, each with a mapping key."""
        return False

    @classmethod
    def from_definition(cls, output_def: OutputDefinition) -> Out:
        """Return what a user would write for *output_def*."""
        kind = DynamicOut if output_def.is_dynamic else Out
        return kind(
            dagster_type=output_def.dagster_type,
            description=output_def.description,
            is_required=output_def.is_required,
            io_manager_key=output_def.io_manager_key,
            metadata=output_def.raw_metadata,
            code_version=output_def.code_version,
        )

    def to_definition(
        self,
        annotation_type: Any = EMPTY,
        name: str | None = None,
        description: str | None = None,
        code_version: str | None = None,
    ) -> OutputDefinition:
        """Return the definition of the output called *name*."""
        return OutputDefinition(
            name or "result",
            dagster_type=self.dagster_type,
            description=self.description or description,
            is_required=self.is_required,
            io_manager_key=self.io_manager_key,
            metadata=self.metadata,
            code_version=self.code_version or code_version,
            is_dynamic=self.is_dynamic,
            annotation=annotation_type,
        )


class DynamicOut(Out):
    """
    Describe an output of which an op gives any number, each a ``DynamicOutput`` with a mapping key.

    Args are those of :class:`Out`.
    """

    __slots__ = ()

    @property
    def is_dynamic(self) -> bool:
        """Tell whether the op gives any number of these, each with a mapping key."""
        return True


class OutputDefinition:
    """
    An output of a node.

    Attributes:
        name: Name of the output.
        io_manager_key: Resource that stores and loads the value.
        is_required: Whether every run of the node must give it.
        is_dynamic: Whether any number may be given, each with a mapping key.
    """

    __slots__ = (
        "_annotation",
        "_type",
        "code_version",
        "description",
        "io_manager_key",
        "is_dynamic",
        "is_required",
        "name",
        "raw_metadata",
    )

    def __init__(
        self,
        name: str = "result",
        dagster_type: Any = NO_VALUE,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str = DEFAULT_IO_MANAGER_KEY,
        metadata: Mapping[str, Any] | None = None,
        code_version: str | None = None,
        is_dynamic: bool = False,
        annotation: Any = EMPTY,
    ) -> None:
        self.name = name
        self._type: OrreryType | None = None if dagster_type is NO_VALUE else declared_type(dagster_type)
        self.description = description
        self.is_required = is_required
        self.io_manager_key = io_manager_key
        self.raw_metadata = metadata
        self.code_version = code_version
        self.is_dynamic = is_dynamic
        self._annotation = annotation

    @property
    def dagster_type(self) -> OrreryType:
        """Return the type that values must have."""
        found = self._type
        if found is None:
            annotation = (
                self._annotation() if callable(self._annotation) and _is_thunk(self._annotation) else self._annotation
            )
            found = ANY if annotation is EMPTY else resolve_type(annotation)
            self._type = found
        return found

    @property
    def optional(self) -> bool:
        """Tell whether the node may leave the output out."""
        return not self.is_required

    @property
    def dynamic_output(self) -> bool:
        """Tell whether any number may be given."""
        return self.is_dynamic

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata as given, by name."""
        return self.raw_metadata or {}

    def renamed(self, name: str, *, is_dynamic: bool | None = None) -> OutputDefinition:
        """Return the same output under *name*."""
        return OutputDefinition(
            name,
            dagster_type=self.dagster_type,
            description=self.description,
            is_required=self.is_required,
            io_manager_key=self.io_manager_key,
            metadata=self.raw_metadata,
            code_version=self.code_version,
            is_dynamic=self.is_dynamic if is_dynamic is None else is_dynamic,
        )

    def __repr__(self) -> str:
        return f"OutputDefinition({self.name!r})"


class AnnotationThunk:
    """
    An annotation that is worked out when it is asked for.

    Args:
        resolve: Works it out from *subject*.
        subject: As a rule the function that bears the annotation.
    """

    __slots__ = ("_resolve", "_subject")

    def __init__(self, resolve: Callable[[Any], Any], subject: Any) -> None:
        self._resolve = resolve
        self._subject = subject

    def __call__(self) -> Any:
        return self._resolve(self._subject)


def _is_thunk(annotation: object) -> bool:
    return isinstance(annotation, AnnotationThunk)


class GraphIn(ByValue, metaclass=RecordMeta):
    """
    Describe an input of a graph.

    Args:
        description: Text for people.
    """

    __slots__ = ("description",)

    def __init__(self, description: str | None = None) -> None:
        self.description = description

    def to_definition(self, name: str) -> InputDefinition:
        """Return the definition of the input called *name*."""
        return InputDefinition(check_name(name, noun="an input"), description=self.description)


class GraphOut(ByValue, metaclass=RecordMeta):
    """
    Describe an output of a graph.

    Args:
        description: Text for people.
    """

    __slots__ = ("description",)

    def __init__(self, description: str | None = None) -> None:
        self.description = description

    def to_definition(self, name: str | None) -> OutputDefinition:
        """Return the definition of the output called *name*."""
        return OutputDefinition(name or "result", description=self.description)


def check_distinct(names: list[str], *, noun: str, owner: str) -> None:
    """
    Refuse a name that stands twice.

    Raises:
        InvalidDefinitionError: With the name and the owner.
    """
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise InvalidDefinitionError(f"{noun} '{double}' stands twice in {owner}.", mend="give each a name of its own.")
