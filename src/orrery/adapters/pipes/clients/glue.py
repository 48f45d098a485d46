"""AWS Glue: run a job, and wait for it to end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.cloudwatch import PipesCloudWatchMessageReader
from orrery.adapters.pipes.clients.waiting import concluded, ended_with_the_run, library, poll
from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.injectors import PipesContextInjector
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.adapters.pipes.session import unjudged_session

__all__ = ["PipesGlueClient"]

_ENDED = frozenset(("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"))


class PipesGlueClient(PipesClient):
    """
    Runs a job of AWS Glue, and returns what it reported.

    The params are arguments of the job: its script opens Pipes by ``PipesCliArgsParamsLoader()``.

    Args:
        context_injector: Hands the context over, as a rule :class:`PipesS3ContextInjector`.
        message_reader: Brings messages back; by default by CloudWatch.
        client: A ``boto3.client("glue")``; made if not given.
        forward_termination: Whether the job is stopped when the run is.
        poll_interval_seconds: Between two looks whether the job has ended, at most.
    """

    def __init__(
        self,
        context_injector: PipesContextInjector,
        message_reader: PipesMessageReader | None = None,
        client: Any = None,
        forward_termination: bool = True,
        *,
        poll_interval_seconds: float = 5,
    ) -> None:
        self.client = client or library("boto3", extra="aws", what=type(self).__name__).client("glue")
        self.context_injector = context_injector
        self.message_reader = message_reader or PipesCloudWatchMessageReader()
        self.forward_termination = forward_termination
        self.poll_interval_seconds = poll_interval_seconds

    def run(  # type: ignore[override]  # a client names what it needs
        self, *, context: Any, start_job_run_params: Mapping[str, Any], extras: PipesExtras | None = None
    ) -> PipesClientCompletedInvocation:
        """
        Run a job, and return when it has ended.

        Args:
            context: That of the op or asset.
            start_job_run_params: Those of boto3's ``start_job_run``; the arguments of Pipes are added.
            extras: What else the process is handed over; has to have a JSON form.

        Raises:
            PipesExecutionError: The job did not succeed, or messages are missing.
        """
        job = start_job_run_params["JobName"]
        with unjudged_session(context, self.context_injector, self.message_reader, extras) as session:
            arguments = {**start_job_run_params.get("Arguments", {}), **session.get_bootstrap_cli_arguments()}
            started = self.client.start_job_run(**{**start_job_run_params, "Arguments": arguments})
            run_id = started["JobRunId"]
            context.log.info(f"[pipes] started run {run_id} of the Glue job '{job}'.")
            session.report_launched(
                {"extras": {"job_run_id": run_id, "log_group": "/aws-glue/jobs/output", "log_stream": run_id}}
            )

            def look() -> Mapping[str, Any] | None:
                found: Mapping[str, Any] = self.client.get_job_run(JobName=job, RunId=run_id)["JobRun"]
                return found if found["JobRunState"] in _ENDED else None

            with ended_with_the_run(
                lambda: self.client.batch_stop_job_run(JobName=job, JobRunIds=[run_id]),
                forward_termination=self.forward_termination,
            ):
                ended = poll(look, self.poll_interval_seconds)
        problem = None
        if ended["JobRunState"] != "SUCCEEDED":
            why = ended.get("ErrorMessage") or "it tells no reason"
            problem = f"Run {run_id} of the Glue job '{job}' ended as {ended['JobRunState']}: {why}."
        metadata = {"AWS Glue Job Name": job, "AWS Glue Job Run ID": run_id}
        return concluded(session, self.context_injector, self.message_reader, problem=problem, metadata=metadata)
