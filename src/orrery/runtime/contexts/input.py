"""What an IO manager is told about an input that it loads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from orrery.base.errors import InvariantViolationError
from orrery.base.keys import AssetKey
from orrery.base.metadata import normalize_metadata
from orrery.definitions.parts.types import ANY, OrreryType
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.runtime.contexts.output import (
    GivenResources,
    OutputContext,
    resource_config_of,
    resources_of_manager,
    time_window_of,
)

__all__ = ["BuiltInputContext", "InputContext"]


class InputContext:
    """
    Describe an input to the IO manager that loads it.

    ``upstream_output`` describes the output that the value comes from. Inside a run the rest is a view
    of the step that takes the input; made by :func:`build_input_context`, it says what it was given.
    """

    __slots__ = (
        "_asset_key",
        "_asset_partitions_def",
        "_asset_partitions_subset",
        "_config",
        "_contents",
        "_dagster_type",
        "_definition_metadata",
        "_events",
        "_instance",
        "_job_name",
        "_log",
        "_logged_metadata",
        "_manager_key",
        "_metadata",
        "_name",
        "_observations",
        "_op_def",
        "_partition_key",
        "_resource_config",
        "_resources",
        "_step_context",
        "_upstream_output",
    )

    def __init__(
        self,
        *,
        name: str | None = None,
        job_name: str | None = None,
        op_def: Any = None,
        config: Any = None,
        definition_metadata: Mapping[str, Any] | None = None,
        upstream_output: OutputContext | partial[OutputContext] | None = None,
        dagster_type: OrreryType | None = None,
        log_manager: Any = None,
        resource_config: Mapping[str, Any] | None = None,
        resources: Any = None,
        step_context: Any = None,
        asset_key: AssetKey | None = None,
        partition_key: str | None = None,
        asset_partitions_subset: Any = None,
        asset_partitions_def: Any = None,
        instance: Any = None,
        metadata: Mapping[str, Any] | None = None,
        manager_key: str | None = None,
    ) -> None:
        self._name = name
        self._job_name = job_name
        self._op_def = op_def
        self._config = config
        self._definition_metadata = definition_metadata if definition_metadata is not None else metadata
        self._upstream_output = upstream_output
        self._dagster_type = dagster_type
        self._log = log_manager
        self._resource_config = resource_config
        self._resources = resources
        self._step_context = step_context
        self._asset_key = asset_key
        self._partition_key = partition_key
        self._asset_partitions_subset = asset_partitions_subset
        self._asset_partitions_def = asset_partitions_def
        self._instance = instance
        self._manager_key = manager_key
        self._metadata = metadata
        self._events: list[Any] | None = None
        self._observations: list[Any] | None = None
        self._logged_metadata: dict[str, Any] | None = None
        self._contents: dict[str | None, str] | None = None

    def _missing(self, name: str, argument: str | None = None) -> InvariantViolationError:
        return InvariantViolationError(
            f"Attempting to access {name}, but it was not provided when constructing the InputContext",
            mend=f"give {argument or name}= to build_input_context.",
        )

    # -- which input ---------------------------------------------------------------------------

    @property
    def has_input_name(self) -> bool:
        """Tell whether an input is loaded, and not a value for somebody outside of a run."""
        return self._name is not None

    @property
    def name(self) -> str:
        """Return the name of the input."""
        if self._name is None:
            raise self._missing("name")
        return self._name

    @property
    def job_name(self) -> str:
        """Return the name of the job."""
        if self._job_name is None:
            if self._step_context is None:
                raise self._missing("job_name")
            return self._step_context.job_name  # type: ignore[no-any-return]  # text
        return self._job_name

    @property
    def op_def(self) -> Any:
        """Return the op that takes the input."""
        if self._op_def is None:
            if self._step_context is None:
                raise self._missing("op_def")
            return self._step_context.op_def
        return self._op_def

    @property
    def step_context(self) -> Any:
        """Return the context of the step that takes the input."""
        if self._step_context is None:
            raise self._missing("step_context")
        return self._step_context

    @property
    def step_key(self) -> str:
        """Return the step that takes the input."""
        key: str = self.step_context.step.key
        return key

    @property
    def run_id(self) -> str:
        """Return the run in which the input is loaded."""
        run_id: str = self.step_context.run_id
        return run_id

    @property
    def upstream_output(self) -> OutputContext | None:
        """Return the output that the value comes from, or None."""
        found = self._upstream_output
        if isinstance(found, partial):  # described when it is asked for: most managers do not
            found = self._upstream_output = found()
        return found

    # -- what was said of it -------------------------------------------------------------------

    @property
    def definition_metadata(self) -> Mapping[str, Any]:
        """Return the metadata of the input's definition, as the user gave it."""
        return self._definition_metadata or {}

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata of the input's definition, as the user gave it."""
        return self._definition_metadata or {}

    @property
    def config(self) -> Any:
        """Return the config of this input, from the section ``inputs`` of its op."""
        return self._config

    @property
    def resource_config(self) -> Mapping[str, Any] | None:
        """Return the config of the IO manager itself."""
        if self._resource_config is None and self._step_context is not None and self._manager_key is not None:
            self._resource_config = resource_config_of(self._step_context, self._manager_key)
        return self._resource_config

    @property
    def dagster_type(self) -> OrreryType:
        """Return the type that the value must have."""
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

    @property
    def instance(self) -> Any:
        """Return the instance of the run."""
        if self._instance is None:
            if self._step_context is None:
                raise self._missing("instance")
            return self._step_context.instance
        return self._instance

    # -- the asset -----------------------------------------------------------------------------

    @property
    def has_asset_key(self) -> bool:
        """Tell whether the input loads an asset."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """
        Return the asset that the input loads.

        Raises:
            InvariantViolationError: It loads none.
        """
        if self._asset_key is None:
            raise InvariantViolationError(
                "Attempting to access asset_key, but no asset is associated with this input",
                mend="ask has_asset_key first.",
            )
        return self._asset_key

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
                f"Attempting to access partitions def for asset {self.asset_key}, but it is not partitioned"
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
                "Tried to access partition_key on an InputContext that was not run with a partition."
            )
        return self._partition_key

    @property
    def has_asset_partitions(self) -> bool:
        """Tell whether the input loads partitions of an asset."""
        if self._asset_partitions_subset is not None:
            return True
        if self._step_context is None:
            return self._partition_key is not None
        if self._name is None or self._name not in self._step_context.step.inputs:
            return False
        has: bool = self._step_context.has_asset_partitions_for_input(self._name)
        return has

    def _subset(self) -> Any:
        if self._asset_partitions_subset is None:
            if self._step_context is None or self._name is None:
                raise InvariantViolationError(
                    "Tried to access asset partitions on an InputContext that was not run with partitions.",
                    mend="give asset_partitions_def= and asset_partition_key_range= to build_input_context.",
                )
            return self._step_context.asset_partitions_subset_for_input(self._name)
        return self._asset_partitions_subset

    @property
    def asset_partition_keys(self) -> Sequence[str]:
        """Return the partitions of the upstream asset that are loaded, in order."""
        if self._asset_partitions_subset is None and self._step_context is None and self.has_asset_partitions:
            return [self.partition_key]
        if self._asset_partitions_subset is None and self._step_context is not None:
            found: Sequence[str] = self._step_context.asset_partition_keys_for_input(self._name)
            return found
        return list(self._subset().get_partition_keys())

    @property
    def asset_partition_key(self) -> str:
        """
        Return the one partition of the upstream asset that is loaded.

        Raises:
            InvariantViolationError: There are several, or none.
        """
        keys = self.asset_partition_keys
        if len(keys) != 1:
            raise InvariantViolationError(
                f"Tried to access asset_partition_key, but the number of input partitions != 1. Input partitions: {list(keys)}.",
                mend="use asset_partition_keys.",
            )
        return keys[0]

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """Return the partitions of the upstream asset that are loaded, as one range."""
        keys = self.asset_partition_keys
        if not keys:
            raise InvariantViolationError("Tried to access asset_partition_key_range, but the input has no partitions.")
        return PartitionKeyRange(keys[0], keys[-1])

    @property
    def asset_partitions_time_window(self) -> Any:
        """Return the window of time that the input's partitions cover (aware instants)."""
        return time_window_of(self.asset_partitions_def, self.asset_partition_keys)

    # -- names for storage ---------------------------------------------------------------------

    def get_identifier(self) -> Sequence[str]:
        """Return parts that name the value: those of the upstream output; see ``get_asset_identifier``."""
        upstream = self.upstream_output
        if upstream is None:
            raise InvariantViolationError(
                "InputContext.get_identifier cannot be called for an input that has neither asset nor upstream output."
            )
        return upstream.get_identifier()

    def get_asset_identifier(self) -> Sequence[str]:
        """Return the parts of the asset's key, and the partition where there is one."""
        key = self.asset_key
        return [*key.path, self.asset_partition_key] if self.has_asset_partitions else key.path

    # -- what the IO manager says --------------------------------------------------------------

    def add_input_metadata(self, metadata: Mapping[str, Any], description: str | None = None) -> None:
        """Add metadata to the event of the loaded input, and record an observation of the asset."""
        added = normalize_metadata(metadata)
        self._logged_metadata = {**(self._logged_metadata or {}), **added}
        if self._asset_key is not None:
            from orrery.model.events.user import AssetObservation

            partition = self.asset_partition_keys if self.has_asset_partitions else [None]
            for key in partition:
                observation = AssetObservation(
                    self._asset_key, description=description, partition=key, metadata=metadata
                )
                self._events = [*(self._events or ()), observation]
                self._observations = [*(self._observations or ()), observation]

    def note_contents(self, contents: Mapping[str | None, str]) -> None:
        """
        Note what was loaded, by the names that were noted when it was stored: so that nobody takes one value for another.

        Args:
            contents: The name of what was loaded of each partition; of None for a value without. Later calls add to it.
        """
        if self._contents is None:
            self._contents = dict(contents)
        else:
            self._contents.update(contents)

    def get_observations(self) -> Sequence[Any]:
        """Return the observations that were made by ``add_input_metadata``."""
        return list(self._observations or ())

    def consume_events(self) -> Iterator[Any]:
        """Iterate the observations that were made since the last call."""
        found, self._events = self._events or [], None
        yield from found

    def consume_logged_metadata(self) -> Mapping[str, Any]:
        """Return the metadata that was added since the last call."""
        found, self._logged_metadata = self._logged_metadata, None
        return found or {}

    def __repr__(self) -> str:
        shown = self._asset_key.to_user_string() if self._asset_key is not None else ""
        return f"InputContext({self._name!r}{', ' + repr(shown) if shown else ''})"


class BuiltInputContext(InputContext):
    """
    A context for calling an IO manager in a test; made by ``build_input_context``.

    Use it in a ``with`` statement if one of the given resources must be closed.
    """

    __slots__ = ("_given",)

    def __init__(self, given: GivenResources, **described: Any) -> None:
        super().__init__(**described)
        self._given = given

    @property
    def resources(self) -> Any:
        """Return the given resources, as attributes; inside ``with`` if one of them must be closed."""
        return self._given.scoped()

    @property
    def resource_config(self) -> Mapping[str, Any]:
        """Return the given config of the IO manager."""
        return self._resource_config or {}

    def __enter__(self) -> Self:
        self._given.is_entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given.close()
