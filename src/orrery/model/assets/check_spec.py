"""
The spec of an asset check: its name, its asset, and what else is known of it beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.records import Replaceable

__all__ = ["AssetCheckSpec", "CheckDep"]


class CheckDep(msgspec.Struct, frozen=True):
    """
    An asset that a check reads beside its own.

    Attributes:
        asset_key: The asset.
        partition_mapping: Which of its partitions a partition of the check reads; None for the same.
        metadata: What is known of the dependency.
    """

    asset_key: AssetKey
    partition_mapping: Any = None
    metadata: Mapping[str, Any] = {}


class AssetCheckSpec(Replaceable):
    """
    Declare a check of an asset.

    Args:
        name: The name of the check, unique for its asset.
        asset: The asset: its key, or its definition.
        description: What is checked, for people.
        additional_deps: Assets that the check reads beside its own: keys or definitions.
        blocking: Whether dependants of the asset wait for the check, and do not run if it fails with ERROR.
        metadata: What is known of it beforehand.
        automation_condition: When it is to be evaluated of itself.
        partitions_def: The partitions it is evaluated for.

    Raises:
        InvalidDefinitionError: An argument has the wrong type, or the check depends on its own asset beside itself.

    >>> AssetCheckSpec("not_null", asset="orders").key.to_user_string()
    'orders:not_null'
    """

    __slots__ = (
        "additional_deps",
        "asset_key",
        "automation_condition",
        "blocking",
        "description",
        "metadata",
        "name",
        "partitions_def",
    )
    _given_as: ClassVar = {"asset_key": "asset"}

    name: str
    asset_key: AssetKey
    description: str | None
    additional_deps: tuple[Any, ...]
    blocking: bool
    metadata: Mapping[str, Any]
    automation_condition: Any
    partitions_def: Any

    def __init__(
        self,
        name: str,
        *,
        asset: Any,
        description: str | None = None,
        additional_deps: Iterable[Any] | None = None,
        blocking: bool = False,
        metadata: Mapping[str, Any] | None = None,
        automation_condition: Any = None,
        partitions_def: Any = None,
    ) -> None:
        given: object = name
        if not isinstance(given, str) or not given:
            raise InvalidDefinitionError(
                f"The name of an asset check is text, not {name!r} ({type(name).__name__}).",
                mend='write AssetCheckSpec("not_null", asset=...).',
            )
        asset_key = AssetKey.from_coercible_or_definition(asset)
        where = f"Check '{name}' of asset '{asset_key.to_user_string()}'"
        if description is not None and not isinstance(description, str):
            raise InvalidDefinitionError(
                f"{where}: its description is text, not {description!r} ({type(description).__name__}).",
                mend=f"write {str(description)!r}.",
            )
        if not isinstance(blocking, bool):
            raise InvalidDefinitionError(
                f"{where}: 'blocking' is True or False, not {blocking!r} ({type(blocking).__name__}).",
                mend=f"write {bool(blocking)}.",
            )
        if metadata is not None and not isinstance(metadata, Mapping):
            raise InvalidDefinitionError(
                f"{where}: its metadata is a mapping, not {metadata!r} ({type(metadata).__name__}).",
                mend='write metadata={"name": value}.',
            )
        put = object.__setattr__
        put(self, "name", name)
        put(self, "asset_key", asset_key)
        put(self, "description", description)
        put(self, "additional_deps", _deps(where, asset_key, additional_deps))
        put(self, "blocking", blocking)
        put(self, "metadata", dict(metadata or {}))
        put(self, "automation_condition", automation_condition)
        put(self, "partitions_def", partitions_def)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"AssetCheckSpec is immutable: '{name}' cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"AssetCheckSpec is immutable: '{name}' cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetCheckSpec):
            return NotImplemented
        return self._given() == other._given()

    def __hash__(self) -> int:
        return hash((self.asset_key, self.name))

    def __repr__(self) -> str:
        return f"AssetCheckSpec({', '.join(f'{name}={value!r}' for name, value in self._given().items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._given(),)

    @property
    def key(self) -> AssetCheckKey:
        """Return the key: asset and name."""
        return AssetCheckKey(self.asset_key, self.name)

    @property
    def additional_dep_keys(self) -> tuple[AssetKey, ...]:
        """Return the assets that the check reads beside its own."""
        return tuple(dep.asset_key for dep in self.additional_deps)

    def get_python_identifier(self) -> str:
        """Return a name for the check made of letters, digits and ``_``."""
        return f"{self.asset_key.to_python_identifier()}_{AssetKey(self.name).to_python_identifier()}"

    def replace_key(self, key: AssetCheckKey) -> AssetCheckSpec:
        """Return the spec with another key."""
        return self._with(name=key.name, asset=key.asset_key)

    def with_metadata(self, metadata: Mapping[str, Any]) -> AssetCheckSpec:
        """Return the spec with *metadata* in place of its own."""
        return self._with(metadata=metadata)

    def _with(self, **changes: Any) -> AssetCheckSpec:
        return AssetCheckSpec(**{**self._given(), **changes})

    def _given(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "asset": self.asset_key,
            "description": self.description,
            "additional_deps": self.additional_deps,
            "blocking": self.blocking,
            "metadata": self.metadata,
            "automation_condition": self.automation_condition,
            "partitions_def": self.partitions_def,
        }


def _rebuilt(given: dict[str, Any]) -> AssetCheckSpec:
    return AssetCheckSpec(**given)


def _deps(where: str, asset_key: AssetKey, deps: Iterable[Any] | None) -> tuple[Any, ...]:
    if deps is None:
        return ()
    if isinstance(deps, str | AssetKey) or not isinstance(deps, Iterable):
        raise InvalidDefinitionError(
            f"{where}: its additional dependencies are a list, not {deps!r} ({type(deps).__name__}).",
            mend=f"write additional_deps=[{deps!r}].",
        )
    found: dict[AssetKey, Any] = {}
    for dep in deps:
        kept = dep if _is_dep(dep) else CheckDep(AssetKey.from_coercible_or_definition(dep))
        if kept.asset_key == asset_key:
            raise InvalidDefinitionError(
                f"{where} cannot have an additional dependency on its own asset.",
                mend="leave it out: a check depends on its asset anyway.",
            )
        if kept.asset_key in found:
            raise InvalidDefinitionError(
                f"{where} names asset '{kept.asset_key.to_user_string()}' twice among its additional dependencies.",
                mend="name it once.",
            )
        found[kept.asset_key] = kept
    return tuple(found.values())


def _is_dep(value: Any) -> bool:
    return isinstance(getattr(value, "asset_key", None), AssetKey) and hasattr(value, "partition_mapping")
