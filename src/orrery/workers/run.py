"""
The process of one launched run: a fresh interpreter, or a child of a process that has the run's code.

It takes the run over from whoever launched it, executes it, submits the retry that is due, and launches what waits.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from orrery.api.verbs.recorded import carry_out_run
from orrery.api.wiring.instance import load_adapters
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.ref import InstanceRef
from orrery.workers.code import load_repository

__all__ = ["forked", "main", "prepare"]

_SUCCESS, _FAILED, _INTERRUPTED = 0, 1, 130


class _Job(msgspec.Struct, frozen=True):
    instance: InstanceRef
    run_id: str
    token: str


def main() -> int:
    """Execute the run that standard input names; return the exit code."""
    return _execute(msgspec.json.decode(sys.stdin.buffer.read(), type=_Job), None)


def prepare(argument: bytes) -> RepositoryDefinition:
    """Import the definitions that a pointer names, and all that a run needs besides, for the runs that are forked."""
    load_adapters()
    return load_repository(argument)


def forked(_channel: Any, argument: bytes, prepared: Any) -> int:
    """Execute the run that *argument* names, with the definitions that were *prepared*; return the exit code."""
    repository = prepared if isinstance(prepared, RepositoryDefinition) else None
    return _execute(msgspec.json.decode(argument, type=_Job), repository)


def _execute(job: _Job, repository: RepositoryDefinition | None) -> int:
    with Instance.from_ref(job.instance) as instance:
        try:
            done = carry_out_run(instance, job.run_id, token=job.token, repository=repository)
        except KeyboardInterrupt:
            return _INTERRUPTED
        return _SUCCESS if done else _FAILED


if __name__ == "__main__":
    sys.exit(main())
