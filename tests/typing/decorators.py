"""
Static facts about decorators and generic names, checked by mypy and never run.

A function keeps its checked body under every decorator, and what the decorator makes has the class it says. A wrong use
carries an ignore that names its rule: were it accepted, the ignore would be unused, which is an error too.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, assert_type

import orrery as og


@og.asset
def bare() -> int:
    return 1


@og.asset(group_name="g", metadata={"rows": 3})
def with_arguments(context: og.AssetExecutionContext, bare: int) -> og.MaterializeResult:
    context.log.info("made")
    return og.MaterializeResult(metadata={"bare": bare})


@og.multi_asset(specs=[og.AssetSpec("one"), og.AssetSpec("two")])
def several() -> Iterator[og.MaterializeResult]:
    yield og.MaterializeResult("one")


@og.graph_asset
def of_a_graph() -> Any:
    return number()


@og.observable_source_asset(name="seen")
def observed() -> og.DataVersion:
    return og.DataVersion("1")


@og.asset_check(asset=bare, blocking=True)
def positive(bare: int) -> og.AssetCheckResult:
    return og.AssetCheckResult(passed=bare > 0)


assert_type(bare, og.AssetsDefinition)
assert_type(with_arguments, og.AssetsDefinition)
assert_type(several, og.AssetsDefinition)
assert_type(of_a_graph, og.AssetsDefinition)
assert_type(positive, og.AssetChecksDefinition)


@og.op
def number() -> int:
    return 1


@og.op(ins={"x": og.In(int)}, out=og.Out(int), retry_policy=og.RetryPolicy(max_retries=2))
def doubled(context: og.OpExecutionContext, x: int) -> og.Output:
    return og.Output(2 * x)


@og.op(out=og.DynamicOut())
def parts() -> Iterator[og.DynamicOutput]:
    yield og.DynamicOutput(1, mapping_key="a")


@og.graph
def inner() -> None:
    doubled(number())


@og.graph(ins={"x": og.GraphIn()})
def inner_with_input(x: int) -> Any:
    return doubled(x)


@og.job
def small() -> None:
    inner()


@og.job(tags={"team": "data"})
def tagged() -> None:
    inner_with_input(number())


assert_type(number, og.OpDefinition)
assert_type(doubled, og.OpDefinition)
assert_type(inner, og.GraphDefinition)
assert_type(inner_with_input, og.GraphDefinition)
assert_type(small, og.JobDefinition)
assert_type(tagged, og.JobDefinition)


@og.success_hook
def told(context: og.HookContext) -> None:
    context.log.info(context.op.name)


@og.failure_hook(required_resource_keys={"slack"})
def cried(context: og.HookContext) -> None: ...


@og.resource(config_schema={"url": str})
def client(context: og.InitResourceContext) -> str:
    return str(context.resource_config["url"])


@og.io_manager
def manager() -> og.IOManager:
    raise NotImplementedError


@og.logger({"level": str})
def quiet(context: og.InitLoggerContext) -> object:
    return object()


@og.config_mapping(config_schema={"n": int})
def mapped(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return given


@og.repository(name="all")
def everything() -> list[Any]:
    return [bare, small]


@og.schedule(job=small, cron_schedule="@daily")
def daily(context: og.ScheduleEvaluationContext) -> og.RunRequest:
    return og.RunRequest(run_key=context.scheduled_execution_time.isoformat())


@og.sensor(job=small)
def watched(context: og.SensorEvaluationContext) -> og.SkipReason:
    return og.SkipReason("nothing new")


@og.run_failure_sensor(name="alarm")
def alarm(context: og.RunFailureSensorContext) -> None: ...


assert_type(told, og.HookDefinition)
assert_type(cried, og.HookDefinition)
assert_type(client, og.ResourceDefinition)
assert_type(manager, og.IOManagerDefinition)
assert_type(quiet, og.LoggerDefinition)
assert_type(mapped, og.ConfigMapping)
assert_type(everything, og.RepositoryDefinition)
assert_type(daily, og.ScheduleDefinition)
assert_type(watched, og.SensorDefinition)
assert_type(alarm, og.RunStatusSensorDefinition)


class Service(og.ConfigurableResource):
    """A resource whose class is named without saying what it makes."""

    url: str


Service(url="http://localhost")
assert_type(og.Output(3), og.Output[int])
assert_type(og.MetadataValue.int(3), og.IntMetadataValue)

og.asset(nmae="a")  # type: ignore[call-overload]
og.asset(3)  # type: ignore[call-overload]
og.op(out=3, ins=4)  # type: ignore[call-overload]
og.job(tags="daily")  # type: ignore[call-overload]
og.success_hook(name=3)  # type: ignore[call-overload]
og.graph(ins=[1])  # type: ignore[call-overload]
og.AssetSpec(keys="a")  # type: ignore[call-arg]
og.MarkdownMetadataValue(md="x")  # type: ignore[call-arg]
og.schedule(job=small, cron_schedule=3)  # type: ignore[arg-type]


@og.asset
def wrong_body() -> int:
    return "text"  # type: ignore[return-value]  # the body is checked under the decorator, too


class OnTheCluster(og.StepLauncher):
    def launch_step(self, step_context: og.StepExecutionContext) -> Iterator[og.Event]:
        reference = og.step_context_to_step_run_ref(step_context, package_dir="src")
        instance = og.external_instance_from_step_run_ref(reference, event_listener_fn=print)
        yield from og.run_step_from_ref(reference, instance)


class Silent(og.StepLauncher):
    def launch_step(self, step_context: og.StepExecutionContext) -> None:  # type: ignore[override]  # events are told
        return None


@og.success_hook(required_resource_keys={"chat"})
def cheered(context: og.HookContext) -> None:
    context.log.info(context.op.name)


@og.failure_hook
def warned(context: og.HookContext) -> None:
    context.log.info(str(context.op_exception))


assert_type(cheered, og.HookDefinition)
assert_type(warned, og.HookDefinition)


@og.logger(config_schema={"level": str})
def kept(context: og.InitLoggerContext) -> logging.Logger:
    return logging.getLogger("kept")


assert_type(kept, og.LoggerDefinition)
assert_type(kept.configured({"level": "INFO"}), og.LoggerDefinition)
assert_type(doubled.alias("twice"), og.PendingNodeInvocation)
