"""Databricks: run a task as a job of its own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.waiting import concluded, ended_with_the_run, library, poll
from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.injectors import PipesContextInjector
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.adapters.pipes.session import PipesSession, unjudged_session
from orrery.adapters.pipes.stores.databricks import PipesDbfsContextInjector, PipesDbfsMessageReader
from orrery.base.errors import PipesExecutionError

__all__ = ["PipesDatabricksClient"]

_ENDED = frozenset(("TERMINATED", "SKIPPED", "INTERNAL_ERROR"))


class PipesDatabricksClient(PipesClient):
    """
    Runs a task on Databricks, and returns what it reported.

    A task with a new cluster gets the params in its environment; a notebook as widgets
    (``PipesDatabricksNotebookWidgetsParamsLoader``); a script or a wheel on a cluster that exists as arguments
    (``PipesCliArgsParamsLoader``).

    Args:
        client: A ``databricks.sdk.WorkspaceClient``.
        context_injector: Hands the context over; by default on DBFS.
        message_reader: Brings messages back; by default by DBFS.
        poll_interval_seconds: Between two looks whether the task has ended, at most.
        forward_termination: Whether the task is cancelled when the run is.
    """

    def __init__(
        self,
        client: Any,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        poll_interval_seconds: float = 5,
        forward_termination: bool = True,
    ) -> None:
        self.client = client
        self.context_injector = context_injector or PipesDbfsContextInjector(client=client)
        self.message_reader = message_reader or PipesDbfsMessageReader(client=client)
        self.poll_interval_seconds = poll_interval_seconds
        self.forward_termination = forward_termination

    def run(  # type: ignore[override]  # a client names what it needs
        self,
        *,
        context: Any,
        extras: PipesExtras | None = None,
        task: Any,
        submit_args: Mapping[str, Any] | None = None,
    ) -> PipesClientCompletedInvocation:
        """
        Run a task, and return when it has ended.

        Args:
            context: That of the op or asset.
            extras: What else the process is handed over; has to have a JSON form.
            task: A ``databricks.sdk.service.jobs.SubmitTask``.
            submit_args: What else the library takes for ``jobs.submit``.

        Raises:
            PipesExecutionError: The task did not succeed, or messages are missing.
        """
        library("databricks.sdk", extra="databricks", what=type(self).__name__)
        jobs = self.client.jobs
        with unjudged_session(context, self.context_injector, self.message_reader, extras) as session:
            submitted = jobs.submit(tasks=[_with_params(task, session)], **dict(submit_args or {}))
            run_id = submitted.response.run_id
            context.log.info(f"[pipes] started the Databricks run {run_id}.")
            session.report_launched({"extras": {"run_id": run_id}})

            def look() -> Any:
                found = jobs.get_run(run_id)
                return found if found.state.life_cycle_state.value in _ENDED else None

            with ended_with_the_run(lambda: jobs.cancel_run(run_id), forward_termination=self.forward_termination):
                ended = poll(look, self.poll_interval_seconds)
        result = ended.state.result_state.value if ended.state.result_state else ended.state.life_cycle_state.value
        problem = None
        if result != "SUCCESS":
            problem = f"The Databricks run {run_id} ended as {result}: {ended.state.state_message}"
        metadata: dict[str, Any] = {"Databricks Job Run ID": str(run_id)}
        if ended.run_page_url:
            metadata["Databricks Job Run URL"] = ended.run_page_url
        return concluded(session, self.context_injector, self.message_reader, problem=problem, metadata=metadata)


def _with_params(task: Any, session: PipesSession) -> Any:
    """Return a copy of *task* with the params where its kind can take them."""
    told = copy.deepcopy(task)
    variables = session.get_bootstrap_env_vars()
    if told.notebook_task is not None:
        told.notebook_task.base_parameters = {**(told.notebook_task.base_parameters or {}), **variables}
        return told
    if told.new_cluster is not None:
        told.new_cluster.spark_env_vars = {**(told.new_cluster.spark_env_vars or {}), **variables}
        return told
    arguments = [part for pair in session.get_bootstrap_cli_arguments().items() for part in pair]
    for kind in (told.spark_python_task, told.python_wheel_task, told.spark_jar_task):
        if kind is not None:
            kind.parameters = [*(kind.parameters or ()), *arguments]
            return told
    raise PipesExecutionError(
        f"Task '{task.task_key}' has nowhere to put the params of Pipes.",
        mend="give it a new cluster, or make it a notebook, a Python script or a wheel.",
    )
