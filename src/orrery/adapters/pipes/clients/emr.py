"""AWS EMR: run the steps of a cluster that ends with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.waiting import concluded, ended_with_the_run, library, poll
from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.injectors import PipesContextInjector, PipesEnvContextInjector
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.adapters.pipes.session import unjudged_session

__all__ = ["PipesEMRClient"]

_ENDED = frozenset(("WAITING", "TERMINATED", "TERMINATED_WITH_ERRORS"))
_BAD = frozenset(("FAILED", "CANCELLED", "INTERRUPTED"))


class PipesEMRClient(PipesClient):
    """
    Starts a cluster of AWS EMR, waits until its steps have ended, and returns what they reported.

    The params are in the environment of Spark's driver, in client mode and in cluster mode.

    Args:
        message_reader: Brings messages back, as a rule :class:`PipesS3MessageReader`.
        client: A ``boto3.client("emr")``; made if not given.
        context_injector: Hands the context over; by default inside the params.
        forward_termination: Whether the cluster is terminated when the run is.
        poll_interval_seconds: Between two looks whether the steps have ended, at most.
    """

    def __init__(
        self,
        message_reader: PipesMessageReader,
        client: Any = None,
        context_injector: PipesContextInjector | None = None,
        forward_termination: bool = True,
        *,
        poll_interval_seconds: float = 10,
    ) -> None:
        self.client = client or library("boto3", extra="aws", what=type(self).__name__).client("emr")
        self.context_injector = context_injector or PipesEnvContextInjector()
        self.message_reader = message_reader
        self.forward_termination = forward_termination
        self.poll_interval_seconds = poll_interval_seconds

    def run(  # type: ignore[override]  # a client names what it needs
        self, *, context: Any, run_job_flow_params: Mapping[str, Any], extras: PipesExtras | None = None
    ) -> PipesClientCompletedInvocation:
        """
        Start a cluster, and return when its steps have ended.

        Args:
            context: That of the op or asset.
            run_job_flow_params: Those of boto3's ``run_job_flow``; the environment of Pipes is added.
            extras: What else the process is handed over; has to have a JSON form.

        Raises:
            PipesExecutionError: A step failed, the cluster ended with errors, or messages are missing.
        """
        with unjudged_session(context, self.context_injector, self.message_reader, extras) as session:
            settings = [*run_job_flow_params.get("Configurations", ()), *_settings(session.get_bootstrap_env_vars())]
            cluster = self.client.run_job_flow(**{**run_job_flow_params, "Configurations": settings})["JobFlowId"]
            context.log.info(f"[pipes] started the EMR cluster {cluster}.")
            session.report_launched({"extras": {"cluster_id": cluster}})

            def look() -> Mapping[str, Any] | None:
                found: Mapping[str, Any] = self.client.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]
                return found if found["State"] in _ENDED else None

            with ended_with_the_run(
                lambda: self.client.terminate_job_flows(JobFlowIds=[cluster]),
                forward_termination=self.forward_termination,
            ):
                status = poll(look, self.poll_interval_seconds)
            steps = self.client.list_steps(ClusterId=cluster)["Steps"]
        bad = [f"step '{each['Name']}' {each['Status']['State']}" for each in steps if each["Status"]["State"] in _BAD]
        if status["State"] == "TERMINATED_WITH_ERRORS":
            bad.append(status.get("StateChangeReason", {}).get("Message", "it was terminated with errors"))
        problem = f"The EMR cluster {cluster}: {'; '.join(bad)}." if bad else None
        metadata = {"AWS EMR Cluster ID": cluster}
        return concluded(session, self.context_injector, self.message_reader, problem=problem, metadata=metadata)


def _settings(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return settings of Spark that give its driver *environment*."""
    yarn = {f"spark.yarn.appMasterEnv.{name}": value for name, value in environment.items()}
    export = {"Classification": "export", "Properties": dict(environment)}
    return [
        {"Classification": "spark-defaults", "Properties": yarn},
        {"Classification": "spark-env", "Properties": {}, "Configurations": [export]},
    ]
