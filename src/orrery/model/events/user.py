"""
What a user's function may hand back or raise: outputs, materializations, observations, results.

Plain values that check their arguments when they are made, so that the fault shows where it lies.
The engine turns them into events (``build``); nothing here is written anywhere.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import msgspec

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError, nearest_hint
from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.base.metadata import AnyMetadataValue, MetadataValue, RawMetadataMapping, normalize_metadata
from orrery.base.records import Replaceable
from orrery.base.tags import Tags, normalize_event_tags
from orrery.base.text import without_half_pairs
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckResult, AssetCheckSeverity
from orrery.model.events.data_version import (
    DataProvenance,
    DataVersion,
    DataVersionsByPartition,
    data_version_of_tags,
)

__all__ = [
    "NO_VALUE",
    "AssetCheckEvaluation",
    "AssetCheckResult",
    "AssetCheckSeverity",
    "AssetMaterialization",
    "AssetObservation",
    "AssetResult",
    "DataProvenance",
    "DataVersion",
    "DataVersionsByPartition",
    "DynamicOutput",
    "ExpectationResult",
    "Failure",
    "HookExecutionResult",
    "MaterializeResult",
    "NoValue",
    "ObserveResult",
    "Output",
    "RetryRequested",
    "TypeCheck",
]

if TYPE_CHECKING:  # the default, which Python has from 3.13 on, lets the bare name stand for any
    from typing_extensions import TypeVar as WithDefault

    T = WithDefault("T", default=Any)
else:
    T = TypeVar("T")

DEFAULT_OUTPUT = "result"
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


class NoValue:
    """The absence of a value, where None is a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_VALUE"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NO_VALUE"


NO_VALUE = NoValue()


