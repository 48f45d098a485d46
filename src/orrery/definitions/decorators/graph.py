"""``@graph`` and ``@job``: a function that calls ops becomes a graph or a job."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.graphs.composition import compose
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.executor import ExecutorDefinition
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import GraphIn, GraphOut, InputDefinition, OutputDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.signature import EMPTY, ComputeFunction, parameters_of
from orrery.model.config.configured import ConfigMapping

__all__ = ["compose_graph", "graph", "job"]


def compose_graph(
    fn: Callable[..., Any],
    *,
    noun: str,
    name: str,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    config: ConfigMapping | None = None,
    tags: Mapping[str, Any] | None = None,
) -> GraphDefinition:
    """Run *fn* as a composition and return the graph it wrote down."""
    parameters = [each for each in parameters_of(fn) if each.kind in ("either", "positional", "keyword")]
    names = [each.name for each in parameters]
    if names and names[0] in ("context", "_context"):
        raise InvalidDefinitionError(
            f"@{noun} '{name}' has a parameter '{names[0]}': a composition has no context.",
            mend="take the context in the ops.",
        )
    for each in ins or ():
        if each not in names:
            raise InvalidDefinitionError(
                f"@{noun} '{name}' declares the input '{each}', which is no parameter of the function.",
                mend=f"add a parameter '{each}'.",
            )
    declared_inputs = {each.name: each for each in input_defs or ()}
    inputs = []
    analysed = ComputeFunction(fn, has_context=False)
    for parameter in parameters:
        given = declared_inputs.get(parameter.name)
        if given is not None:
            inputs.append(given)
            continue
        spec = (ins or {}).get(parameter.name)
        default = parameter.default if parameter.default is not EMPTY else None
        inputs.append(
            InputDefinition(
                parameter.name,
                description=spec.description if spec else None,
                annotation=parameter.annotation,
                fn=fn,
                **({"default_value": default} if parameter.default is not EMPTY else {}),
            )
        )
    output_names: list[str] | None
    outputs: list[OutputDefinition]
    if output_defs is not None:
        outputs = list(output_defs)
        output_names = [each.name for each in outputs]
    elif out is None:
        outputs, output_names = [], None
    elif isinstance(out, GraphOut):
        outputs, output_names = [out.to_definition("result")], ["result"]
    else:
        outputs = [each.to_definition(key) for key, each in out.items()]
        output_names = list(out)
    composed = compose(noun, name, fn, names, output_names, ignore_return=noun == "job")
    return GraphDefinition(
        name,
        description=description if description is not None else analysed.doc,
        node_defs=composed.node_defs,
        dependencies=dict(composed.dependencies),
        input_mappings=composed.input_mappings,
        output_mappings=composed.output_mappings,
        config=config,
        tags=tags,
        input_assets=composed.node_input_assets,
        composition_fn=fn,
        input_defs=inputs,
        output_defs=outputs,
        positional_inputs=composed.positional_inputs,
    )


@overload
def graph(compose_fn: Callable[..., Any]) -> GraphDefinition: ...


@overload
def graph(
    compose_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: ConfigMapping | Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], GraphDefinition]: ...


def graph(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: ConfigMapping | Mapping[str, Any] | None = None,
) -> Any:
    """
    Make a graph of the decorated function, which calls ops and graphs.

    Its parameters are the inputs of the graph; what it returns are the outputs: one output of a call,
    or a dictionary from output name to such outputs.

    Args:
        compose_fn: The function.
        name: Name of the graph; that of the function if not given.
        description: Text for people; the docstring if not given.
        ins: More about inputs, by name.
        out: The output, or outputs by name.
        tags: Tags by name.
        config: Config that replaces that of the nodes: a mapping, or a fixed dictionary.

    Raises:
        InvalidDefinitionError: A composition mistake, with the line in the function.
    """

    def decorate(fn: Callable[..., Any]) -> GraphDefinition:
        return compose_graph(
            fn,
            noun="graph",
            name=check_name(name or fn.__name__, noun="a graph"),
            description=description,
            ins=ins,
            out=out,
            input_defs=input_defs,
            output_defs=output_defs,
            config=as_config_mapping(config),
            tags=tags,
        )

    return decorate(compose_fn) if compose_fn is not None else decorate


def as_config_mapping(config: Any) -> ConfigMapping | None:
    """Return *config* as a mapping: a dictionary stands for the config that never changes."""
    if config is None or isinstance(config, ConfigMapping):
        return config
    if hasattr(config, "to_config_dict"):
        config = config.to_config_dict().get("ops", {})
    if isinstance(config, Mapping):
        fixed = dict(config)
        return ConfigMapping(config_fn=lambda _outer: fixed, config_schema={})
    raise InvalidDefinitionError(f"config of a graph is {config!r}.", mend="give a ConfigMapping or a dictionary.")


@overload
def job(compose_fn: Callable[..., Any]) -> JobDefinition: ...


@overload
def job(
    compose_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    logger_defs: Mapping[str, Any] | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    partitions_def: Any = None,
    input_values: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., Any]], JobDefinition]: ...


def job(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    logger_defs: Mapping[str, Any] | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    partitions_def: Any = None,
    input_values: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
) -> Any:
    """
    Make a job of the decorated function, which calls ops and graphs.

    Args:
        compose_fn: The function.
        name: Name of the job; that of the function if not given.
        description: Text for people; the docstring if not given.
        resource_defs: Resources by key.
        config: Run config as a dictionary or :class:`RunConfig`, a config mapping, or a partitioned config.
        tags: Tags of the job, and of its runs unless *run_tags* is given.
        run_tags: Tags of its runs.
        metadata: Any metadata, by name.
        logger_defs: Loggers by key.
        executor_def: How the steps are executed.
        hooks: Hooks of all ops.
        op_retry_policy: Retry policy of ops that have none.
        partitions_def: Partitions of the job.
        input_values: Values of the function's parameters, by name.
        owners: Who owns the job.

    Raises:
        InvalidDefinitionError: A composition mistake, with the line in the function.
    """

    def decorate(fn: Callable[..., Any]) -> JobDefinition:
        made = compose_graph(
            fn,
            noun="job",
            name=check_name(name or fn.__name__, noun="a job"),
            description=description if description is not None else _doc(fn),
            tags=tags,
        )
        result = made.to_job(
            description=made.description,
            resource_defs=resource_defs,
            config=config,
            tags=tags,
            run_tags=run_tags,
            metadata=metadata,
            logger_defs=logger_defs,
            executor_def=executor_def,
            hooks=hooks,
            op_retry_policy=op_retry_policy,
            partitions_def=partitions_def,
            input_values=input_values,
            owners=owners,
        )
        assert isinstance(result, JobDefinition)
        return result

    return decorate(compose_fn) if compose_fn is not None else decorate


def _doc(fn: Callable[..., Any]) -> str | None:
    return inspect.cleandoc(fn.__doc__) if fn.__doc__ else None
