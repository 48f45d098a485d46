"""AWS ECS: run a task in a cluster, and wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.cloudwatch import PipesCloudWatchMessageReader
from orrery.adapters.pipes.clients.waiting import concluded, ended_with_the_run, library, poll
from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.injectors import PipesContextInjector, PipesEnvContextInjector
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.adapters.pipes.session import unjudged_session
from orrery.base.errors import PipesExecutionError

__all__ = ["PipesECSClient"]


class PipesECSClient(PipesClient):
    """
    Runs a task of AWS ECS, and returns what it reported.

    Args:
        client: A ``boto3.client("ecs")``; made if not given.
        context_injector: Hands the context over; by default in the environment of the container.
        message_reader: Brings messages back; by default by CloudWatch, where the task definition names the stream.
        forward_termination: Whether the task is stopped when the run is.
        poll_interval_seconds: Between two looks whether the task has ended, at most.
    """

    def __init__(
        self,
        client: Any = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        forward_termination: bool = True,
        *,
        poll_interval_seconds: float = 5,
    ) -> None:
        self.client = client or library("boto3", extra="aws", what=type(self).__name__).client("ecs")
        self.context_injector = context_injector or PipesEnvContextInjector()
        self.message_reader = message_reader or PipesCloudWatchMessageReader()
        self.forward_termination = forward_termination
        self.poll_interval_seconds = poll_interval_seconds

    def run(  # type: ignore[override]  # a client names what it needs
        self,
        *,
        context: Any,
        run_task_params: Mapping[str, Any],
        extras: PipesExtras | None = None,
        pipes_container_name: str | None = None,
    ) -> PipesClientCompletedInvocation:
        """
        Run a task, and return when it has ended.

        Args:
            context: That of the op or asset.
            run_task_params: Those of boto3's ``run_task``; the environment of Pipes is added.
            extras: What else the process is handed over; has to have a JSON form.
            pipes_container_name: The container that reports; not needed if the task has one.

        Raises:
            PipesExecutionError: The task did not start, a container ended badly, or messages are missing.
        """
        definition = self.client.describe_task_definition(taskDefinition=run_task_params["taskDefinition"])
        containers = {each["name"]: each for each in definition["taskDefinition"]["containerDefinitions"]}
        name = pipes_container_name or (next(iter(containers)) if len(containers) == 1 else None)
        if name is None or name not in containers:
            raise PipesExecutionError(
                f"The task definition '{run_task_params['taskDefinition']}' has the containers {sorted(containers)}, "
                f"and it is not told which of them reports (pipes_container_name={pipes_container_name!r}).",
                mend="name one of them as pipes_container_name.",
            )
        cluster = {"cluster": run_task_params["cluster"]} if "cluster" in run_task_params else {}
        with unjudged_session(context, self.context_injector, self.message_reader, extras) as session:
            told = [{"name": key, "value": value} for key, value in session.get_bootstrap_env_vars().items()]
            started = self.client.run_task(**{**run_task_params, "overrides": _with(run_task_params, name, told)})
            if not started["tasks"]:
                raise PipesExecutionError(f"ECS started no task: {started.get('failures')}.", mend="see its reasons.")
            arn = started["tasks"][0]["taskArn"]
            context.log.info(f"[pipes] started the ECS task {arn}.")
            session.report_launched({"extras": {"task_arn": arn, **_log_place(containers[name], name, arn)}})

            def look() -> Mapping[str, Any] | None:
                found: Mapping[str, Any] = self.client.describe_tasks(tasks=[arn], **cluster)["tasks"][0]
                return found if found["lastStatus"] == "STOPPED" else None

            with ended_with_the_run(
                lambda: self.client.stop_task(task=arn, reason="the run was ended", **cluster),
                forward_termination=self.forward_termination,
            ):
                ended = poll(look, self.poll_interval_seconds)
        codes = {each["name"]: each.get("exitCode") for each in ended.get("containers", ())}
        bad = {key: code for key, code in codes.items() if code}
        problem = None
        if bad:
            problem = f"The ECS task {arn} ended with these exit codes: {bad}. {ended.get('stoppedReason', '')}".strip()
        metadata = {"AWS ECS Task ARN": arn}
        return concluded(session, self.context_injector, self.message_reader, problem=problem, metadata=metadata)


def _with(params: Mapping[str, Any], name: str, told: list[dict[str, str]]) -> dict[str, Any]:
    """Return the overrides of *params* with *told* in the environment of the container *name*."""
    overrides = dict(params.get("overrides", {}))
    others = [dict(each) for each in overrides.get("containerOverrides", ())]
    for each in others:
        if each.get("name") == name:
            each["environment"] = [*each.get("environment", ()), *told]
            break
    else:
        others.append({"name": name, "environment": told})
    return {**overrides, "containerOverrides": others}


def _log_place(container: Mapping[str, Any], name: str, arn: str) -> dict[str, str]:
    """Return where the output of a container goes, if it goes to CloudWatch."""
    log = container.get("logConfiguration", {})
    options = log.get("options", {})
    if log.get("logDriver") != "awslogs" or "awslogs-stream-prefix" not in options:
        return {}
    stream = f"{options['awslogs-stream-prefix']}/{name}/{arn.rpartition('/')[2]}"
    return {"log_group": options["awslogs-group"], "log_stream": stream}
