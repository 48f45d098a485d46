"""Source assets: assets that are made elsewhere, and maybe observed by a function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError
from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.definitions.assets.asset_spec import IO_MANAGER_KEY_METADATA_KEY, AssetSpec
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.parts.inputs_outputs import Out, OutputDefinition
from orrery.definitions.parts.probe import Probe, as_probe
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.definitions.parts.signature import ComputeFunction
from orrery.definitions.verbs import verbs
from orrery.model.assets.node import AssetCheckNode, AssetNode

__all__ = ["OBSERVATION", "UNEXECUTABLE", "SourceAsset"]

OBSERVATION = "OBSERVATION"
UNEXECUTABLE = "UNEXECUTABLE"


class SourceAsset:
    """
    An asset that is made elsewhere: it can be loaded and depended on, and maybe observed.

    Args:
        key: Key of the asset.
        metadata: Any metadata, by name.
        io_manager_key: Resource that loads the value.
        io_manager_def: IO manager that loads the value; in place of a key.
        description: Text for people.
        partitions_def: Partitions of the asset.
        group_name: Group of the asset.
        resource_defs: Resources by key, for this asset alone.
        observe_fn: Function that returns a ``DataVersion`` or an ``ObserveResult``.
        op_tags: Tags of the step that observes.
        auto_observe_interval_minutes: How often to observe by itself, in minutes.
        legacy_freshness_policy: Carried along.
        automation_condition: When the asset is observed by itself.
        tags: Tags by name.
        probe: How a run that depends on the asset learns its version before its first step; not together with
            *observe_fn*. A :class:`Probe`, or a function that returns a ``DataVersion``.
    """

    __slots__ = (
        "__weakref__",
        "_metadata",
        "_op",
        "_required_resource_keys",
        "_spec",
        "auto_observe_interval_minutes",
        "automation_condition",
        "description",
        "group_name",
        "io_manager_key",
        "key",
        "legacy_freshness_policy",
        "observe_fn",
        "op_tags",
        "partitions_def",
        "probe",
        "raw_metadata",
        "resource_defs",
        "source",
        "tags",
    )

    def __init__(
        self,
        key: CoercibleToAssetKey,
        metadata: Mapping[str, Any] | None = None,
        io_manager_key: str | None = None,
        io_manager_def: Any = None,
        description: str | None = None,
        partitions_def: Any = None,
        group_name: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        observe_fn: Callable[..., Any] | None = None,
        op_tags: Mapping[str, Any] | None = None,
        *,
        auto_observe_interval_minutes: float | None = None,
        legacy_freshness_policy: Any = None,
        automation_condition: Any = None,
        tags: Mapping[str, str] | None = None,
        probe: Probe | Callable[[], Any] | None = None,
        _required_resource_keys: AbstractSet[str] | None = None,
        source: tuple[str, int] | None = None,
    ) -> None:
        self.key = AssetKey.from_coercible(key)
        self.raw_metadata = dict(metadata or {})
        self._metadata: Mapping[str, MetadataValue[Any]] | None = None
        defs = as_resource_definitions(resource_defs)
        if io_manager_def is not None:
            io_manager_key = io_manager_key or f"{self.key.to_python_identifier()}__io_manager"
            own = defs.get(io_manager_key)
            made = as_resource_definitions({io_manager_key: io_manager_def})
            if own is not None and own is not made[io_manager_key]:
                raise InvalidDefinitionError(
                    f"Provided conflicting definitions for io manager key '{io_manager_key}' of source asset "
                    f"'{self.key.to_user_string()}'.",
                    mend="give either io_manager_def, or io_manager_key with resource_defs.",
                )
            defs = {**defs, **made}
        self.io_manager_key = io_manager_key
        self.resource_defs: Mapping[str, ResourceDefinition] = defs
        spec = AssetSpec(
            self.key, description=description, group_name=group_name, tags=tags, metadata=self.raw_metadata
        )
        self.description = description
        self.partitions_def = partitions_def
        self.group_name = spec.group_name or "default"
        self.tags = spec.tags
        self.observe_fn = observe_fn
        self.probe = as_probe(probe, self.key.to_user_string(), partitions_def)
        if self.probe is not None and observe_fn is not None:
            raise InvalidDefinitionError(
                f"Source asset '{self.key.to_user_string()}' has 'observe_fn' and 'probe': both tell its version.",
                mend="give 'probe' to look in every run, or 'observe_fn' to look when somebody observes it.",
            )
        self.op_tags = dict(op_tags or {})
        self.auto_observe_interval_minutes = auto_observe_interval_minutes
        self.legacy_freshness_policy = legacy_freshness_policy
        self.automation_condition = automation_condition
        self._required_resource_keys = frozenset(_required_resource_keys or ())
        if source is None:
            frame = sys._getframe(1)
            source = frame.f_code.co_filename, frame.f_lineno
        self.source = source
        self._op: OpDefinition | None = None
        self._spec: AssetSpec | None = None

    @property
    def metadata(self) -> Mapping[str, MetadataValue[Any]]:
        """Return the metadata by name."""
        if self._metadata is None:
            self._metadata = normalize_metadata(self.raw_metadata)
        return self._metadata

    @property
    def io_manager_def(self) -> ResourceDefinition | None:
        """Return the IO manager, if it was given."""
        return self.resource_defs.get(self.get_io_manager_key())

    def get_io_manager_key(self) -> str:
        """Return the resource that loads the value."""
        return self.io_manager_key or "io_manager"

    @property
    def is_observable(self) -> bool:
        """Tell whether there is a function that observes the asset."""
        return self.observe_fn is not None

    @property
    def is_executable(self) -> bool:
        """Tell whether there is a function that observes the asset."""
        return self.observe_fn is not None

    @property
    def execution_type(self) -> str:
        """Return what a run does with the asset."""
        return OBSERVATION if self.observe_fn is not None else UNEXECUTABLE

    @property
    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the resources that the function uses, and the IO manager."""
        if self.observe_fn is None:
            return {self.get_io_manager_key()}
        return {*self.op.required_resource_keys, self.get_io_manager_key()}

    def get_resource_requirements(self) -> Sequence[str]:
        """Return the resources that the function uses, and the IO manager."""
        return sorted(self.required_resource_keys)

    @property
    def spec(self) -> AssetSpec:
        """Return what is said of the asset."""
        made = self._spec
        if made is None:
            metadata = dict(self.raw_metadata)
            if self.io_manager_key is not None:
                metadata[IO_MANAGER_KEY_METADATA_KEY] = self.io_manager_key
            made = AssetSpec(
                self.key,
                description=self.description,
                metadata=metadata,
                group_name=self.group_name,
                tags=self.tags,
                partitions_def=self.partitions_def,
                automation_condition=self.automation_condition,
                probe=self.probe,
            )
            self._spec = made
        return made

    @property
    def node_def(self) -> OpDefinition | None:
        """Return the op that observes the asset, if there is a function."""
        return self.op if self.observe_fn is not None else None

    @property
    def op(self) -> OpDefinition:
        """
        Return the op that observes the asset.

        Raises:
            InvalidDefinitionError: There is no function.
        """
        if self.observe_fn is None:
            raise InvalidDefinitionError(
                f"Source asset '{self.key.to_user_string()}' has no function that observes it."
            )
        made = self._op
        if made is None:
            made = _observe_op(self)
            self._op = made
        return made

    def with_resources(self, resource_defs: Mapping[str, Any]) -> SourceAsset:
        """Return the asset with resources bound to it."""
        given = as_resource_definitions(resource_defs)
        needed = self.required_resource_keys
        return self._changed(
            resource_defs={**{key: each for key, each in given.items() if key in needed}, **self.resource_defs}
        )

    def with_attributes(self, group_name: str | None = None, key: AssetKey | None = None) -> SourceAsset:
        """Return the asset with another group or key."""
        if group_name is not None and self.group_name != "default":
            raise InvalidDefinitionError(
                f"A group name has already been provided to source asset {self.key.to_user_string()}"
            )
        return self._changed(group_name=group_name or self.group_name, key=key or self.key)

    def _changed(self, **changes: Any) -> SourceAsset:
        arguments = {
            "key": self.key,
            "metadata": self.raw_metadata,
            "io_manager_key": self.io_manager_key,
            "description": self.description,
            "partitions_def": self.partitions_def,
            "group_name": self.group_name,
            "resource_defs": self.resource_defs,
            "observe_fn": self.observe_fn,
            "op_tags": self.op_tags,
            "auto_observe_interval_minutes": self.auto_observe_interval_minutes,
            "legacy_freshness_policy": self.legacy_freshness_policy,
            "automation_condition": self.automation_condition,
            "tags": self.tags,
            "probe": self.probe,
            "_required_resource_keys": self._required_resource_keys,
            "source": self.source,
        }
        return SourceAsset(**{**arguments, **changes})

    def asset_nodes(self) -> tuple[AssetNode, ...]:
        """Return the asset as the asset graph knows it."""
        node_def = self.node_def
        return (
            self.spec.as_node(
                is_observable=node_def is not None,
                op_name=node_def.name if node_def is not None else None,
                pools=node_def.pools if node_def is not None else None,
                source=self.source,
            ),
        )

    def check_nodes(self) -> tuple[AssetCheckNode, ...]:
        """Return no check."""
        return ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """
        Call the function that observes the asset directly.

        Raises:
            InvalidInvocationError: There is no function.
        """
        if self.observe_fn is None:
            raise InvalidInvocationError("Cannot invoke source asset because it is not observable.")
        return verbs().invoke_op(self.op, args, kwargs, assets_def=self)

    def __repr__(self) -> str:
        return f"SourceAsset({self.key.to_user_string()!r})"


def _observe_op(asset: SourceAsset) -> OpDefinition:
    assert asset.observe_fn is not None
    fn = ComputeFunction(asset.observe_fn)
    return OpDefinition(
        fn,
        asset.key.to_python_identifier(),
        description=asset.description,
        required_resource_keys=asset._required_resource_keys,
        tags=asset.op_tags,
        input_dict={},
        output_dict={"result": OutputDefinition("result", dagster_type=Out().dagster_type)},
    )
