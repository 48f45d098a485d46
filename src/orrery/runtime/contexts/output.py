"""What an IO manager is told about an output that it stores, or that an input comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from orrery.base.errors import InvalidMetadataError, InvariantViolationError
from orrery.base.keys import AssetKey
from orrery.base.metadata import normalize_metadata
from orrery.definitions.parts.types import ANY, OrreryType
from orrery.model import partitions
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.runtime.contexts.init_resource import ScopedResources

__all__ = ["BuiltOutputContext", "GivenResources", "OutputContext"]


class OutputContext:
    """
    Describe an output to the IO manager that stores it.

    Inside a run it is a view of the step; made by :func:`build_output_context`, it says what it was
    given. An attribute that has no meaning here raises, and names how to give it.
    """

    __slots__ = (
        "_asset_key",
        "_asset_partitions_def",
        "_asset_partitions_subset",
        "_asset_spec",
        "_config",
        "_content_digest",
        "_contents",
        "_dagster_type",
        "_definition_metadata",
        "_digest_by_partition",
        "_events",
        "_job_name",
        "_log",
        "_logged_metadata",
        "_manager_key",
        "_mapping_key",
        "_name",
        "_op_def",
        "_output_metadata",
        "_partition_key",
        "_resource_config",
        "_resources",
        "_run_id",
        "_step_context",
        "_step_key",
        "_version",
    )

    def __init__(
        self,
        step_key: str | None = None,
        name: str | None = None,
        job_name: str | None = None,
        run_id: str | None = None,
        definition_metadata: Mapping[str, Any] | None = None,
        mapping_key: str | None = None,
        config: Any = None,
        dagster_type: OrreryType | None = None,
        log_manager: Any = None,
        version: str | None = None,
        resource_config: Mapping[str, Any] | None = None,
        resources: Any = None,
        step_context: Any = None,
        op_def: Any = None,
        asset_key: AssetKey | None = None,
        warn_on_step_context_use: bool = False,
        partition_key: str | None = None,
        output_metadata: Mapping[str, Any] | None = None,
        asset_partitions_def: Any = None,
        asset_partitions_subset: Any = None,
        asset_spec: Any = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        manager_key: str | None = None,
    ) -> None:
        self._step_key = step_key
        self._name = name
        self._job_name = job_name
        self._run_id = run_id
        self._definition_metadata = definition_metadata if definition_metadata is not None else metadata
        self._mapping_key = mapping_key
        self._config = config
        self._dagster_type = dagster_type
        self._log = log_manager
        self._version = version
        self._resource_config = resource_config
        self._resources = resources
        self._step_context = step_context
        self._op_def = op_def
        self._asset_key = asset_key
        self._partition_key = partition_key
        self._output_metadata = output_metadata
        self._asset_partitions_def = asset_partitions_def
        self._asset_partitions_subset = asset_partitions_subset
        self._asset_spec = asset_spec
        self._manager_key = manager_key
        self._content_digest: tuple[str, bool] | None = None
        self._digest_by_partition: Mapping[str | None, str] | None = None
        self._contents: Mapping[str | None, str] | None = None
        self._events: list[Any] | None = None
        self._logged_metadata: dict[str, Any] | None = None

    def _missing(self, name: str, argument: str | None = None) -> InvariantViolationError:
        return InvariantViolationError(
            f"Attempting to access {name}, but it was not provided when constructing the OutputContext",
            mend=f"give {argument or name}= to build_output_context.",
        )

    # -- which output --------------------------------------------------------------------------

    @property
    def step_key(self) -> str:
        """Return the step that gives the output."""
        if self._step_key is None:
            raise self._missing("step_key")
        return self._step_key

    @property
    def name(self) -> str:
        """Return the name of the output."""
        if self._name is None:
            raise self._missing("name")
        return self._name

    @property
    def job_name(self) -> str:
        """Return the name of the job."""
        if self._job_name is None:
            raise self._missing("job_name")
        return self._job_name

    @property
    def run_id(self) -> str:
        """Return the run in which the output was given."""
        if self._run_id is None:
            raise self._missing("run_id")
        return self._run_id

    @property
    def mapping_key(self) -> str | None:
        """Return which of a dynamic output it is, or None."""
        return self._mapping_key

    @property
    def version(self) -> str | None:
        """Return the version of the output, if any."""
        return self._version

    @property
    def op_def(self) -> Any:
        """Return the op that gives the output."""
        if self._op_def is None:
            raise self._missing("op_def")
        return self._op_def

    @property
    def step_context(self) -> Any:
        """Return the context of the step that gives the output."""
        if self._step_context is None:
            raise self._missing("step_context")
        return self._step_context

    # -- what was said of it -------------------------------------------------------------------

    @property
    def definition_metadata(self) -> Mapping[str, Any]:
        """Return the metadata of the output's definition, as the user gave it."""
        return self._definition_metadata or {}

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata of the output's definition, as the user gave it."""
        return self._definition_metadata or {}

    @property
    def output_metadata(self) -> Mapping[str, Any]:
        """Return the metadata that the function gave with the value."""
        return self._output_metadata or {}

    @property
    def config(self) -> Any:
        """Return the config of this output, from the section ``outputs`` of its op."""
        return self._config

    @property
    def resource_config(self) -> Mapping[str, Any] | None:
        """Return the config of the IO manager itself."""
        if self._resource_config is None and self._step_context is not None and self._manager_key is not None:
            self._resource_config = resource_config_of(self._step_context, self._manager_key)
        return self._resource_config

    @property
    def dagster_type(self) -> OrreryType:
        """Return the type that the value has."""
        if self._dagster_type is None:
            if self._step_context is None:
                raise self._missing("dagster_type")
            return ANY
        return self._dagster_type

    @property
    def resources(self) -> Any:
        """Return the resources that the IO manager needs, as attributes."""
        resources = self._resources
        if resources is None:
            if self._step_context is None:
                raise self._missing("resources")
            resources = resources_of_manager(self._step_context, self._manager_key)
            self._resources = resources
        return resources

    @property
    def log(self) -> Any:
        """Return the logger of the step."""
        if self._log is None:
            if self._step_context is None:
                raise self._missing("log", "log_manager")
            self._log = self._step_context.log
        return self._log

    # -- the asset -----------------------------------------------------------------------------

    @property
    def has_asset_key(self) -> bool:
        """Tell whether the output is an asset."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """
        Return the asset that the output is.

        Raises:
            InvariantViolationError: It is none.
        """
        if self._asset_key is None:
            raise InvariantViolationError(
                "Attempting to access asset_key, but it was not provided when constructing the OutputContext",
                mend="ask has_asset_key first.",
            )
        return self._asset_key

    @property
    def asset_spec(self) -> Any:
        """Return the spec of the asset that the output is."""
        if self._asset_spec is None:
            assets_def = self._step_context.step.assets_def if self._step_context is not None else None
            if assets_def is None or self._asset_key is None or self._asset_key not in assets_def._specs_by_key:
                raise self._missing("asset_spec")
            self._asset_spec = assets_def._specs_by_key[self._asset_key]
        return self._asset_spec

    @property
    def asset_partitions_def(self) -> Any:
        """
        Return the partitions of the asset.

        Raises:
            InvariantViolationError: It has none.
        """
        found = self._asset_partitions_def
        if found is None and self._step_context is not None and self._asset_key is not None:
            found = self._step_context.partitions_def_of(self._asset_key)
        if found is None:
            raise InvariantViolationError(
                f"Attempting to access partitions def for asset {self._asset_key}, but it is not partitioned"
            )
        return found

    @property
    def has_partition_key(self) -> bool:
        """Tell whether the run has exactly one partition."""
        if self._partition_key is not None:
            return True
        return self._step_context is not None and self._step_context.has_partition_key

    @property
    def partition_key(self) -> str:
        """
        Return the partition of the run.

        Raises:
            InvariantViolationError: The run has none.
        """
        if self._partition_key is None and self._step_context is not None:
            return self._step_context.partition_key  # type: ignore[no-any-return]  # text
        if self._partition_key is None:
            raise InvariantViolationError(
                "Tried to access partition_key on an OutputContext that was not run with a partition."
            )
        return self._partition_key

    @property
    def has_asset_partitions(self) -> bool:
        """Tell whether the output is one or several partitions of an asset."""
        if self._asset_partitions_subset is not None:
            return True
        if self._step_context is None:
            return self._partition_key is not None
        if self._asset_key is None:
            return False
        return self._step_context.partitions_def_of(self._asset_key) is not None and self._step_context.has_partitions

    @property
    def asset_partition_keys(self) -> Sequence[str]:
        """Return the partitions of the asset that the output is, in order."""
        if self._asset_partitions_subset is not None:
            return list(self._asset_partitions_subset.get_partition_keys())
        if self._step_context is not None and self._asset_key is not None:
            return self._step_context.partition_keys_of_output(self._asset_key)  # type: ignore[no-any-return]
        if self._partition_key is not None:
            return [self._partition_key]
        raise InvariantViolationError(
            "Tried to access asset_partition_keys on an OutputContext that was not run with partitions."
        )

    @property
    def asset_partition_key(self) -> str:
        """
        Return the one partition of the asset that the output is.

        Raises:
            InvariantViolationError: There are several.
        """
        keys = self.asset_partition_keys
        if len(keys) != 1:
            raise InvariantViolationError(
                f"Tried to access asset_partition_key, but the number of output partitions != 1. Output partitions: {list(keys)}.",
                mend="use asset_partition_keys.",
            )
        return keys[0]

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """Return the partitions of the asset that the output is, as one range."""
        keys = self.asset_partition_keys
        if not keys:
            raise InvariantViolationError(
                "Tried to access asset_partition_key_range, but the output has no partitions."
            )
        return PartitionKeyRange(keys[0], keys[-1])

    @property
    def asset_partitions_time_window(self) -> Any:
        """Return the window of time that the output's partitions cover (aware instants)."""
        if self._step_context is not None and self._name is not None and self._asset_partitions_subset is None:
            return self._step_context.asset_partitions_time_window_for_output(self._name)
        return time_window_of(self.asset_partitions_def, self.asset_partition_keys)

    # -- names for storage ---------------------------------------------------------------------

    def get_identifier(self) -> Sequence[str]:
        """
        Return run, step and output, and the mapping key where there is one; see ``get_asset_identifier``.

        >>> OutputContext(run_id="r", step_key="s", name="o").get_identifier()
        ['r', 's', 'o']
        """
        return self.get_run_scoped_output_identifier()

    def get_run_scoped_output_identifier(self) -> Sequence[str]:
        """Return run, step, output, and mapping key where there is one."""
        parts = [self.run_id, self.step_key, self.name]
        if self._mapping_key is not None:
            parts.append(self._mapping_key)
        return parts

    def get_output_identifier(self) -> Sequence[str]:
        """Return run, step, output, and mapping key where there is one."""
        return self.get_run_scoped_output_identifier()

    def get_asset_identifier(self) -> Sequence[str]:
        """Return the parts of the asset's key, and the partition where there is one."""
        key = self.asset_key
        return [*key.path, self.asset_partition_key] if self.has_asset_partitions else key.path

    def get_asset_output_identifier(self) -> Sequence[str]:
        """Return the parts of the asset's key, and the partition where there is one."""
        return self.get_asset_identifier()

    # -- what the IO manager says --------------------------------------------------------------

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """
        Add metadata to the event of the stored output, and to the materialization of the asset.

        Raises:
            InvalidMetadataError: An entry was added before.
        """
        added = normalize_metadata(metadata)
        known = self._logged_metadata
        if known is None:
            self._logged_metadata = dict(added)
            return
        overlap = [name for name in added if name in known]
        if overlap:
            raise InvalidMetadataError(
                f"Tried to add metadata for key(s) that already have metadata: {', '.join(overlap)}.",
                mend="add each entry once.",
            )
        known.update(added)

    def note_content(
        self, digest: str, *, is_stable: bool, by_partition: Mapping[str | None, str] | None = None
    ) -> None:
        """
        Note a digest of what was stored; it becomes the data version where the value has none of its own.

        Args:
            digest: Digest of the bytes.
            is_stable: Whether equal values always give equal bytes; those of a pickle may differ.
            by_partition: The digest of each partition, where several were stored apart.
        """
        self._content_digest = (digest, is_stable)
        self._digest_by_partition = by_partition

    def note_contents(self, contents: Mapping[str | None, str]) -> None:
        """
        Note what ``check_content`` of the IO manager tells the value from another by that may come to lie in its place.

        Args:
            contents: A name for what was stored of each partition; of None for a value without.
        """
        self._contents = contents

    def get_logged_metadata(self) -> Mapping[str, Any]:
        """Return the metadata that was added so far."""
        return self._logged_metadata or {}

    def consume_logged_metadata(self) -> Mapping[str, Any]:
        """Return the metadata that was added since the last call."""
        found, self._logged_metadata = self._logged_metadata, None
        return found or {}

    def log_event(self, event: Any) -> None:
        """
        Record an ``AssetMaterialization`` or ``AssetObservation`` beside those of the output itself.

        Raises:
            InvariantViolationError: *event* is neither.
        """
        if type(event).__name__ not in ("AssetMaterialization", "AssetObservation"):
            raise InvariantViolationError(
                f"OutputContext.log_event takes an AssetMaterialization or AssetObservation, not {event!r}."
            )
        if self._events is None:
            self._events = []
        self._events.append(event)

    def get_logged_events(self) -> Sequence[Any]:
        """Return what was given to ``log_event`` and not yet consumed."""
        return list(self._events or ())

    def consume_events(self) -> Iterator[Any]:
        """Iterate what was given to ``log_event`` since the last call."""
        found, self._events = self._events or [], None
        yield from found

    def __repr__(self) -> str:
        shown = self._asset_key.to_user_string() if self._asset_key is not None else f"{self._step_key}.{self._name}"
        return f"OutputContext({shown!r})"


