"""
What a user says of an asset apart from the function that makes it.

``AssetSpec`` is the whole of it, ``AssetDep`` names one upstream asset; ``asset_in.py`` and ``asset_out.py`` say of
one input and one output of an asset function. Values that the user gives are checked where they are
given, so that the error stands at the user's own line. Code that has checked them already builds
through :func:`trusted_spec`, which checks nothing and costs about a microsecond.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import EllipsisType
from typing import Any, ClassVar, NoReturn, TypeAlias

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.base.keys import (
    AssetKey,
    CoercibleToAssetKey,
)
from orrery.base.records import RecordMeta, Replaceable
from orrery.base.tags import KIND_PREFIX, kinds_as_tags, kinds_of_tags, normalize_event_tags
from orrery.definitions.parts.naming import DEFAULT_IO_MANAGER_KEY
from orrery.definitions.parts.probe import Probe, as_probe
from orrery.model.assets.node import AssetCheckNode, AssetNode

__all__ = [
    "DEFAULT_GROUP_NAME",
    "IO_MANAGER_KEY_METADATA_KEY",
    "AssetDep",
    "AssetSpec",
    "CoercibleToAssetDep",
    "checked_group_name",
    "checked_metadata",
    "coerce_asset_deps",
    "condition_told",
    "single_key",
    "trusted_spec",
]

DEFAULT_GROUP_NAME = "default"
"""Group of an asset that names none."""

IO_MANAGER_KEY_METADATA_KEY = "dagster/io_manager_key"
"""Metadata entry of a spec that names the IO manager of its asset."""

_GROUP_NAME = re.compile(r"[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)*\Z")
_EMAIL = re.compile(r"[A-Za-z0-9_.+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}\Z")


class AssetDep(Replaceable):
    """
    Name one upstream asset of an asset.

    Args:
        asset: The upstream asset: a key, a name, an ``AssetSpec``, or a definition of one asset.
        partition_mapping: Which upstream partitions a partition needs; by default the like ones.
        metadata: Static metadata of this edge.

    Raises:
        InvalidDefinitionError: *asset* is a definition of several assets, or no asset at all.

    >>> AssetDep("orders").asset_key
    AssetKey(['orders'])
    """

    __slots__ = ("asset_key", "metadata", "partition_mapping")
    _given_as: ClassVar = {"asset_key": "asset"}

    asset_key: AssetKey
    partition_mapping: Any
    metadata: dict[str, Any]

    def __init__(
        self,
        asset: CoercibleToAssetKey | AssetSpec | Any,
        *,
        partition_mapping: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        set_ = object.__setattr__
        set_(self, "asset_key", asset if type(asset) is AssetKey else single_key(asset))
        set_(self, "partition_mapping", partition_mapping)
        set_(self, "metadata", {} if metadata is None else checked_metadata(metadata, "an asset dependency"))

    @staticmethod
    def from_coercible(arg: CoercibleToAssetDep) -> AssetDep:
        """Return *arg* as a dependency: one already, or anything that names one asset."""
        return arg if isinstance(arg, AssetDep) else AssetDep(arg)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"AssetDep is immutable: '{name}' cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"AssetDep is immutable: '{name}' cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetDep):
            return NotImplemented
        return (
            self.asset_key == other.asset_key
            and self.partition_mapping == other.partition_mapping
            and self.metadata == other.metadata
        )

    def __hash__(self) -> int:
        return hash(self.asset_key)

    def __repr__(self) -> str:
        return (
            f"AssetDep(asset_key={self.asset_key!r}, partition_mapping={self.partition_mapping!r}, "
            f"metadata={self.metadata!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt_dep, (self.asset_key, self.partition_mapping, self.metadata)


def _rebuilt_dep(asset_key: AssetKey, partition_mapping: Any, metadata: Mapping[str, Any]) -> AssetDep:
    return AssetDep(asset_key, partition_mapping=partition_mapping, metadata=metadata)


class AssetSpec(Replaceable, metaclass=RecordMeta):
    """
    Say what an asset is, apart from the function that materializes or observes it.

    Give one to ``Definitions`` as it stands, and it is an external asset: shown, depended upon, never
    run. Values are checked here; ``deps`` and ``owners`` are given back as new lists.

    Args:
        key: Name of the asset.
        deps: Upstream assets: keys, names, specs, definitions (all assets of each) or ``AssetDep``.
        description: For people; Markdown.
        metadata: Static metadata.
        skippable: Whether a materialization may leave this asset out.
        group_name: Segments of letters, digits and ``_``, joined by ``/``; None for ``default``.
        code_version: Version of the code that makes the asset; a change marks it as stale.
        automation_condition: When the asset is to be materialized by itself.
        owners: E-mail addresses, or teams as ``team:name``.
        tags: For search and order; not put on runs.
        kinds: Short names of the tools or stores at work, kept as tags.
        partitions_def: The partitions that make up the asset.
        freshness_policy: How old the asset may be.
        is_virtual: Whether the asset has no storage of its own and follows its upstream assets.
        probe: For an asset that is made elsewhere: how a run learns its version before its first step. A
            :class:`Probe`, or a function that returns a ``DataVersion``.
        auto_materialize_policy: Deprecated; give *automation_condition*.
        legacy_freshness_policy: Deprecated; give *freshness_policy*.

    Raises:
        InvalidDefinitionError: A value is not what its argument takes.
        InvariantViolationError: *deps* name one asset in two different ways.

    >>> spec = AssetSpec("orders", deps=["raw_orders"], kinds={"parquet"})
    >>> [dep.asset_key.to_user_string() for dep in spec.deps], spec.kinds
    (['raw_orders'], {'parquet'})
    """

    __slots__ = (
        "_edges",
        "_owners",
        "_parents",
        "_source",
        "automation_condition",
        "code_version",
        "description",
        "freshness_policy",
        "group_name",
        "is_virtual",
        "key",
        "legacy_freshness_policy",
        "metadata",
        "partitions_def",
        "probe",
        "skippable",
        "tags",
    )

    key: AssetKey
    description: str | None
    metadata: dict[str, Any]
    group_name: str | None
    skippable: bool
    code_version: str | None
    freshness_policy: Any
    legacy_freshness_policy: Any
    automation_condition: Any
    tags: dict[str, str]
    partitions_def: Any
    is_virtual: bool
    probe: Probe | None
    _parents: tuple[AssetKey, ...]
    _edges: tuple[AssetDep, ...] | None
    _owners: tuple[str, ...]
    _source: tuple[str, int] | None

    def __init__(
        self,
        key: CoercibleToAssetKey,
        *,
        deps: Iterable[CoercibleToAssetDep] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        automation_condition: Any = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        partitions_def: Any = None,
        freshness_policy: Any = None,
        is_virtual: bool = False,
        auto_materialize_policy: Any = None,
        legacy_freshness_policy: Any = None,
        probe: Probe | Callable[[], Any] | None = None,
    ) -> None:
        asset_key = key if type(key) is AssetKey else AssetKey(key)
        if auto_materialize_policy is not None:
            if automation_condition is not None:
                raise InvalidDefinitionError(
                    f"Asset '{asset_key.to_user_string()}' has both 'automation_condition' and "
                    "'auto_materialize_policy'.",
                    mend="give 'automation_condition' alone; the other is its older name.",
                )
            automation_condition = auto_materialize_policy.to_automation_condition()
        if description is not None and not isinstance(description, str):
            raise _wrong_type(asset_key, "description", description, "text")
        if code_version is not None and not isinstance(code_version, str):
            raise _wrong_type(asset_key, "code_version", code_version, "text")
        if type(skippable) is not bool:
            raise _wrong_type(asset_key, "skippable", skippable, "True or False")
        checked_tags = {} if tags is None else _checked_tags(tags, asset_key)
        if kinds:
            checked_tags.update(_kind_tags(kinds, asset_key))
        frame = sys._getframe(1)
        if frame.f_globals.get("__name__") == RecordMeta.__module__ and frame.f_back is not None:
            frame = frame.f_back  # the call came through the metaclass of records
        edges = None if deps is None else coerce_asset_deps(deps, asset_key)
        _fill(
            self,
            asset_key,
            tuple([dep.asset_key for dep in edges]) if edges else (),
            edges,
            description,
            {} if metadata is None else checked_metadata(metadata, f"asset '{asset_key.to_user_string()}'"),
            skippable,
            None if group_name is None else checked_group_name(group_name),
            code_version,
            automation_condition,
            () if owners is None else _checked_owners(owners, asset_key),
            checked_tags,
            partitions_def,
            freshness_policy,
            legacy_freshness_policy,
            is_virtual,
            None if probe is None else as_probe(probe, asset_key.to_user_string(), partitions_def),
            (frame.f_code.co_filename, frame.f_lineno),
        )

    @property
    def _deps(self) -> tuple[AssetDep, ...]:
        edges = self._edges
        if edges is None:
            edges = tuple([AssetDep(key) for key in self._parents])
            object.__setattr__(self, "_edges", edges)
        return edges

    @property
    def deps(self) -> list[AssetDep]:
        """Return the upstream assets as a new list, in the order they were given."""
        return list(self._deps)

    @property
    def owners(self) -> list[str]:
        """Return the owners as a new list."""
        return list(self._owners)

    @property
    def kinds(self) -> set[str]:
        """Return the kinds: the tags that begin with ``orrery/kind/``, without that prefix."""
        return kinds_of_tags(self.tags)

    @property
    def partition_mappings(self) -> Mapping[AssetKey, Any]:
        """Return the partition mapping of each upstream asset that has one of its own."""
        return {dep.asset_key: dep.partition_mapping for dep in self._edges or () if dep.partition_mapping is not None}

    @property
    def auto_materialize_policy(self) -> Any:
        """Return the automation condition in its older form, if it was given so (deprecated)."""
        condition = self.automation_condition
        to_policy = getattr(condition, "as_auto_materialize_policy", None)
        return None if to_policy is None else to_policy()

    def with_io_manager_key(self, io_manager_key: str) -> AssetSpec:
        """
        Return a copy whose asset is stored and loaded by the IO manager at *io_manager_key*.

        >>> AssetSpec("orders").with_io_manager_key("parquet").metadata
        {'dagster/io_manager_key': 'parquet'}
        """
        return self._changed(metadata={**self.metadata, IO_MANAGER_KEY_METADATA_KEY: io_manager_key})

    def replace_attributes(
        self,
        *,
        key: CoercibleToAssetKey | EllipsisType = ...,
        deps: Iterable[CoercibleToAssetDep] | EllipsisType | None = ...,
        description: str | EllipsisType | None = ...,
        metadata: Mapping[str, Any] | EllipsisType | None = ...,
        skippable: bool | EllipsisType = ...,
        group_name: str | EllipsisType | None = ...,
        code_version: str | EllipsisType | None = ...,
        automation_condition: Any = ...,
        owners: Sequence[str] | EllipsisType | None = ...,
        tags: Mapping[str, str] | EllipsisType | None = ...,
        kinds: Iterable[str] | EllipsisType | None = ...,
        partitions_def: Any = ...,
        legacy_freshness_policy: Any = ...,
        freshness_policy: Any = ...,
        is_virtual: bool | EllipsisType = ...,
        probe: Probe | Callable[[], Any] | EllipsisType | None = ...,
    ) -> AssetSpec:
        """
        Return a copy with the given attributes in place of its own; ``...`` keeps one.

        Tags and kinds are replaced apart from each other: new tags leave the kinds as they are.

        >>> AssetSpec("a", group_name="g").replace_attributes(key="b").group_name
        'g'
        """
        given: dict[str, Any] = {
            "key": key,
            "deps": deps,
            "description": description,
            "metadata": metadata,
            "skippable": skippable,
            "group_name": group_name,
            "code_version": code_version,
            "automation_condition": automation_condition,
            "owners": owners,
            "partitions_def": partitions_def,
            "legacy_freshness_policy": legacy_freshness_policy,
            "freshness_policy": freshness_policy,
            "is_virtual": is_virtual,
            "probe": probe,
        }
        changes = {name: value for name, value in given.items() if value is not ...}
        if tags is not ... or kinds is not ...:
            new_tags = _without_kinds(self.tags) if isinstance(tags, EllipsisType) else dict(tags or {})
            new_kinds = self.kinds if isinstance(kinds, EllipsisType) else kinds
            changes |= {"tags": new_tags, "kinds": new_kinds}
        return self._changed(**changes)

    def merge_attributes(
        self,
        *,
        deps: Iterable[CoercibleToAssetDep] | EllipsisType = ...,
        metadata: Mapping[str, Any] | EllipsisType = ...,
        owners: Sequence[str] | EllipsisType = ...,
        tags: Mapping[str, str] | EllipsisType = ...,
        kinds: Iterable[str] | EllipsisType = ...,
    ) -> AssetSpec:
        """
        Return a copy with the given attributes added to its own; a given entry wins over an own one.

        >>> AssetSpec("a", tags={"x": "1"}).merge_attributes(tags={"y": "2"}).tags
        {'x': '1', 'y': '2'}
        """
        changes: dict[str, Any] = {}
        if not isinstance(deps, EllipsisType):
            changes["deps"] = [*self._deps, *deps]
        if not isinstance(metadata, EllipsisType):
            changes["metadata"] = {**self.metadata, **metadata}
        if not isinstance(owners, EllipsisType):
            changes["owners"] = list(dict.fromkeys([*self._owners, *owners]))
        if not isinstance(tags, EllipsisType):
            changes["tags"] = {**self.tags, **tags}
        if not isinstance(kinds, EllipsisType):
            changes["kinds"] = [*self.kinds, *kinds]
        return self._changed(**changes)

    def _asdict(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "deps": self._deps,
            "description": self.description,
            "metadata": self.metadata,
            "skippable": self.skippable,
            "group_name": self.group_name,
            "code_version": self.code_version,
            "automation_condition": self.automation_condition,
            "owners": self._owners,
            "tags": self.tags,
            "partitions_def": self.partitions_def,
            "freshness_policy": self.freshness_policy,
            "legacy_freshness_policy": self.legacy_freshness_policy,
            "is_virtual": self.is_virtual,
            "probe": self.probe,
        }

    def _replace(self, **changes: Any) -> AssetSpec:
        return self._changed(**changes)

    def _changed(self, **changes: Any) -> AssetSpec:
        changed = AssetSpec(**{**self._asdict(), **changes})
        object.__setattr__(changed, "_source", self._source)
        return changed

    def as_node(
        self,
        *,
        is_materializable: bool = False,
        is_observable: bool = False,
        op_name: str | None = None,
        io_manager_key: str | None = None,
        source: tuple[str, int] | None = None,
        execution_set: object = None,
        **more: Any,
    ) -> AssetNode:
        """
        Return this asset as the asset graph knows it.

        Args:
            is_materializable: Whether a function of the project makes it.
            is_observable: Whether a function of the project observes it.
            op_name: Name of the op that holds the function.
            io_manager_key: Resource that stores the value, where that is the function's to say.
            source: File and line to show in errors; by default where the spec was written.
            execution_set: Same (hashable) mark for assets and checks that only run together.
            more: Further fields of :class:`AssetNode`.
        """
        return AssetNode(
            key=self.key,
            parent_keys=self._parents,
            mappings=(self.partition_mappings or None) if self._edges else None,
            group_name=self.group_name or DEFAULT_GROUP_NAME,
            description=self.description,
            metadata=self.metadata,
            tags=self.tags,
            owner_names=self._owners,
            code_version=self.code_version,
            partitions_def=self.partitions_def,
            automation_condition=self.automation_condition,
            freshness_policy=self.freshness_policy,
            legacy_freshness_policy=self.legacy_freshness_policy,
            is_virtual=self.is_virtual,
            skippable=self.skippable,
            is_materializable=is_materializable,
            is_observable=is_observable,
            op_name=op_name,
            io_manager_key=io_manager_key or self.metadata.get(IO_MANAGER_KEY_METADATA_KEY, DEFAULT_IO_MANAGER_KEY),
            source=source or self._source,
            execution_set=execution_set,
            **more,
        )

    def asset_nodes(self) -> tuple[AssetNode, ...]:
        """Return the one node of a bare spec: an external asset."""
        return (self.as_node(),)

    def check_nodes(self) -> tuple[AssetCheckNode, ...]:
        """Return no check: a bare spec has none."""
        return ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"AssetSpec is immutable: '{name}' cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"AssetSpec is immutable: '{name}' cannot be deleted")

    def _values(self) -> tuple[Any, ...]:
        return (
            self.key,
            self._deps,
            self.description,
            self.metadata,
            self.skippable,
            self.group_name,
            self.code_version,
            self.automation_condition,
            self._owners,
            self.tags,
            self.partitions_def,
            self.freshness_policy,
            self.legacy_freshness_policy,
            self.is_virtual,
            self.probe,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetSpec):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return (
            f"AssetSpec(key={self.key!r}, deps={self.deps!r}, description={self.description!r}, "
            f"metadata={self.metadata!r}, group_name={self.group_name!r}, skippable={self.skippable!r}, "
            f"code_version={self.code_version!r}, freshness_policy={self.freshness_policy!r}, "
            f"automation_condition={self.automation_condition!r}, owners={self.owners!r}, tags={self.tags!r}, "
            f"partitions_def={self.partitions_def!r}, is_virtual={self.is_virtual!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt_spec, (*self._values(), self._source)


_new_spec = AssetSpec.__new__


def _fill(
    spec: AssetSpec,
    key: AssetKey,
    parents: tuple[AssetKey, ...],
    edges: tuple[AssetDep, ...] | None,
    description: str | None,
    metadata: dict[str, Any],
    skippable: bool,
    group_name: str | None,
    code_version: str | None,
    automation_condition: Any,
    owners: tuple[str, ...],
    tags: dict[str, str],
    partitions_def: Any,
    freshness_policy: Any,
    legacy_freshness_policy: Any,
    is_virtual: bool,
    probe: Probe | None,
    source: tuple[str, int] | None,
) -> None:
    if partitions_def is not None and not hasattr(partitions_def, "get_partition_keys"):
        raise InvalidDefinitionError(
            f"'partitions_def' of asset '{key.to_user_string()}' is {partitions_def!r} ({type(partitions_def).__name__}).",
            mend='give a PartitionsDefinition, as StaticPartitionsDefinition(["a", "b"]).',
        )
    set_ = object.__setattr__
    set_(spec, "key", key)
    set_(spec, "_parents", parents)
    set_(spec, "_edges", edges)
    set_(spec, "description", description)
    set_(spec, "metadata", metadata)
    set_(spec, "skippable", skippable)
    set_(spec, "group_name", group_name)
    set_(spec, "code_version", code_version)
    set_(spec, "automation_condition", automation_condition)
    set_(spec, "_owners", owners)
    set_(spec, "tags", tags)
    set_(spec, "partitions_def", partitions_def)
    set_(spec, "freshness_policy", freshness_policy)
    set_(spec, "legacy_freshness_policy", legacy_freshness_policy)
    set_(spec, "is_virtual", is_virtual)
    set_(spec, "probe", probe)
    set_(spec, "_source", source)


def _rebuilt_spec(key: AssetKey, edges: tuple[AssetDep, ...], *values: Any) -> AssetSpec:
    spec = _new_spec(AssetSpec)
    _fill(spec, key, tuple([dep.asset_key for dep in edges]), edges, *values)
    return spec


def trusted_spec(
    key: AssetKey,
    parents: tuple[AssetKey, ...] = (),
    edges: tuple[AssetDep, ...] | None = None,
    *,
    description: str | None = None,
    metadata: dict[str, Any] | None = None,
    skippable: bool = False,
    group_name: str | None = None,
    code_version: str | None = None,
    automation_condition: Any = None,
    owners: tuple[str, ...] = (),
    tags: dict[str, str] | None = None,
    partitions_def: Any = None,
    freshness_policy: Any = None,
    legacy_freshness_policy: Any = None,
    is_virtual: bool = False,
    source: tuple[str, int] | None = None,
) -> AssetSpec:
    """
    Return a spec of values that were checked before; nothing is checked or copied here.

    *parents* are the upstream assets, each once; *edges* say the same as dependencies, and may be None
    where no more is to be said of any. Kinds must already be among *tags*. Give None for *metadata* and
    *tags* where there are none.
    *source* is the file and line that errors show; for a function, those of its code object.
    """
    spec = _new_spec(AssetSpec)
    _fill(
        spec,
        key,
        parents,
        edges,
        description,
        {} if metadata is None else metadata,
        skippable,
        group_name,
        code_version,
        automation_condition,
        owners,
        {} if tags is None else tags,
        partitions_def,
        freshness_policy,
        legacy_freshness_policy,
        is_virtual,
        None,
        source,
    )
    return spec


CoercibleToAssetDep: TypeAlias = CoercibleToAssetKey | AssetSpec | AssetDep | Any


def coerce_asset_deps(deps: Iterable[CoercibleToAssetDep], of: AssetKey | None = None) -> tuple[AssetDep, ...]:
    """
    Return *deps* as dependencies, each upstream asset once, in the order of its first mention.

    A definition of several assets stands for all of them.

    Args:
        deps: Keys, names, specs, definitions or ``AssetDep``.
        of: The asset that depends on them, for errors.

    Raises:
        InvalidDefinitionError: *deps* is one string, or an element names no asset.
        InvariantViolationError: One asset is named in two different ways (partition mapping, metadata).
    """
    if isinstance(deps, str | AssetKey | Mapping) or not isinstance(deps, Iterable):
        shown = deps.to_user_string() if isinstance(deps, AssetKey) else deps
        raise InvalidDefinitionError(
            f"The deps{_of(of)} are {deps!r} ({type(deps).__name__}), not a sequence of assets.",
            mend=f"write deps=[{shown!r}].",
        )
    by_key: dict[AssetKey, AssetDep] = {}
    for each in deps:
        for dep in _deps_of(each):
            known = by_key.setdefault(dep.asset_key, dep)
            if known is not dep and known != dep:
                raise InvariantViolationError(
                    f"The deps{_of(of)} name asset '{dep.asset_key.to_user_string()}' more than once, "
                    "with different partition mappings or metadata.",
                    mend="keep one of them.",
                )
    return tuple(by_key.values())


def _deps_of(each: Any) -> Iterable[AssetDep]:
    if type(each) is AssetDep:
        return (each,)
    if not isinstance(each, AssetSpec) and hasattr(type(each), "asset_nodes"):
        keys = getattr(each, "keys", None)
        if keys is not None and not callable(keys):
            return [AssetDep(key) for key in keys]
    return (AssetDep.from_coercible(each),)


def single_key(asset: Any) -> AssetKey:
    """
    Return the key of the one asset that *asset* names.

    Raises:
        InvalidDefinitionError: It names none, or several.
    """
    if isinstance(asset, AssetKey | str | list | tuple):
        return AssetKey(asset)
    if isinstance(asset, AssetSpec):
        return asset.key
    if hasattr(type(asset), "asset_nodes"):
        keys = getattr(asset, "keys", None)
        if keys is not None and not callable(keys) and len(keys) != 1:
            names = ", ".join(f"'{key.to_user_string()}'" for key in sorted(keys))
            raise InvalidDefinitionError(
                f"A definition of {len(keys)} assets stands where one asset is meant; it defines {names or 'none'}.",
                mend="name the one that is meant by its key.",
            )
        key = asset.key
        if isinstance(key, AssetKey):
            return key
    if not isinstance(asset, Sequence) or isinstance(asset, bytes):
        raise InvalidDefinitionError(
            f"{asset!r} ({type(asset).__name__}) is no asset.",
            mend="give an AssetKey, its name as text, an AssetSpec, or a definition of one asset.",
        )
    return AssetKey(asset)


def _of(key: AssetKey | None) -> str:
    return "" if key is None else f" of asset '{key.to_user_string()}'"


def _wrong_type(key: AssetKey, argument: str, value: object, wanted: str) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"'{argument}' of asset '{key.to_user_string()}' is {value!r} ({type(value).__name__}), not {wanted}.",
        mend=f"give {wanted}.",
    )


def checked_metadata(metadata: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """
    Return a copy of *metadata* if it maps text.

    Raises:
        InvalidDefinitionError: It is no mapping, or one of its names is no text.
    """
    if not isinstance(metadata, Mapping):
        raise InvalidDefinitionError(
            f"The metadata of {owner} is {metadata!r} ({type(metadata).__name__}), not a mapping.",
            mend='write metadata={"name": value}.',
        )
    for name in metadata:
        if not isinstance(name, str):
            raise InvalidDefinitionError(
                f"The metadata of {owner} has the name {name!r} ({type(name).__name__}), which is not text.",
                mend=f"write {str(name)!r}.",
            )
    return dict(metadata)


def _checked_tags(tags: Any, key: AssetKey) -> dict[str, str]:
    try:
        return normalize_event_tags(tags)
    except InvalidDefinitionError as error:
        raise InvalidDefinitionError(
            f"Asset '{key.to_user_string()}' has tags that cannot stand. {error.args[0]}", mend=error.mend
        ) from None


def _kind_tags(kinds: Any, key: AssetKey) -> dict[str, str]:
    if isinstance(kinds, str):
        raise _wrong_type(key, "kinds", kinds, f"a set of text, as {{{kinds!r}}}")
    for kind in kinds:
        if not isinstance(kind, str):
            raise _wrong_type(key, "kinds", kind, "text")
    return kinds_as_tags(kinds)


def _without_kinds(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if not name.startswith(KIND_PREFIX)}


def condition_told(automation_condition: Any, auto_materialize_policy: Any) -> Any:
    """Return the automation condition; what the older form of it stands for, where only that was given."""
    if automation_condition is not None or auto_materialize_policy is None:
        return automation_condition
    if hasattr(auto_materialize_policy, "to_automation_condition"):
        return auto_materialize_policy.to_automation_condition()
    return auto_materialize_policy


def checked_group_name(group_name: Any) -> str:
    """
    Return *group_name* if an asset group may be called so.

    Raises:
        InvalidDefinitionError: It is empty, or has other characters than letters, digits and ``_``
            between slashes.
    """
    if not isinstance(group_name, str) or not _GROUP_NAME.match(group_name):
        if group_name == "":
            raise InvalidDefinitionError(
                "An asset group has an empty name.", mend=f"leave group_name out: the group is '{DEFAULT_GROUP_NAME}'."
            )
        raise InvalidDefinitionError(
            f"{group_name!r} is not a valid asset group name.",
            mend="use letters, digits and '_', in segments joined by '/', as 'marketing' or 'marketing/web'.",
        )
    return group_name


def _checked_owners(owners: Any, key: AssetKey) -> tuple[str, ...]:
    if isinstance(owners, str):
        raise _wrong_type(key, "owners", owners, f"a sequence of text, as [{owners!r}]")
    for owner in owners:
        if not isinstance(owner, str) or not (
            (owner.startswith("team:") and len(owner) > len("team:")) or _EMAIL.match(owner)
        ):
            raise InvalidDefinitionError(
                f"Asset '{key.to_user_string()}' has the owner {owner!r}, "
                "which is neither an e-mail address nor a team.",
                mend=f"write 'team:{owner}' for a team, or an address such as 'name@example.com'.",
            )
    return tuple(owners)
