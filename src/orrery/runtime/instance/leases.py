"""
The leases of this process: taken, renewed by a thread, given back.

One :class:`LeaseKeeper` belongs to one instance. Its thread begins with the first lease that may be seen by other
processes, and renews all of them every few seconds; in a forked child it has none. :func:`this_process` and
:func:`is_running` know processes by more than their number, which systems give again.
"""

from __future__ import annotations

import os
import platform
import threading
import uuid
from functools import lru_cache
from pathlib import Path

import msgspec

from orrery.base.errors import OrreryError, RunConflictError
from orrery.model.records.lease import LEASE_SECONDS, RENEWAL_SECONDS, Lease, Owner, is_abandoned, run_lease_name
from orrery.model.records.run import Run
from orrery.runtime.ports.leases import LeaseStorage

__all__ = ["LeaseKeeper", "is_gone", "is_of_this_machine", "is_running", "owner_of_process", "this_process"]

STARTING_SECONDS = 600.0
"""How long a process may take until it renews a lease that was handed over to it, seen from another machine."""

_STATE_FIELD, _START_FIELD = 0, 19
"""Places in ``/proc/PID/stat`` after the name of the program: the third and the twenty-second of all."""


def this_process() -> Owner:
    """Return what this process is known by."""
    return _process(os.getpid())


def owner_of_process(pid: int) -> Owner:
    """Return what another process of this machine is known by; one that is gone already has never started."""
    fields = _stat(pid)
    return Owner(host=_host(), machine=_machine(), pid=pid, started=int(fields[_START_FIELD]) if fields else -1)


@lru_cache(maxsize=2)
def _process(pid: int) -> Owner:
    return owner_of_process(pid)


@lru_cache(maxsize=1)
def _host() -> str:
    return platform.node()


@lru_cache(maxsize=1)
def _machine() -> str:
    """Name this boot of this machine, and the table of processes that ours sees; empty if the system tells neither."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def is_running(owner: Owner) -> bool:
    """Tell whether a process of this machine is there; one that ended and was not waited for is not."""
    fields = _stat(owner.pid)
    return bool(fields) and int(fields[_START_FIELD]) == owner.started and fields[_STATE_FIELD] not in "ZX"


def is_of_this_machine(owner: Owner) -> bool:
    """Tell whether the process can be looked up, and signalled, from here."""
    return bool(_machine()) and owner.machine == _machine()


def is_gone(owner: Owner, expires: float, now: float) -> bool:
    """Tell whether what *owner* has in hand is nobody's by now."""
    here = is_of_this_machine(owner) and is_running(owner)
    return is_abandoned(owner, expires, machine=_machine(), now=now, is_running=here)


class LeaseKeeper:
    """
    Keeps the leases of this process in one storage.

    Args:
        storage: Where leases are kept.
        renews: Whether others may see them, so that they have to be renewed.

    Attributes:
        storage: The same.
    """

    def __init__(self, storage: LeaseStorage, *, renews: bool = True) -> None:
        self.storage = storage
        self._renews = renews
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._held: set[str] = set()
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def take_new_run(self, run: Run) -> None:
        """
        Record a run whose id is new, and take it in hand: with what is stored first of it, and never without that.

        It goes past the question whether somebody else has the run, which costs as much as a quick step.
        """
        lease = self.new_lease(run_lease_name(run.run_id), run.run_id)
        self.storage.put_new_run(run, lease)
        self.hold(lease.token)

    def take_run(self, run_id: str, *, instead_of: str | None = None, new_run: Run | None = None) -> Lease:
        """
        Take a run in hand.

        Args:
            run_id: The run.
            instead_of: Token of the lease with which somebody else held it for us.
            new_run: The run itself, if it is to be recorded: at no moment does it stand there that nobody answers for.

        Raises:
            RunConflictError: A process that lives has it in hand.
            RunAlreadyExistsError: *new_run* was recorded before.
        """
        lease = self.new_lease(run_lease_name(run_id), run_id)
        if not self.storage.put_lease(lease, instead_of=instead_of, new_run=new_run):
            found = self.storage.get_leases(lease.name)
            who = f"by {found[0].owner}" if found else "elsewhere"
            raise RunConflictError(
                f"Run '{run_id}' is executed already, {who}.",
                mend="wait for it, or repeat the run under an id of its own.",
            )
        self.hold(lease.token)
        return lease

    def new_lease(self, name: str, run_id: str, owner: Owner | None = None, seconds: float = LEASE_SECONDS) -> Lease:
        """Return a lease that is not kept yet."""
        now = self.storage.get_lease_time()
        return Lease(
            name=name,
            token=uuid.uuid4().hex,
            owner=owner or this_process(),
            run_id=run_id,
            taken=now,
            expires=now + seconds,
        )

    def hand_over(self, lease: Lease, process: int) -> None:
        """
        Let a lease be that of another process of this machine, which may not be able yet to take it itself.

        Nothing happens if it did.
        """
        self.forget(lease.token)
        theirs = self.new_lease(lease.name, lease.run_id, owner_of_process(process), STARTING_SECONDS)
        self.storage.put_lease(msgspec.structs.replace(theirs, token=lease.token), instead_of=lease.token)

    def give_back(self, lease: Lease) -> None:
        """Let go of a lease before the run that it belongs to has ended."""
        self.forget(lease.token)
        self.storage.delete_lease(lease.name, lease.token)

    def hold(self, token: str) -> None:
        """Renew a lease or claim from now on."""
        if os.getpid() != self._pid:
            self._begin()
        with self._change:
            self._held.add(token)
            if self._renews and self._thread is None:
                self._thread = threading.Thread(target=self._renew, name="orrery-leases", daemon=True)
                self._thread.start()

    def forget(self, token: str) -> None:
        """Renew a lease or claim no more: it ended with its run, or will."""
        with self._change:
            self._held.discard(token)

    def dispose(self) -> None:
        """Renew nothing more, and wait for the thread."""
        if os.getpid() != self._pid:
            return
        with self._change:
            self._held.clear()
            thread, self._thread = self._thread, None
            self._change.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _renew(self) -> None:
        me = threading.current_thread()
        while True:
            with self._change:
                self._change.wait(RENEWAL_SECONDS)
                if self._thread is not me:
                    return
                tokens = list(self._held)
            if tokens:
                self._renew_once(tokens)

    def _renew_once(self, tokens: list[str]) -> None:
        try:
            left = set(self.storage.renew_leases(tokens, self.storage.get_lease_time() + LEASE_SECONDS))
        except OrreryError:  # a database that is locked, say: the next renewal tries again, and a lease holds for three
            return
        with self._change:  # what has ended with its run, or was taken over, is ours no more
            self._held.difference_update(set(tokens) - left)