def _text(what: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise InvalidDefinitionError(
        f"{what} is text, not {value!r} ({type(value).__name__}).", mend=f"give {str(value)!r}."
    )


def _optional_text(what: str, value: Any) -> str | None:
    return None if value is None else _text(what, value)


def _partition(what: str, value: Any) -> str | None:
    if value is None:
        return None
    text = _text(what, value)
    sound = without_half_pairs(text)
    if sound != text:
        raise InvalidDefinitionError(
            f"{what}, {text!r}, holds half of a surrogate pair, which no record can hold.", mend=f"give {sound!r}."
        )
    return text


def _optional_version(what: str, value: Any) -> DataVersion | None:
    if value is None or isinstance(value, DataVersion):
        return value
    raise InvalidDefinitionError(
        f"The data version of {what} is a DataVersion, not {value!r} ({type(value).__name__}).",
        mend=f"write DataVersion({str(value)!r}).",
    )


def _truth(what: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidDefinitionError(
        f"{what} is True or False, not {value!r} ({type(value).__name__}).", mend=f"give bool({value!r})."
    )


def _optional_key(asset_key: CoercibleToAssetKey | None) -> AssetKey | None:
    return None if asset_key is None else AssetKey.from_coercible(asset_key)


class Output(Generic[T]):
    """
    Hand on a value together with what is to be said about it.

    Args:
        value: The value.
        output_name: Which output it is of.
        metadata: What is to be said, by name.
        data_version: The name of its content, if the function knows one.
        tags: Tags for the event that records it.

    Raises:
        InvalidDefinitionError: An argument has the wrong type.
        InvalidMetadataError: A metadata value has no metadata type.

    >>> Output(3, metadata={"rows": 3}).metadata["rows"].value
    3
    """

    __slots__ = ("_data_version", "_metadata", "_output_name", "_tags", "_value")

    def __init__(
        self,
        value: T,
        output_name: str = DEFAULT_OUTPUT,
        metadata: RawMetadataMapping | None = None,
        data_version: DataVersion | None = None,
        *,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._value = value
        self._output_name = output_name if output_name.__class__ is str else _text("The name of an output", output_name)
        self._metadata: dict[str, AnyMetadataValue] = {} if metadata is None else normalize_metadata(metadata)
        self._data_version = None if data_version is None else _optional_version("an output", data_version)
        self._tags = None if tags is None else normalize_event_tags(tags)

    @property
    def value(self) -> T:
        """Return the value."""
        return self._value

    @property
    def output_name(self) -> str:
        """Return the name of the output that the value is of."""
        return self._output_name

    @property
    def metadata(self) -> dict[str, AnyMetadataValue]:
        """Return what is said about the value."""
        return self._metadata

    @property
    def data_version(self) -> DataVersion | None:
        """Return the name of the content, if one was given."""
        return self._data_version

    @property
    def tags(self) -> dict[str, str] | None:
        """Return the tags for the event that records the value."""
        return self._tags

    def with_metadata(self, metadata: RawMetadataMapping | None) -> Output[T]:
        """Return the output with *metadata* in place of its own."""
        return Output(self._value, self._output_name, metadata, self._data_version, tags=self._tags)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Output):
            return NotImplemented
        return bool(
            self._value == other._value
            and self._output_name == other._output_name
            and self._metadata == other._metadata
            and self._data_version == other._data_version
            and self._tags == other._tags
        )

    __hash__ = None  # type: ignore[assignment]  # equal by value, which may have no hash

    def __repr__(self) -> str:
        return f"Output(value={self._value!r}, output_name={self._output_name!r}, metadata={self._metadata!r})"


class DynamicOutput(Generic[T]):
    """
    Hand on one of several values of a dynamic output.

    Args:
        value: The value.
        mapping_key: Names this value among the others: letters, digits and ``_``.
        output_name: Which output it is of.
        metadata: What is to be said about it.

    Raises:
        InvalidDefinitionError: The mapping key is no such name.
    """

    __slots__ = ("_mapping_key", "_metadata", "_output_name", "_value")

    def __init__(
        self,
        value: T,
        mapping_key: str,
        output_name: str | None = DEFAULT_OUTPUT,
        metadata: RawMetadataMapping | None = None,
    ) -> None:
        key = _text("The mapping key of a dynamic output", mapping_key)
        if not _NAME.match(key):
            raise InvalidDefinitionError(
                f'"{key}" is not a valid mapping key: it may hold letters, digits and "_" alone.',
                mend=f"write {re.sub(r'[^A-Za-z0-9_]', '_', key) or 'a_name'!r}.",
            )
        if keyword.iskeyword(key):
            raise InvalidDefinitionError(
                f'"{key}" is not a valid mapping key: it is a word of Python.', mend=f"write '{key}_'."
            )
        self._value = value
        self._mapping_key = key
        self._output_name = DEFAULT_OUTPUT if output_name is None else _text("The name of an output", output_name)
        self._metadata: dict[str, AnyMetadataValue] = {} if metadata is None else normalize_metadata(metadata)

    @property
    def value(self) -> T:
        """Return the value."""
        return self._value

    @property
    def mapping_key(self) -> str:
        """Return what names this value among the others."""
        return self._mapping_key

    @property
    def output_name(self) -> str:
        """Return the name of the output that the value is of."""
        return self._output_name

    @property
    def metadata(self) -> dict[str, AnyMetadataValue]:
        """Return what is said about the value."""
        return self._metadata

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DynamicOutput):
            return NotImplemented
        return bool(
            self._value == other._value
            and self._mapping_key == other._mapping_key
            and self._output_name == other._output_name
            and self._metadata == other._metadata
        )

    __hash__ = None  # type: ignore[assignment]  # equal by value, which may have no hash

    def __repr__(self) -> str:
        return f"DynamicOutput(value={self._value!r}, mapping_key={self._mapping_key!r})"


# The three below are stored inside events. They are dataclasses, whose ``__init__`` no decoder calls:
# what was stored under the rules of its time is read whatever the rules of today are.


@dataclass(frozen=True, slots=True, init=False)
class AssetMaterialization(Replaceable):
    """
    Say that an asset was made.

    Attributes:
        asset_key: The asset.
        description: What was made, for people.
        metadata: What is known of it.
        partition: The partition that was made, if one.
        tags: Tags of the event; None if none were given.

    >>> AssetMaterialization("orders", metadata={"rows": 3}).label
    'orders'
    """

    asset_key: AssetKey
    description: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = field(default_factory=dict)
    partition: str | None = None
    tags: Mapping[str, str] | None = None

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        description: str | None = None,
        metadata: RawMetadataMapping | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "asset_key", asset_key if asset_key.__class__ is AssetKey else AssetKey.from_coercible(asset_key))
        if description is not None:
            _text("The description of a materialization", description)
        if partition is not None:
            _partition("The partition of a materialization", partition)
        put(self, "description", description)
        put(self, "metadata", normalize_metadata(metadata) if metadata else {})
        put(self, "partition", partition)
        put(self, "tags", None if tags is None else normalize_event_tags(tags))

    def __post_init__(self) -> None:
        if self.tags.__class__ is dict:  # read back from a record
            object.__setattr__(self, "tags", Tags(self.tags or {}))

    @property
    def label(self) -> str:
        """Return the name of the asset, for people."""
        return self.asset_key.to_user_string()

    @property
    def data_version(self) -> str | None:
        """Return the data version that the tags tell, if any."""
        version = data_version_of_tags(self.tags)
        return None if version is None else version.value

    @staticmethod
    def file(
        path: str,
        description: str | None = None,
        asset_key: CoercibleToAssetKey | None = None,
    ) -> AssetMaterialization:
        """
        Return the materialization of a file.

        Args:
            path: Where the file lies; also its key if *asset_key* is not given.
            description: What was made, for people.
            asset_key: The asset.
        """
        return AssetMaterialization(
            path if asset_key is None else asset_key, description, {"path": MetadataValue.path(path)}
        )

    def with_system_tags(self, added: Mapping[str, str]) -> AssetMaterialization:
        """Return the materialization with tags of the system's own *added*, under the names that they are kept by."""
        made = object.__new__(AssetMaterialization)
        put = object.__setattr__
        put(made, "asset_key", self.asset_key)
        put(made, "description", self.description)
        put(made, "metadata", self.metadata)
        put(made, "partition", self.partition)
        put(made, "tags", Tags({**(self.tags or {}), **added}))
        return made

    def with_metadata(self, metadata: RawMetadataMapping | None) -> AssetMaterialization:
        """Return the materialization with *metadata* in place of its own."""
        return AssetMaterialization(self.asset_key, self.description, metadata, self.partition, self.tags)


