"""Jobs: a graph with all that a run of it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, InvariantViolationError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.base.tags import Tags, normalize_definition_tags
from orrery.definitions.graphs.node import Node, NodeDefinition, NodeHandle
from orrery.definitions.graphs.part import part_of_graph
from orrery.definitions.graphs.structure import GraphStructure
from orrery.definitions.parts.as_function import ShowsFunction
from orrery.definitions.parts.executor import ExecutorDefinition, LoggerDefinition
from orrery.definitions.parts.hook import HookDefinition, check_hooks
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.definitions.parts.types import OrreryType
from orrery.definitions.verbs import verbs
from orrery.model.config.configured import ConfigMapping
from orrery.model.records.run_request import RunRequest, partition_run_request

__all__ = ["JobDefinition"]


class JobDefinition(ShowsFunction):
    """
    A graph with the resources, config, executor, loggers and hooks that a run of it needs.

    Made by :func:`job`, :meth:`GraphDefinition.to_job`, or :func:`define_asset_job` as a rule.

    Args:
        graph_def: The graph, or a function that makes it when it is asked for.
        resource_defs: Resources by key: definitions, or objects to be used as they are.
        executor_def: How steps are executed; in process if not given.
        logger_defs: Loggers by key.
        name: Name; that of the graph if not given.
        config: Run config as a dictionary or :class:`RunConfig`, a config mapping, or a partitioned config.
        description: Text for people.
        partitions_def: Partitions of the job.
        tags: Tags of the job, and of its runs unless *run_tags* is given.
        run_tags: Tags of its runs.
        metadata: Any metadata, by name.
        hook_defs: Hooks of all its ops.
        op_retry_policy: Retry policy of ops that have none.
        asset_layer: Which node makes which asset, for jobs of assets.
        input_values: Values of the graph's inputs, by name.
        owners: Who owns the job.
    """

    __slots__ = (
        "__weakref__",
        "_automation_condition",
        "_config",
        "_config_mapping",
        "_description",
        "_graph",
        "_graph_maker",
        "_input_values",
        "_logger_defs",
        "_metadata",
        "_name",
        "_op_selection",
        "_parent",
        "_partitions_def",
        "_raw_executor",
        "_resource_defs",
        "_run_tags",
        "_tags",
        "asset_layer",
        "hook_defs",
        "op_retry_policy",
        "owners",
        "repository_def",
    )

    def __init__(
        self,
        *,
        graph_def: GraphStructure | Callable[[], GraphStructure],
        resource_defs: Mapping[str, Any] | None = None,
        executor_def: ExecutorDefinition | None = None,
        logger_defs: Mapping[str, LoggerDefinition] | None = None,
        name: str | None = None,
        config: Any = None,
        description: str | None = None,
        partitions_def: Any = None,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        _subset_selection_data: Any = None,
        asset_layer: Any = None,
        input_values: Mapping[str, Any] | None = None,
        _was_explicitly_provided_resources: bool | None = None,
        owners: Sequence[str] | None = None,
        _automation_condition: Any = None,
    ) -> None:
        if isinstance(graph_def, GraphStructure):
            self._graph: GraphStructure | None = graph_def
            self._graph_maker: Callable[[], GraphStructure] | None = None
        else:
            self._graph = None
            self._graph_maker = graph_def
            if name is None:
                raise InvalidDefinitionError("A job whose graph is made later needs a name.")
        self._name = check_name(name or self.graph.name, noun="a job", reserved=False)
        self._resource_defs: dict[str, ResourceDefinition] = as_resource_definitions(resource_defs)
        self._raw_executor = executor_def
        self._logger_defs = dict(logger_defs or {})
        self._description = description
        self._tags: Mapping[str, str] = normalize_definition_tags(tags) if tags else {}
        self._run_tags = normalize_definition_tags(run_tags) if run_tags is not None else None
        self._metadata: Mapping[str, MetadataValue[Any]] = normalize_metadata(metadata) if metadata else {}
        self.hook_defs = check_hooks(hook_defs, f"job '{self._name}'")
        self.op_retry_policy = op_retry_policy
        self.asset_layer = asset_layer
        self.owners = list(owners) if owners else None
        self._automation_condition = _automation_condition
        self._op_selection: Sequence[str] | None = _subset_selection_data
        self._parent: JobDefinition | None = None
        self.repository_def: Any = None  # the project that gave the job, where one did
        self._config: Any = None
        self._config_mapping: ConfigMapping | None = None
        self._partitions_def = partitions_def
        self._input_values = dict(input_values or {})
        self._set_config(config)
        if self._input_values:
            known = self.graph.input_dict
            for each in self._input_values:
                if each not in known:
                    raise InvalidDefinitionError(
                        f"Error when constructing JobDefinition '{self._name}': Input value provided for key "
                        f"'{each}', but job has no top-level input with that name.",
                        mend=nearest_hint(each, known, noun="input"),
                    )

    def _function_shown(self) -> Callable[..., Any] | None:
        return self._graph.composition_fn if self._graph is not None else None

    def _set_config(self, config: Any) -> None:
        if config is None:
            return
        if isinstance(config, ConfigMapping):
            self._config_mapping = config
        elif hasattr(config, "get_run_config_for_partition_key"):
            self._config = config
            if self._partitions_def is not None and self._partitions_def != config.partitions_def:
                raise InvalidDefinitionError(
                    f"A partitions_def was given to job '{self._name}', and its partitioned config has another one.",
                    mend="give one of them.",
                )
            self._partitions_def = config.partitions_def
        elif hasattr(config, "to_config_dict"):
            self._config = config.to_config_dict()
        elif isinstance(config, Mapping):
            self._config = dict(config)
        else:
            raise InvalidDefinitionError(
                f"config of job '{self._name}' is {config!r}, which is neither a dictionary, a RunConfig, a config "
                "mapping nor a partitioned config."
            )

    @property
    def name(self) -> str:
        """Return the name."""
        return self._name

    @property
    def job_name(self) -> str:
        """Return the name, as functions that make executors ask for it: ``init_context.job.job_name``."""
        return self._name

    def get_definition(self) -> JobDefinition:
        """Return the job itself: a job of another process is loaded by this word, and executors take either."""
        return self

    @property
    def graph(self) -> GraphStructure:
        """Return the graph, making it at the first call where it is made on demand."""
        graph = self._graph
        if graph is None:
            assert self._graph_maker is not None
            graph = self._graph_maker()
            self._graph = graph
        return graph

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._description

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags of the job, with those of its graph."""
        own = self._graph.tags if self._graph is not None else {}
        return Tags({**own, **self._tags}) if own else self._tags

    @property
    def run_tags(self) -> Mapping[str, str]:
        """Return the tags that its runs bear."""
        return self._run_tags if self._run_tags is not None else self.tags

    @property
    def has_separately_defined_run_tags(self) -> bool:
        """Tell whether the runs bear other tags than the job."""
        return self._run_tags is not None

    @property
    def metadata(self) -> Mapping[str, MetadataValue[Any]]:
        """Return the metadata by name."""
        return self._metadata

    @property
    def resource_defs(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources by key."""
        return self._resource_defs

    @property
    def executor_def(self) -> ExecutorDefinition:
        """Return how steps are executed; where the job names no executor, the one that run config chooses."""
        if self._raw_executor is None:
            default: ExecutorDefinition = verbs().default_executor_def()
            return default
        return self._raw_executor

    @property
    def executor(self) -> ExecutorDefinition | None:
        """Return how steps are executed, if the job says so itself."""
        return self._raw_executor

    @property
    def has_specified_executor(self) -> bool:
        """Tell whether the job says itself how steps are executed."""
        return self._raw_executor is not None

    @property
    def loggers(self) -> Mapping[str, LoggerDefinition]:
        """Return the loggers by key."""
        return self._logger_defs

    @property
    def has_specified_loggers(self) -> bool:
        """Tell whether the job names loggers of its own."""
        return bool(self._logger_defs)

    @property
    def config_mapping(self) -> ConfigMapping | None:
        """Return the mapping that makes the run config, if any; else that of the graph."""
        return self._config_mapping if self._config_mapping is not None else self.graph.config_mapping

    @property
    def own_config_mapping(self) -> ConfigMapping | None:
        """Return the mapping that makes the whole run config, if the job has one of its own."""
        return self._config_mapping

    @property
    def run_config(self) -> Mapping[str, Any] | None:
        """Return the run config that holds for each op, resource and logger of which a run says nothing."""
        return self._config if isinstance(self._config, dict) else None

    @property
    def partitioned_config(self) -> Any:
        """Return what makes run config of a partition key, if anything."""
        return self._config if hasattr(self._config, "get_run_config_for_partition_key") else None

    @property
    def partitions_def(self) -> Any:
        """Return the partitions of the job, if any."""
        if self._partitions_def is None and self.asset_layer is not None:
            return self.asset_layer.partitions_def
        return self._partitions_def

    @property
    def backfill_policy(self) -> Any:
        """Return how a backfill of the job is cut into runs: as its assets say, if they agree."""
        return self.asset_layer.backfill_policy if self.asset_layer is not None else None

    @property
    def automation_condition(self) -> Any:
        """Return when the job is started by itself, if ever."""
        return self._automation_condition

    @property
    def input_values(self) -> Mapping[str, Any]:
        """Return the values of the graph's inputs that were given, by name."""
        return self._input_values

    def has_direct_input_value(self, input_name: str) -> bool:
        """Tell whether a value was given for the graph's input."""
        return input_name in self._input_values

    def get_direct_input_value(self, input_name: str) -> Any:
        """Return the value that was given for the graph's input."""
        return self._input_values[input_name]

    @property
    def nodes(self) -> Sequence[Node]:
        """Return the uses of definitions at the top level."""
        return self.graph.nodes

    @property
    def nodes_in_topological_order(self) -> Sequence[Node]:
        """Return the nodes, each after those it depends on."""
        return self.graph.nodes_in_topological_order

    @property
    def dependencies(self) -> Mapping[Any, Mapping[str, Any]]:
        """Return the dependencies as they were given."""
        return self.graph.dependencies

    @property
    def dependency_structure(self) -> Mapping[str, Any]:
        """Return, for each node and input, where its value comes from."""
        return self.graph.dependency_structure

    @property
    def all_node_defs(self) -> Sequence[NodeDefinition]:
        """Return all definitions, at any depth."""
        return list(dict.fromkeys(self.graph.iterate_node_defs()))[1:]

    @property
    def top_level_node_defs(self) -> Sequence[NodeDefinition]:
        """Return the definitions at the top level."""
        return self.graph.node_defs

    def node_def_named(self, name: str) -> NodeDefinition:
        """
        Return the definition called *name*, at any depth.

        Raises:
            InvalidInvocationError: There is none.
        """
        for each in self.all_node_defs:
            if each.name == name:
                return each
        raise InvalidInvocationError(f"Job '{self.name}' has no node definition '{name}'.")

    def has_node(self, name: str) -> bool:
        """Tell whether a definition called *name* is used, at any depth."""
        return any(each.name == name for each in self.all_node_defs)

    def has_node_named(self, name: str) -> bool:
        """Tell whether there is a top-level node called *name*."""
        return self.graph.has_node_named(name)

    def get_node_named(self, name: str) -> Node:
        """Return the top-level node called *name*."""
        return self.graph.node_named(name)

    def get_node(self, handle: NodeHandle) -> Node:
        """Return the node at *handle*."""
        return self.graph.get_node(handle)

    def get_op(self, handle: NodeHandle) -> Node:
        """Return the op at *handle*."""
        return self.graph.get_node(handle)

    def all_dagster_types(self) -> Iterable[OrreryType]:
        """Iterate the types that are used."""
        return self.graph.all_dagster_types()

    def has_dagster_type(self, name: str) -> bool:
        """Tell whether a type called *name* is used."""
        return self.graph.has_dagster_type(name)

    def dagster_type_named(self, name: str) -> OrreryType:
        """Return the type called *name*."""
        return self.graph.dagster_type_named(name)

    def describe_target(self) -> str:
        """Return the kind and name, for messages."""
        return f"job '{self.name}'"

    @property
    def is_asset_job(self) -> bool:
        """Tell whether the job materializes, observes or checks assets."""
        return self.asset_layer is not None and self.asset_layer.is_asset_job

    @property
    def is_subset(self) -> bool:
        """Tell whether this is part of a larger job."""
        return self._parent is not None

    @property
    def op_selection(self) -> AbstractSet[str] | None:
        """Return the op selection that made this part of a larger job, if one did."""
        return set(self._op_selection) if self._op_selection is not None else None

    @property
    def node_names_left_out(self) -> AbstractSet[str]:
        """Return the names of the nodes that the whole job has and this part of it has not."""
        if self._parent is None:
            return frozenset()
        return (self._parent.node_names_left_out | self._parent._node_names()) - self._node_names()

    def _node_names(self) -> AbstractSet[str]:
        layer = self.asset_layer
        if layer is not None and layer.is_asset_job:
            return {each.name for each in layer.nodes}
        return self.graph.node_dict.keys()

    @property
    def resolved_op_selection(self) -> AbstractSet[str] | None:
        """Return the names of the ops that were selected, if a selection was made."""
        return {each.name for each in self.nodes} if self._op_selection is not None else None

    @property
    def op_selection_data(self) -> Any:
        """Return the op selection that made this part of a larger job, if one did."""
        return self._op_selection

    @property
    def asset_selection(self) -> AbstractSet[AssetKey] | None:
        """Return the assets that were selected of a larger job, if a selection was made."""
        return self.asset_layer.selected_keys if self.is_subset and self.asset_layer is not None else None

    @property
    def asset_check_selection(self) -> AbstractSet[AssetCheckKey] | None:
        """Return the checks that were selected of a larger job, if a selection was made."""
        return self.asset_layer.selected_check_keys if self.is_subset and self.asset_layer is not None else None

    @property
    def asset_selection_data(self) -> Any:
        """Return the assets that were selected of a larger job, if a selection was made."""
        return self.asset_selection

    @property
    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the keys of all resources that the job needs."""
        return set(self.graph.get_resource_requirements()) | {
            key for hook in self.hook_defs for key in hook.required_resource_keys
        }

    def get_required_resource_defs(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources that the job needs, by key."""
        needed = self.required_resource_keys
        return {key: each for key, each in self._resource_defs.items() if key in needed}

    def is_missing_required_resources(self) -> bool:
        """Tell whether a resource that the job needs is not provided."""
        return bool(self.required_resource_keys - self._resource_defs.keys() - {"io_manager"})

    def validate_resource_requirements_satisfied(self) -> None:
        """
        Refuse a job that lacks a resource.

        Raises:
            InvalidDefinitionError: Names the resource and who needs it.
        """
        for each in self.graph.iterate_op_defs():
            for key in each.get_resource_requirements():
                if key not in self._resource_defs and key != "io_manager":
                    raise InvalidDefinitionError(
                        f"resource with key '{key}' required by op '{each.name}' was not provided to job '{self.name}'.",
                        mend=nearest_hint(key, self._resource_defs, noun="resource"),
                    )

    def get_all_hooks_for_handle(self, handle: NodeHandle) -> frozenset[HookDefinition]:
        """Return the hooks of the node at *handle*: its own, those of the graphs around it, and the job's."""
        hooks = set(self.hook_defs)
        path = handle.path
        for depth in range(1, len(path) + 1):
            hooks |= self.graph.get_node(NodeHandle.from_path(path[:depth])).hook_defs
        return frozenset(hooks)

    def get_retry_policy_for_handle(self, handle: NodeHandle) -> RetryPolicy | None:
        """Return the retry policy of the op at *handle*: its use's, its definition's, or the job's."""
        node = self.get_node(handle)
        definition: Any = node.definition
        return node.retry_policy or getattr(definition, "retry_policy", None) or self.op_retry_policy

    def _copy(self, **changes: Any) -> JobDefinition:
        arguments: dict[str, Any] = {
            "graph_def": self._graph if self._graph is not None else self._graph_maker,
            "resource_defs": self._resource_defs,
            "executor_def": self._raw_executor,
            "logger_defs": self._logger_defs,
            "name": self._name,
            "config": self._config if self._config_mapping is None else self._config_mapping,
            "description": self._description,
            "partitions_def": self._partitions_def,
            "tags": self._tags,
            "run_tags": self._run_tags,
            "metadata": self._metadata,
            "hook_defs": self.hook_defs,
            "op_retry_policy": self.op_retry_policy,
            "_subset_selection_data": self._op_selection,
            "asset_layer": self.asset_layer,
            "input_values": self._input_values,
            "owners": self.owners,
            "_automation_condition": self._automation_condition,
        }
        arguments.update(changes)
        copied = JobDefinition(**arguments)
        copied._parent = self._parent
        copied.repository_def = self.repository_def
        return copied

    def with_hooks(self, hook_defs: AbstractSet[HookDefinition]) -> JobDefinition:
        """Return the job with hooks added."""
        return self._copy(hook_defs=self.hook_defs | frozenset(hook_defs))

    def with_top_level_resources(self, resource_defs: Mapping[str, Any]) -> JobDefinition:
        """Return the job with resources added; those it has stay."""
        return self._copy(resource_defs={**resource_defs, **self._resource_defs})

    def with_resources(self, resource_defs: Mapping[str, Any]) -> JobDefinition:
        """Return the job with resources that take the place of those it has."""
        return self._copy(resource_defs={**self._resource_defs, **resource_defs})

    def with_logger_defs(self, logger_defs: Mapping[str, LoggerDefinition]) -> JobDefinition:
        """Return the job with other loggers."""
        return self._copy(logger_defs=logger_defs)

    def with_executor_def(self, executor_def: ExecutorDefinition) -> JobDefinition:
        """Return the job with another executor."""
        return self._copy(executor_def=executor_def)

    def with_metadata(self, metadata: Mapping[str, Any]) -> JobDefinition:
        """Return the job with other metadata."""
        return self._copy(metadata=metadata)

    def get_subset(
        self,
        *,
        op_selection: Iterable[str] | None = None,
        asset_selection: AbstractSet[AssetKey] | None = None,
        asset_check_selection: AbstractSet[AssetCheckKey] | None = None,
    ) -> JobDefinition:
        """
        Return the part of the job that is selected.

        Args:
            op_selection: Queries in the op selection syntax (``*a+``).
            asset_selection: Assets to keep.
            asset_check_selection: Checks to keep; those of the kept assets if not given.

        Raises:
            InvalidSubsetError: A query names nothing.
        """
        if op_selection is not None:
            return self._op_subset(list(op_selection))
        if asset_selection is not None or asset_check_selection is not None:
            if self.asset_layer is None:
                raise InvalidInvocationError(f"Job '{self.name}' has no assets to select from.")
            subset = self.asset_layer.job_subset(self, asset_selection, asset_check_selection)
            subset._parent = self
            return subset  # type: ignore[no-any-return]  # the layer is typed a floor up
        return self

    def _op_subset(self, queries: list[str]) -> JobDefinition:
        made = self._copy(
            graph_def=part_of_graph(self.graph, queries),
            _subset_selection_data=queries,
            hook_defs=self.hook_defs,
            input_values={},
        )
        made._input_values = {key: value for key, value in self._input_values.items() if key in made.graph.input_dict}
        made._parent = self
        return made

    def validate_partition_key(
        self, partition_key: str, selected_asset_keys: Iterable[AssetKey] | None, context: Any
    ) -> None:
        """
        Refuse a partition key that the job does not have.

        Raises:
            UnknownPartitionError: Names the key.
        """
        partitions_def = self.partitions_def
        if partitions_def is None:
            raise InvalidInvocationError(
                f"Job '{self.name}' is not partitioned, but partition key '{partition_key}' was given.",
                mend="leave the partition key out.",
            )
        partitions_def.validate_partition_key(partition_key, context)

    def get_partition_keys(self, selected_asset_keys: Iterable[AssetKey] | None = None) -> Sequence[str]:
        """Return the partition keys of the job."""
        partitions_def = self.partitions_def
        return partitions_def.get_partition_keys() if partitions_def is not None else []

    def get_tags_for_partition_key(
        self, partition_key: str, selected_asset_keys: Iterable[AssetKey] | None = None
    ) -> Mapping[str, str]:
        """Return the tags that a run of the partition bears."""
        config = self.partitioned_config
        if config is not None:
            return config.get_tags_for_partition_key(partition_key, job_name=self.name)  # type: ignore[no-any-return]
        partitions_def = self.partitions_def
        return partitions_def.get_tags_for_partition_key(partition_key) if partitions_def is not None else {}

    def get_run_config_for_partition_key(self, partition_key: str) -> Mapping[str, Any]:
        """Return the run config of the partition."""
        config = self.partitioned_config
        return config.get_run_config_for_partition_key(partition_key) if config is not None else {}

    def run_request_for_partition(
        self,
        partition_key: str,
        run_key: str | None = None,
        tags: Mapping[str, str] | None = None,
        asset_selection: Sequence[AssetKey] | None = None,
        run_config: Mapping[str, Any] | None = None,
        current_time: Any = None,
        dynamic_partitions_store: Any = None,
    ) -> RunRequest:
        """
        Return a request for a run of the partition.

        Args:
            partition_key: The partition.
            run_key: Name of the run, under which it is launched once.
            tags: Tags of the run, beside those of the partition.
            asset_selection: Assets to make; all of the job if not given.
            run_config: Run config; that of the partition if not given.
            current_time: The instant that counts as now, for partitions of time.
            dynamic_partitions_store: Where dynamic partitions are kept.

        Raises:
            InvalidInvocationError: The job has no partitions.
            UnknownPartitionError: The partition is not there.
        """
        partitions_def = self.partitions_def
        if partitions_def is None:
            raise InvalidInvocationError(
                f"Job '{self.name}' is not partitioned, but a request for a run of partition '{partition_key}' was wanted.",
                mend="give the job partitions_def=..., or its assets.",
            )
        return partition_run_request(
            self.name,
            partitions_def,
            self.partitioned_config,
            partition_key,
            run_key=run_key,
            tags=tags,
            asset_selection=asset_selection,
            run_config=run_config,
            current_time=current_time,
            dynamic_partitions_store=dynamic_partitions_store,
        )

    def as_ephemeral_job(
        self,
        resource_defs: Mapping[str, Any],
        input_values: Mapping[str, Any],
        op_selection: Sequence[str] | None = None,
        asset_selection: AbstractSet[AssetKey] | None = None,
    ) -> JobDefinition:
        """Return the job as a run in this process takes it: with other resources and input values."""
        made = self._copy(
            resource_defs={**self._resource_defs, **resource_defs},
            input_values={**self._input_values, **input_values},
        )
        return made.get_subset(op_selection=op_selection, asset_selection=asset_selection)

    def get_execution_plan(self, run_config: Any = None, **options: Any) -> Any:
        """
        Return the plan of a run: its steps in order, each with inputs and outputs.

        Args:
            run_config: Run config; the job's own if not given.
            options: ``step_keys_to_execute``, ``tags``, ``instance``; see :func:`create_execution_plan`.
        """
        return verbs().get_execution_plan(self, run_config=run_config, **options)

    def execute_in_process(
        self,
        run_config: Any = None,
        instance: Any = None,
        partition_key: str | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        asset_selection: Sequence[AssetKey] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        resources: Mapping[str, Any] | None = None,
    ) -> Any:
        """
        Run the job in this process and keep its values.

        Args:
            run_config: Run config as a dictionary or :class:`RunConfig`; the job's own if not given.
            instance: Where events go; an ephemeral one if not given.
            partition_key: The partition to run.
            raise_on_error: Raise the first failure; else return a result whose ``success`` is False.
            op_selection: Ops to keep, in selection syntax.
            asset_selection: Assets to keep.
            run_id: Id of the run; a new one if not given.
            input_values: Values of the graph's inputs, by name.
            tags: Tags of the run, beside those of the job.
            resources: Resources that take the place of the job's, by key: definitions or plain objects.

        Returns:
            An :class:`ExecuteInProcessResult`.
        """
        return verbs().execute_in_process(
            self,
            run_config=run_config,
            instance=instance,
            partition_key=partition_key,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            asset_selection=asset_selection,
            run_id=run_id,
            input_values=input_values,
            tags=tags,
            resources=resources,
        )

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """Refuse: a job is run, not called."""
        raise InvariantViolationError(
            f"Attempted to call job '{self.name}' directly. Jobs should be invoked by using an execution API function.",
            mend=f"write {self.name}.execute_in_process().",
        )

    def __repr__(self) -> str:
        return f"JobDefinition({self._name!r})"
