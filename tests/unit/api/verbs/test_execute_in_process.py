"""What ``execute_in_process`` takes of the executor that the job names."""

from __future__ import annotations

from orrery.adapters.executors.in_process import in_process_executor
from orrery.definitions.decorators.graph import job
from orrery.definitions.decorators.op import op
from orrery.definitions.parts.policies import RetryPolicy


@op(retry_policy=RetryPolicy(max_retries=1))
def second_time(context):  # type: ignore[no-untyped-def]
    if context.retry_number < 1:
        raise ValueError("the first time")


@job(executor_def=in_process_executor.configured({"retries": {"disabled": {}}}))
def configured_job() -> None:
    second_time()


@job(executor_def=in_process_executor)
def plain_job() -> None:
    second_time()


def test_steps_are_retried_though_the_executor_would_not() -> None:
    """As in the reference: the executor's config is for runs that are launched."""
    run_config = {"execution": {"config": {"retries": {"disabled": {}}}}}
    assert configured_job.execute_in_process(raise_on_error=False).success
    assert plain_job.execute_in_process(run_config=run_config, raise_on_error=False).success