@dataclass(frozen=True, slots=True, init=False)
class AssetObservation(Replaceable):
    """
    Say what was seen of an asset without making it.

    Attributes:
        asset_key: The asset.
        description: What was seen, for people.
        metadata: What was measured.
        partition: The partition that was seen, if one.
        tags: Tags of the event.
    """

    asset_key: AssetKey
    description: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = field(default_factory=dict)
    partition: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        description: str | None = None,
        metadata: RawMetadataMapping | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "asset_key", AssetKey.from_coercible(asset_key))
        put(self, "description", _optional_text("The description of an observation", description))
        put(self, "metadata", normalize_metadata(metadata))
        put(self, "partition", _partition("The partition of an observation", partition))
        put(self, "tags", normalize_event_tags(tags))

    def __post_init__(self) -> None:
        if self.tags.__class__ is dict:  # read back from a record
            object.__setattr__(self, "tags", Tags(self.tags or {}))

    @property
    def label(self) -> str:
        """Return the name of the asset, for people."""
        return self.asset_key.to_user_string()

    @property
    def data_version(self) -> str | None:
        """Return the data version that the tags tell, if any."""
        version = data_version_of_tags(self.tags)
        return None if version is None else version.value

    def with_metadata(self, metadata: RawMetadataMapping | None) -> AssetObservation:
        """Return the observation with *metadata* in place of its own."""
        return AssetObservation(self.asset_key, self.description, metadata, self.partition, self.tags)


