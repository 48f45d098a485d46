"""Graphs: nodes that depend on one another, used as one node, or as a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.structure import GraphStructure, InputSources
from orrery.definitions.parts.as_function import ShowsFunction
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.policies import RetryPolicy

__all__ = ["GraphDefinition", "InputSources"]


class GraphDefinition(ShowsFunction, GraphStructure):
    """
    Nodes that depend on one another.

    Made by :func:`graph` as a rule.

    Args:
        name: Name.
        description: Text for people.
        node_defs: The ops and graphs that are used.
        dependencies: For each use (a name or a :class:`NodeInvocation`), for each of its inputs,
            what flows into it.
        input_mappings: Inputs of the graph.
        output_mappings: Outputs of the graph.
        config: Config that replaces that of the nodes, by a mapping.
        tags: Tags by name.

    Raises:
        InvalidDefinitionError: A dependency or mapping that names what is not there.
        CyclicDependencyError: Nodes that depend on themselves.
    """

    __slots__ = ()

    def _function_shown(self) -> Callable[..., Any] | None:
        return self.composition_fn

    def coerce_to_job(self) -> JobDefinition:
        """Return the graph as a job; all its inputs must come from config or defaults."""
        return self.to_job()

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: Any = None,
        hooks: AbstractSet[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        op_selection: Sequence[str] | None = None,
        partitions_def: Any = None,
        asset_layer: Any = None,
        input_values: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        _asset_selection_data: Any = None,
        owners: Sequence[str] | None = None,
        automation_condition: Any = None,
    ) -> JobDefinition:
        """
        Return a job of this graph.

        Args:
            name: Name of the job; that of the graph if not given.
            description: Text for people.
            resource_defs: Resources by key.
            config: Run config as a dictionary or :class:`RunConfig`, a config mapping, or a
                partitioned config.
            tags: Tags of the job and its runs.
            metadata: Any metadata, by name.
            logger_defs: Loggers by key.
            executor_def: How the steps are executed.
            hooks: Hooks of all ops.
            op_retry_policy: Retry policy of ops that have none.
            op_selection: Ops to keep, in selection syntax.
            partitions_def: Partitions of the job.
            input_values: Values of the graph's inputs, by name.
            run_tags: Tags of the runs; *tags* if not given.
            owners: Who owns the job.
        """
        made = JobDefinition(
            graph_def=self,
            name=name,
            description=description or self.description,
            resource_defs=resource_defs,
            config=config,
            tags=tags,
            metadata=metadata,
            logger_defs=logger_defs,
            executor_def=executor_def,
            hook_defs=hooks,
            op_retry_policy=op_retry_policy,
            partitions_def=partitions_def,
            asset_layer=asset_layer,
            input_values=input_values,
            run_tags=run_tags,
            owners=owners,
            _automation_condition=automation_condition,
        )
        return made.get_subset(op_selection=op_selection) if op_selection else made

    def execute_in_process(
        self,
        run_config: Any = None,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run the graph in this process; see :meth:`JobDefinition.execute_in_process`."""
        return self.to_job(resource_defs=resources, input_values=input_values).execute_in_process(
            run_config=run_config,
            instance=instance,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            run_id=run_id,
            input_values=input_values,
        )
