"""
A run that nobody asked for, in a process from which runs will be forked.

What a process does for the first time takes it longer: statements are put into words, expressions and decoders are made.
Done before the fork, it is there in every child; a run then comes to its first event in half of the processor's time.
"""

from __future__ import annotations

import tempfile

from orrery.api.verbs.recorded import carry_out_run
from orrery.api.wiring.instance import temporary_instance
from orrery.base.errors import StorageError
from orrery.definitions.decorators.graph import job
from orrery.definitions.decorators.op import op
from orrery.definitions.project.definitions import Definitions

__all__ = ["rehearse"]

_RUN = "rehearsal"
_UNHEARD = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def rehearse() -> bool:
    """
    Record and execute a run of one step, in a directory that is removed then: it takes 50 ms.

    Returns:
        Whether it was done; a machine whose temporary directories cannot be written does without.
    """

    @op(name="step")
    def step() -> None:
        """Make nothing."""

    @job(name=_RUN)
    def only_step() -> None:
        """Execute the step."""
        step()

    repository = Definitions(jobs=[only_step]).get_repository_def()
    try:
        folder = tempfile.TemporaryDirectory(prefix="orrery-", ignore_cleanup_errors=True)
    except OSError:
        return False
    with folder as home:
        try:
            instance = temporary_instance(tempdir=home)
        except StorageError:  # on a network, or full
            return False
        with instance:
            instance.create_run(job_name=_RUN, run_id=_RUN, run_config=_UNHEARD)
            return carry_out_run(instance, _RUN, repository=repository)