class AssetResult(Replaceable):
    """What is common to the results of materializing and of observing an asset."""

    __slots__ = ("asset_key", "check_results", "data_version", "metadata", "tags")

    asset_key: AssetKey | None
    metadata: RawMetadataMapping | None
    check_results: Sequence[AssetCheckResult]
    data_version: DataVersion | None
    tags: Mapping[str, str] | None

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: RawMetadataMapping | None = None,
        check_results: Sequence[AssetCheckResult] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        name = type(self).__name__
        put = object.__setattr__
        put(self, "asset_key", _optional_key(asset_key))
        if metadata is not None:
            normalize_metadata(metadata)  # refused here if at all, where the user wrote it, and kept as it was given
        put(self, "metadata", metadata)
        put(self, "check_results", _checked_results(name, check_results))
        put(self, "data_version", _optional_version(f"a {name}", data_version))
        put(self, "tags", None if tags is None else normalize_event_tags(tags))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: '{name}' cannot be set")

    def _fields(self) -> tuple[object, ...]:
        return (self.asset_key, self.metadata, self.check_results, self.data_version, self.tags)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), self._fields()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetResult) or type(other) is not type(self):
            return NotImplemented
        return self._fields() == other._fields()

    __hash__ = None  # type: ignore[assignment]  # equal by value, which may have no hash

    def __repr__(self) -> str:
        names = ("asset_key", "metadata", "check_results", "data_version", "tags", "value")
        given = ", ".join(f"{name}={value!r}" for name, value in zip(names, self._fields(), strict=False))
        return f"{type(self).__name__}({given})"

    def check_result_named(self, check_name: str) -> AssetCheckResult:
        """
        Return the check result of this name.

        Raises:
            InvariantViolationError: There is none.
        """
        for result in self.check_results:
            if result.check_name == check_name:
                return result
        known = [result.check_name for result in self.check_results if result.check_name is not None]
        raise InvariantViolationError(
            f"Could not find check result named {check_name}; there are {known}.",
            mend=nearest_hint(check_name, known, noun="check result"),
        )


def _checked_results(name: str, results: Any) -> Sequence[AssetCheckResult]:
    if results is None:
        return []
    if not isinstance(results, Sequence):
        raise InvalidDefinitionError(
            f"The check results of a {name} are a list of AssetCheckResult, not {results!r}"
            f" ({type(results).__name__}).",
            mend="write check_results=[AssetCheckResult(...)].",
        )
    for result in results:
        if not isinstance(result, AssetCheckResult):
            raise InvalidDefinitionError(
                f"A check result of a {name} is an AssetCheckResult, not {result!r} ({type(result).__name__}).",
                mend="write check_results=[AssetCheckResult(passed=...)].",
            )
    return list(results)


class MaterializeResult(AssetResult, Generic[T]):
    """
    Say that an asset was made, and what of it.

    Args:
        asset_key: The asset; may be left out where the function makes one.
        metadata: What is known of it.
        check_results: Results of its checks.
        data_version: The name of its content, if the function knows one.
        tags: Tags for the event that records it.
        value: The value for the IO manager to store; nothing is stored if it is left out.
    """

    __slots__ = ("value",)

    value: T

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: RawMetadataMapping | None = None,
        check_results: Sequence[AssetCheckResult] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
        value: T = cast(Any, NO_VALUE),  # noqa: B008  # a constant
    ) -> None:
        super().__init__(asset_key, metadata, check_results, data_version, tags)
        object.__setattr__(self, "value", value)

    def _fields(self) -> tuple[object, ...]:
        return (*super()._fields(), self.value)


