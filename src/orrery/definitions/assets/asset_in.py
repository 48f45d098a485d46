"""What a user says of one input of an asset function: ``AssetIn``, which asset it loads and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn, TypeAlias

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import (
    AssetKey,
    CoercibleToAssetKey,
    CoercibleToAssetKeyPrefix,
    key_named,
    key_prefix_parts,
)
from orrery.base.records import Replaceable
from orrery.definitions.assets.asset_spec import AssetDep, checked_metadata, single_key
from orrery.definitions.parts.inputs_outputs import NO_VALUE

__all__ = [
    "AssetIn",
    "CoercibleToAssetIn",
]


class _MoreOfInput(NamedTuple):
    """What few inputs say beside the key of their asset."""

    metadata: Mapping[str, Any] | None
    key_prefix: tuple[str, ...]
    input_manager_key: str | None
    partition_mapping: Any
    dagster_type: Any


class AssetIn(Replaceable):
    """
    Say which asset an input of an asset function loads, and how.

    Args:
        key: The upstream asset; by default the name of the input.
        metadata: Static metadata of the input, which IO managers see.
        key_prefix: Parts before the name of the input; not together with *key*.
        input_manager_key: The resource that loads the input, in place of the IO manager that stored it.
        partition_mapping: Which upstream partitions a partition needs.
        dagster_type: Type that the loaded value must have.

    Raises:
        InvalidDefinitionError: Both *key* and *key_prefix* are given.

    >>> AssetIn(key_prefix="raw").resolve_key("orders")
    AssetKey(['raw', 'orders'])
    """

    __slots__ = ("_more", "key")

    key: AssetKey | None
    _more: _MoreOfInput | None

    def __init__(
        self,
        key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        key_prefix: CoercibleToAssetKeyPrefix | None = None,
        input_manager_key: str | None = None,
        partition_mapping: Any = None,
        dagster_type: Any = NO_VALUE,
    ) -> None:
        if key is not None and key_prefix:
            raise InvalidDefinitionError(
                f"An AssetIn has both the key {key!r} and the key_prefix {key_prefix!r}.",
                mend="give the whole key as 'key', or the parts before the name of the input as 'key_prefix'.",
            )
        set_ = object.__setattr__
        if key is not None:
            key = key_named(key) if type(key) is str else single_key(key)
        set_(self, "key", key)
        if (
            metadata is None
            and key_prefix is None
            and input_manager_key is None
            and partition_mapping is None
            and dagster_type is NO_VALUE
        ):
            set_(self, "_more", None)
            return
        set_(
            self,
            "_more",
            _MoreOfInput(
                None if metadata is None else checked_metadata(metadata, "an AssetIn"),
                key_prefix_parts(key_prefix),
                input_manager_key,
                partition_mapping,
                dagster_type,
            ),
        )

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """Return the metadata of the input, if any was given."""
        return None if self._more is None else self._more.metadata

    @property
    def key_prefix(self) -> list[str]:
        """Return the parts before the name of the input, as a new list."""
        return [] if self._more is None else list(self._more.key_prefix)

    @property
    def input_manager_key(self) -> str | None:
        """Return the resource that loads the input, if it is not the one that stores the asset."""
        return None if self._more is None else self._more.input_manager_key

    @property
    def partition_mapping(self) -> Any:
        """Return which upstream partitions a partition needs, if that was given."""
        return None if self._more is None else self._more.partition_mapping

    @property
    def dagster_type(self) -> Any:
        """Return the type of the value, or ``NO_VALUE`` where the annotation says it."""
        return NO_VALUE if self._more is None else self._more.dagster_type

    @classmethod
    def from_coercible(cls, coercible: CoercibleToAssetIn) -> AssetIn:
        """Return *coercible* as an AssetIn: one already, or anything that names one asset."""
        if isinstance(coercible, AssetIn):
            return coercible
        if isinstance(coercible, AssetDep):
            return cls(key=coercible.asset_key, partition_mapping=coercible.partition_mapping)
        return cls(key=coercible)

    def resolve_key(self, input_name: str) -> AssetKey:
        """Return the key of the asset that the input called *input_name* loads."""
        return self.key if self.key is not None else AssetKey((*self.key_prefix, input_name))

    def _values(self) -> tuple[Any, ...]:
        return (
            self.key,
            self.metadata,
            self.key_prefix,
            self.input_manager_key,
            self.partition_mapping,
            self.dagster_type,
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"AssetIn is immutable: '{name}' cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"AssetIn is immutable: '{name}' cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetIn):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.key, tuple(self.key_prefix), self.input_manager_key))

    def __repr__(self) -> str:
        return (
            f"AssetIn(key={self.key!r}, metadata={self.metadata!r}, key_prefix={self.key_prefix!r}, "
            f"input_manager_key={self.input_manager_key!r}, partition_mapping={self.partition_mapping!r}, "
            f"dagster_type={self.dagster_type!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return AssetIn, self._values()


CoercibleToAssetIn: TypeAlias = CoercibleToAssetKey | AssetDep | AssetIn | Any
