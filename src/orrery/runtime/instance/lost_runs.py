"""
Runs whose process is gone: found by whoever looks, recorded once.

There is no daemon in this. Every program that opens an instance looks at its leases; who finds one whose
process is gone takes it over - of two who find it one does - and records what follows. A finder that
dies on the way leaves a lease of a process that is gone.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from orrery.model.events import build
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.event import level_of
from orrery.model.records.lease import LEASE_SECONDS, Lease, Owner, events_of_a_lost_run, steps_going_on
from orrery.runtime.instance.leases import is_gone, owner_of_process, this_process
from orrery.runtime.ports.compute_logs import ComputeLogManager
from orrery.runtime.ports.leases import LeaseStorage

__all__ = ["report_lost_runs"]


def report_lost_runs(instance: Any) -> Sequence[str]:
    """
    Record the end of every run whose process is gone, and return the ids of these runs.

    Args:
        instance: The instance.
    """
    storage: LeaseStorage | None = instance.leases
    found = [] if storage is None else storage.get_leases()
    if storage is None or not found:
        return []
    now = storage.get_lease_time()
    return [
        lease.run_id
        for lease in found
        if lease.run_id and is_gone(lease.owner, lease.expires, now) and _report(instance, storage, lease, now)
    ]


def _report(instance: Any, storage: LeaseStorage, lost: Lease, now: float) -> bool:
    mine = msgspec.structs.replace(
        lost, token=uuid.uuid4().hex, owner=this_process(), taken=now, expires=now + LEASE_SECONDS
    )
    if not storage.put_lease(mine, instead_of=lost.token):
        return False  # somebody else is at it, or the run ended
    run = instance.get_run_by_id(lost.run_id)
    entries = () if run is None else instance.all_logs(run.run_id)
    events = () if run is None else events_of_a_lost_run(run, entries, lost.owner)
    if events:
        if instance.compute_logs is not None:
            _give_last_words(instance.compute_logs, lost.run_id, steps_going_on(entries), lost.owner)
        instance.store_entries(
            [
                EventLogEntry(
                    None, level_of(event), "", lost.run_id, time.time(), event.step_key, event.job_name, event
                )
                for event in events
            ]
        )
        instance.flush(lost.run_id)
    else:  # it has ended, waits in the queue, or was never recorded
        storage.delete_lease(mine.name, mine.token)
    return bool(events)


def _give_last_words(logs: ComputeLogManager, run_id: str, going_on: Sequence[build.StepRef], owner: Owner) -> None:
    """Give what the processes of a lost run wrote last to the steps that they carried out, before the ends of these are told."""
    # Of several steps in one process - coroutines - that which began last holds its streams.
    of_process = {owner.pid: None, **{ref.pid or owner.pid: ref.step_key for ref in going_on}}
    for pid, step_key in of_process.items():
        if pid != owner.pid and owner_of_process(pid).started >= 0:
            continue  # a worker that is just ending, and notes it itself
        with suppress(OSError):  # the disk is full, or only read: what is lost is told all the same
            key = (run_id, "compute_logs", f"process-{pid}")
            logs.note_lost(key, None)  # events of its last moments may be lost with the process
            if step_key is not None:
                logs.note_lost(key, step_key)