class ObserveResult(AssetResult):
    """
    Say what was seen of an asset.

    Args:
        asset_key: The asset; may be left out where the function observes one.
        metadata: What was measured.
        check_results: Results of its checks.
        data_version: The name of the content that was seen.
        tags: Tags for the event that records it.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True, init=False)
class ExpectationResult(Replaceable):
    """
    Say whether an expectation about data was met; an asset check says it better.

    Attributes:
        success: Whether it was.
        label: A short name.
        description: What was expected, for people.
        metadata: What was measured.
    """

    success: bool
    label: str | None = DEFAULT_OUTPUT
    description: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = field(default_factory=dict)

    def __init__(
        self,
        success: bool,
        label: str | None = None,
        description: str | None = None,
        metadata: RawMetadataMapping | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "success", _truth("'success' of an expectation", success))
        put(self, "label", DEFAULT_OUTPUT if label is None else _text("The label of an expectation", label))
        put(self, "description", _optional_text("The description of an expectation", description))
        put(self, "metadata", normalize_metadata(metadata))


class TypeCheck(Replaceable, msgspec.Struct, frozen=True):
    """
    Say whether a value is of a type.

    Attributes:
        success: Whether it is.
        description: What was found, for people.
        metadata: What was measured.
    """

    success: bool
    description: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = {}

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(
            self, success: bool, description: str | None = None, metadata: RawMetadataMapping | None = None
        ) -> None: ...

    def __post_init__(self) -> None:
        _truth("'success' of a type check", self.success)
        _optional_text("The description of a type check", self.description)
        msgspec.structs.force_setattr(self, "metadata", normalize_metadata(self.metadata))


class HookExecutionResult(Replaceable, msgspec.Struct, frozen=True):
    """
    Say what became of a hook.

    Attributes:
        hook_name: The hook.
        is_skipped: Whether its condition did not hold, so that it did nothing.
    """

    hook_name: str
    is_skipped: bool = False


class Failure(Exception):
    """
    Raise to let a step fail with a description and metadata of its own.

    Not one of the errors of Orrery: it is the user's word.

    Args:
        description: What went wrong, for people.
        metadata: What is known of it.
        allow_retries: Whether the retry policy of the step holds; None means yes.
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: RawMetadataMapping | None = None,
        allow_retries: bool | None = None,
    ) -> None:
        super().__init__(description)
        self.description = _optional_text("The description of a failure", description)
        self.metadata: dict[str, AnyMetadataValue] = normalize_metadata(metadata)
        self.allow_retries = True if allow_retries is None else _truth("'allow_retries' of a failure", allow_retries)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.description, self.metadata, self.allow_retries)


class RetryRequested(Exception):
    """
    Raise to have a step run again.

    Not one of the errors of Orrery: it is the user's word.

    Args:
        max_retries: How often at most.
        seconds_to_wait: How long to wait before.
    """

    def __init__(self, max_retries: int | None = 1, seconds_to_wait: float | int | None = None) -> None:
        super().__init__()
        if isinstance(max_retries, bool) or not isinstance(max_retries, int):
            raise InvalidDefinitionError(
                f"'max_retries' of RetryRequested is a whole number, not {max_retries!r}"
                f" ({type(max_retries).__name__}).",
                mend="write RetryRequested(max_retries=3).",
            )
        if seconds_to_wait is not None and (
            isinstance(seconds_to_wait, bool) or not isinstance(seconds_to_wait, int | float)
        ):
            raise InvalidDefinitionError(
                f"'seconds_to_wait' of RetryRequested is a number, not {seconds_to_wait!r}"
                f" ({type(seconds_to_wait).__name__}).",
                mend="write RetryRequested(seconds_to_wait=10).",
            )
        if seconds_to_wait is not None and not math.isfinite(seconds_to_wait):
            raise InvalidDefinitionError(
                f"'seconds_to_wait' of RetryRequested is {seconds_to_wait}: the step would wait for ever.",
                mend="write RetryRequested(seconds_to_wait=10).",
            )
        self.max_retries = max_retries
        self.seconds_to_wait = seconds_to_wait

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.max_retries, self.seconds_to_wait)