class BuiltOutputContext(OutputContext):
    """
    A context for calling an IO manager in a test; made by ``build_output_context``.

    Use it in a ``with`` statement if one of the given resources must be closed.
    """

    __slots__ = ("_given", "_instance")

    def __init__(self, given: GivenResources, instance: Any = None, **described: Any) -> None:
        super().__init__(**described)
        self._given = given
        self._instance = instance

    @property
    def resources(self) -> Any:
        """Return the given resources, as attributes; inside ``with`` if one of them must be closed."""
        return self._given.scoped()

    @property
    def resource_config(self) -> Mapping[str, Any]:
        """Return the given config of the IO manager."""
        return self._resource_config or {}

    @property
    def instance(self) -> Any:
        """Return the given instance."""
        if self._instance is None:
            raise self._missing("instance")
        return self._instance

    def __enter__(self) -> Self:
        self._given.is_entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given.close()


class GivenResources:
    """
    The resources that a context was built with, for one that knows nothing else of a run.

    Args:
        resources: The resources, open.
        close: Closes them.
        must_close: Whether one of them must be closed.
        builder: The function that built the context, for messages.
    """

    __slots__ = ("_builder", "_closers", "_must_close", "_resources", "is_entered")

    def __init__(
        self, resources: ScopedResources, close: Callable[[], None] | None, must_close: bool, builder: str
    ) -> None:
        self._resources = resources
        self._closers = [close] if close is not None else []
        self._must_close = must_close
        self._builder = builder
        self.is_entered = False

    def scoped(self) -> ScopedResources:
        """
        Return the resources as attributes.

        Raises:
            InvariantViolationError: One must be closed, and the context stands in no ``with`` statement.
        """
        if self._must_close and not self.is_entered:
            raise InvariantViolationError(
                "At least one provided resource is a generator, but attempting to access resources outside of context "
                "manager scope.",
                mend=f"write 'with {self._builder}(...) as context:'.",
            )
        return self._resources

    def close(self) -> None:
        """Close the resources; a second call does nothing."""
        while self._closers:
            self._closers.pop()()

    def __del__(self) -> None:
        if getattr(self, "_closers", None):
            self.close()


