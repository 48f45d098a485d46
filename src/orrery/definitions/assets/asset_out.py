"""What a user says of one output of an asset function: ``AssetOut``, the spec of an asset and how its value is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import (
    AssetKey,
    CoercibleToAssetKey,
    CoercibleToAssetKeyPrefix,
    key_prefix_parts,
)
from orrery.base.records import RecordMeta
from orrery.definitions.assets.asset_spec import AssetDep, AssetSpec
from orrery.definitions.parts.inputs_outputs import NO_VALUE, Out

__all__ = [
    "AssetOut",
]


class AssetOut(metaclass=RecordMeta):
    """
    Say what one asset of a ``@multi_asset`` is.

    Args:
        key_prefix: Parts before the name of the output; not together with *key*.
        key: Key of the asset; by default the name of the output.
        dagster_type: Type that the value must have; by default from the annotation.
        description: For people; Markdown.
        is_required: Whether a run of the function must give this output.
        io_manager_key: The resource that stores the value; by default ``io_manager``.
        metadata: Static metadata.
        group_name: Group of the asset.
        code_version: Version of the code that makes the asset.
        automation_condition: When the asset is to be materialized by itself.
        backfill_policy: How backfills cut the partitions into runs.
        owners: E-mail addresses, or teams as ``team:name``.
        tags: For search and order.
        kinds: Short names of the tools or stores at work.
        freshness_policy: How old the asset may be.
        is_virtual: Whether the asset has no storage of its own.
        auto_materialize_policy: Deprecated; give *automation_condition*.
        legacy_freshness_policy: Deprecated; give *freshness_policy*.

    Raises:
        InvalidDefinitionError: Both *key* and *key_prefix* are given, or a value is not what its argument takes.
    """

    __slots__ = (
        "_has_key",
        "_spec",
        "backfill_policy",
        "dagster_type",
        "io_manager_key",
        "is_required",
        "key_prefix",
    )

    key_prefix: list[str] | None
    dagster_type: Any
    is_required: bool
    io_manager_key: str | None
    backfill_policy: Any
    _spec: AssetSpec
    _has_key: bool

    def __init__(
        self,
        key_prefix: CoercibleToAssetKeyPrefix | None = None,
        key: CoercibleToAssetKey | None = None,
        dagster_type: Any = NO_VALUE,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        group_name: str | None = None,
        code_version: str | None = None,
        automation_condition: Any = None,
        backfill_policy: Any = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        freshness_policy: Any = None,
        is_virtual: bool = False,
        *,
        auto_materialize_policy: Any = None,
        legacy_freshness_policy: Any = None,
    ) -> None:
        if key is not None and key_prefix:
            raise InvalidDefinitionError(
                f"An AssetOut has both the key {key!r} and the key_prefix {key_prefix!r}.",
                mend="give the whole key as 'key', or the parts before the name of the output as 'key_prefix'.",
            )
        spec = AssetSpec(
            AssetKey(()) if key is None else key,
            description=description,
            metadata=metadata,
            group_name=group_name,
            code_version=code_version,
            automation_condition=automation_condition,
            owners=owners,
            tags=tags,
            kinds=kinds,
            freshness_policy=freshness_policy,
            is_virtual=is_virtual,
            auto_materialize_policy=auto_materialize_policy,
            legacy_freshness_policy=legacy_freshness_policy,
        )
        self._fill(
            spec,
            has_key=key is not None,
            key_prefix=None if key_prefix is None else list(key_prefix_parts(key_prefix)),
            dagster_type=dagster_type,
            is_required=is_required,
            io_manager_key=io_manager_key,
            backfill_policy=backfill_policy,
        )

    def _fill(
        self,
        spec: AssetSpec,
        *,
        has_key: bool,
        key_prefix: list[str] | None,
        dagster_type: Any,
        is_required: bool,
        io_manager_key: str | None,
        backfill_policy: Any,
    ) -> None:
        set_ = object.__setattr__
        set_(self, "_spec", spec)
        set_(self, "_has_key", has_key)
        set_(self, "key_prefix", key_prefix)
        set_(self, "dagster_type", dagster_type)
        set_(self, "is_required", is_required)
        set_(self, "io_manager_key", io_manager_key)
        set_(self, "backfill_policy", backfill_policy)

    @staticmethod
    def from_spec(
        spec: AssetSpec,
        dagster_type: Any = NO_VALUE,
        is_required: bool = True,
        io_manager_key: str | None = None,
        backfill_policy: Any = None,
    ) -> AssetOut:
        """
        Return the output that makes the asset of *spec*.

        Raises:
            InvalidDefinitionError: *spec* has deps; an output takes those of its function.
        """
        if spec._parents:
            raise InvalidDefinitionError(
                f"AssetOut.from_spec was given the spec of '{spec.key.to_user_string()}', which has deps.",
                mend="give the deps to 'deps' or 'internal_asset_deps' of @multi_asset, or the spec to its 'specs'.",
            )
        out = AssetOut.__new__(AssetOut)
        out._fill(
            spec,
            has_key=True,
            key_prefix=None,
            dagster_type=dagster_type,
            is_required=is_required,
            io_manager_key=io_manager_key,
            backfill_policy=backfill_policy,
        )
        return out

    @property
    def key(self) -> AssetKey | None:
        """Return the key, or None where it follows from the name of the output."""
        return self._spec.key if self._has_key else None

    @property
    def description(self) -> str | None:
        """Return the description."""
        return self._spec.description

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """Return the static metadata."""
        return self._spec.metadata

    @property
    def group_name(self) -> str | None:
        """Return the group, or None where none was given."""
        return self._spec.group_name

    @property
    def code_version(self) -> str | None:
        """Return the version of the code."""
        return self._spec.code_version

    @property
    def automation_condition(self) -> Any:
        """Return the automation condition."""
        return self._spec.automation_condition

    @property
    def auto_materialize_policy(self) -> Any:
        """Return the automation condition in its older form (deprecated)."""
        return self._spec.auto_materialize_policy

    @property
    def freshness_policy(self) -> Any:
        """Return the freshness policy."""
        return self._spec.freshness_policy

    @property
    def legacy_freshness_policy(self) -> Any:
        """Return the freshness policy of the older kind (deprecated)."""
        return self._spec.legacy_freshness_policy

    @property
    def owners(self) -> list[str]:
        """Return the owners as a new list."""
        return self._spec.owners

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags, kinds among them."""
        return self._spec.tags

    @property
    def kinds(self) -> set[str]:
        """Return the kinds."""
        return self._spec.kinds

    @property
    def is_virtual(self) -> bool:
        """Tell whether the asset has no storage of its own."""
        return self._spec.is_virtual

    def resolve_key(self, output_name: str) -> AssetKey:
        """Return the key of the asset that the output called *output_name* makes."""
        return self._spec.key if self._has_key else AssetKey((*(self.key_prefix or ()), output_name))

    def to_out(self) -> Out:
        """Return the output of the op that makes the asset."""
        return Out(
            dagster_type=self.dagster_type,
            description=self.description,
            metadata=self.metadata,
            is_required=self.is_required,
            io_manager_key=self.io_manager_key,
            code_version=self.code_version,
        )

    def to_spec(
        self,
        key: AssetKey,
        deps: Sequence[AssetDep],
        additional_tags: Mapping[str, str] | None = None,
        partitions_def: Any = ...,
    ) -> AssetSpec:
        """
        Return the spec of the asset that this output makes.

        Args:
            key: Key of the asset.
            deps: Its upstream assets.
            additional_tags: Tags to add; those of the output win.
            partitions_def: Its partitions; ``...`` keeps those of the spec the output came from.
        """
        spec = self._spec
        changes: dict[str, Any] = {"key": key, "deps": deps, "skippable": not self.is_required}
        if additional_tags:
            changes["tags"] = {**additional_tags, **spec.tags}
        if partitions_def is not ...:
            changes["partitions_def"] = partitions_def
        return spec._changed(**changes)

    def _values(self) -> tuple[Any, ...]:
        return (
            self._spec,
            self._has_key,
            self.key_prefix,
            self.dagster_type,
            self.is_required,
            self.io_manager_key,
            self.backfill_policy,
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"AssetOut is immutable: '{name}' cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"AssetOut is immutable: '{name}' cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetOut):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self._spec, self.is_required, self.io_manager_key))

    def __repr__(self) -> str:
        return (
            f"AssetOut(key_prefix={self.key_prefix!r}, key={self.key!r}, is_required={self.is_required!r}, "
            f"io_manager_key={self.io_manager_key!r}, group_name={self.group_name!r}, tags={self.tags!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt_out, self._values()


def _rebuilt_out(
    spec: AssetSpec,
    has_key: bool,
    key_prefix: list[str] | None,
    dagster_type: Any,
    is_required: bool,
    io_manager_key: str | None,
    backfill_policy: Any,
) -> AssetOut:
    out = AssetOut.__new__(AssetOut)
    out._fill(
        spec,
        has_key=has_key,
        key_prefix=key_prefix,
        dagster_type=dagster_type,
        is_required=is_required,
        io_manager_key=io_manager_key,
        backfill_policy=backfill_policy,
    )
    return out
