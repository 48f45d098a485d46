"""What a job tells of itself."""

from __future__ import annotations

from orrery.adapters.executors.either import multi_or_in_process_executor
from orrery.adapters.executors.in_process import in_process_executor
from orrery.definitions.decorators.graph import job


def test_a_job_that_names_no_executor_tells_the_one_that_run_config_chooses() -> None:
    """Whoever looks at all attributes of a job finds no error among them."""

    @job
    def silent() -> None: ...

    @job(executor_def=in_process_executor)
    def outspoken() -> None: ...

    assert (silent.executor, silent.executor_def) == (None, multi_or_in_process_executor)
    assert (outspoken.executor, outspoken.executor_def) == (in_process_executor, in_process_executor)