def resource_config_of(step_context: Any, manager_key: str) -> Mapping[str, Any] | None:
    """Return the config that the IO manager under *manager_key* was made with, as far as it was given."""
    definition = step_context.job_def.resource_defs.get(manager_key)
    given = step_context.resolved_run_config.resources.get(manager_key)
    config = given.get("config") if isinstance(given, Mapping) else None
    if definition is None:
        return config if config is not None else {}
    from orrery.model.config.configured import NOTHING_GIVEN

    resolved: Mapping[str, Any] | None = definition.resolve_config(
        config if config is not None else NOTHING_GIVEN, subject=f"resource '{manager_key}'", environment=None
    )
    return resolved


def resources_of_manager(step_context: Any, manager_key: str | None) -> Any:
    """Return the resources that the IO manager under *manager_key* requires, as attributes."""
    definition = step_context.job_def.resource_defs.get(manager_key) if manager_key is not None else None
    keys = frozenset(definition.required_resource_keys) if definition is not None else frozenset()
    return step_context.plan_context.opened.scoped(keys)


def time_window_of(partitions_def: Any, keys: Sequence[str]) -> Any:
    """Return the window of time from the first to the last of *keys*."""
    window = partitions.window_covered(partitions_def, keys[0], keys[-1])
    if window is None:
        raise InvariantViolationError("The partitions are not windows of time.")
    return window
