"""
The process of one launched run: a fresh interpreter, or a child of a process that has the run's code.

It takes the run over from whoever launched it, executes it, submits the retry that is due, and launches what waits. A forked
run whose steps go to worker processes puts a copy of itself by first: workers are forked from that, and nothing is imported
again.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import Any

import msgspec

from orrery.api.verbs.recorded import carry_out_run
from orrery.api.verbs.rehearsal import rehearse
from orrery.api.wiring.executors import starts_workers
from orrery.api.wiring.instance import load_adapters
from orrery.base.errors import OrreryError
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.runtime.engine.interrupts import signal_told
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.ref import InstanceRef
from orrery.runtime.processes.code_process import copy_put_by
from orrery.workers.code import load_repository

__all__ = ["forked", "main", "prepare"]

_SUCCESS, _FAILED, _INTERRUPTED = 0, 1, 128


class _Job(msgspec.Struct, frozen=True):
    instance: InstanceRef
    run_id: str
    token: str
    job_name: str = ""
    log: str = ""


def main() -> int:
    """Execute the run that standard input names; return the exit code."""
    return _execute(msgspec.json.decode(sys.stdin.buffer.read(), type=_Job), None)


def prepare(argument: bytes) -> RepositoryDefinition:
    """Import the definitions that a pointer names, and all that a run needs besides, for the runs that are forked."""
    load_adapters()
    rehearse()
    return load_repository(argument)


def forked(channel: Any, argument: bytes, prepared: Any) -> int:
    """Execute the run that *argument* names, with the definitions that were *prepared*; return the exit code."""
    channel.close()  # whoever launched it says nothing more
    repository = prepared if isinstance(prepared, RepositoryDefinition) else None
    job = msgspec.json.decode(argument, type=_Job)
    _write_to(job.log)
    with copy_put_by() if _has_workers(repository, job.job_name) else nullcontext():
        return _execute(job, repository)


def _write_to(path: str) -> None:
    """Let what this process writes go to a file: whoever launched it does not wait for its streams to close."""
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)


def _has_workers(repository: RepositoryDefinition | None, job_name: str) -> bool:
    """Tell whether the job may have its steps carried out in processes that are started for it."""
    try:
        return repository is not None and repository.has_job(job_name) and starts_workers(repository.get_job(job_name))
    except OrreryError:  # a job that cannot be made: the run records it, when it is begun
        return False


def _execute(job: _Job, repository: RepositoryDefinition | None) -> int:
    with Instance.from_ref(job.instance) as instance:
        try:
            done = carry_out_run(instance, job.run_id, token=job.token, repository=repository)
        except KeyboardInterrupt as asked:
            return _INTERRUPTED + signal_told(str(asked))
        return _SUCCESS if done else _FAILED


if __name__ == "__main__":
    sys.exit(main())
