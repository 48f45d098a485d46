"""
What every storage of leases and pools must do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import pytest

from orrery.base.errors import RunAlreadyExistsError
from orrery.model.automation.pools import Claim, Pool, granted
from orrery.model.events import build
from orrery.model.records.lease import Lease, Owner
from orrery.model.records.run import Run, RunStatus
from orrery.runtime.ports.event_log import EventLogStorage
from orrery.runtime.ports.leases import LeaseStorage
from orrery.runtime.ports.runs import RunStorage
from orrery.testing.conformance.samples import JOB, entry_of

__all__ = ["LeasesSuite"]

OWNER = Owner(host="here", machine="boot/1", pid=7, started=11)


class Records(EventLogStorage, RunStorage, LeaseStorage, Protocol):
    """Leases beside the runs with which they end."""


def _lease(name: str, token: str, *, run_id: str = "", expires: float = 10.0) -> Lease:
    return Lease(name=name, token=token, owner=OWNER, run_id=run_id, taken=1.0, expires=expires)


def _claim(token: str, wants: Mapping[str, int], *, run_id: str = "run-1") -> Claim:
    return Claim(token=token, run_id=run_id, step_key="step", wants=wants, owner=OWNER, asked=1.0, expires=10.0)


def _held(claims: Sequence[Claim]) -> list[str]:
    return [claim.token for claim in claims if claim.is_held]


def _put_and_wait(storage: Records, run: Run, lease: Lease) -> None:
    storage.put_new_run(run, lease)
    storage.flush(run.run_id)


class LeasesSuite:
    """Subclass it with a fixture ``storage`` that gives an empty storage and disposes of it."""

    def test_of_two_who_take_a_lease_one_has_it(self, storage: Records) -> None:
        """It comes back as it was kept."""
        assert storage.put_lease(_lease("a", "first"))
        assert not storage.put_lease(_lease("a", "second"))
        assert storage.put_lease(_lease("b", "third"))
        assert storage.get_leases() == [_lease("a", "first"), _lease("b", "third")]
        assert storage.get_leases("b") == [_lease("b", "third")]

    def test_of_two_who_take_a_lease_over_one_has_it(self, storage: Records) -> None:
        """Whoever names a token that is no longer its own changes nothing."""
        storage.put_lease(_lease("a", "first"))
        assert storage.put_lease(_lease("a", "second"), instead_of="first")
        assert not storage.put_lease(_lease("a", "third"), instead_of="first")
        assert not storage.delete_lease("a", "first")
        assert storage.get_leases() == [_lease("a", "second")]
        assert storage.delete_lease("a", "second")
        assert not storage.put_lease(_lease("a", "third"), instead_of="second")
        assert storage.get_leases() == []

    def test_a_run_is_recorded_with_its_lease_or_not_at_all(self, storage: Records) -> None:
        """Neither stands there alone: where the lease is another's, nor where the run was recorded before."""
        run = Run(job_name=JOB, run_id="run-1")
        assert storage.put_lease(_lease("a", "first", run_id="run-1"), new_run=run)
        assert storage.has_run("run-1")
        other = Run(job_name=JOB, run_id="run-2")
        assert not storage.put_lease(_lease("a", "second", run_id="run-2"), new_run=other)
        assert not storage.has_run("run-2")
        with pytest.raises(RunAlreadyExistsError):
            storage.put_lease(_lease("b", "third", run_id="run-1"), new_run=run)
        assert storage.get_leases() == [_lease("a", "first", run_id="run-1")]

    def test_a_new_run_stands_there_before_what_is_stored_after_it(self, storage: Records) -> None:
        """With its lease, which ends with it; who waits is told if it was lost, and nothing of it stands there then."""
        run = Run(job_name=JOB, run_id="run-1")
        storage.put_new_run(run, _lease("a", "first", run_id="run-1"))
        storage.store_entries([entry_of(build.run_started(JOB))])
        assert [record.dagster_run.status for record in storage.get_run_records()] == [RunStatus.STARTED]
        assert storage.get_leases() == [_lease("a", "first", run_id="run-1")]
        storage.store_entries([entry_of(build.run_succeeded(JOB))])
        assert storage.get_leases() == []
        with pytest.raises(RunAlreadyExistsError):
            _put_and_wait(storage, run, _lease("b", "second", run_id="run-1"))
        with pytest.raises(RunAlreadyExistsError):
            _put_and_wait(storage, run, _lease("b", "third", run_id="run-1"))
        assert storage.get_leases() == []
        assert storage.get_runs_count() == 1

    def test_a_renewal_tells_what_there_still_is(self, storage: Records) -> None:
        """Leases and claims alike."""
        storage.put_lease(_lease("a", "first"))
        storage.exchange_claims(granted, add=[_claim("claim", {"db": 1})])
        assert sorted(storage.renew_leases(["first", "claim", "gone"], 99.0)) == ["claim", "first"]
        assert storage.get_leases()[0].expires == 99.0
        assert storage.get_claims()[0].expires == 99.0

    def test_a_run_that_ends_has_nothing_in_hand(self, storage: Records) -> None:
        """Its lease and its slots go with its last event; those of others stay."""
        for number in (1, 2):
            storage.add_run(Run(job_name=JOB, run_id=f"run-{number}"))
            storage.put_lease(_lease(f"run/{number}", f"token-{number}", run_id=f"run-{number}"))
        storage.set_pool(Pool(name="db", slots=1))
        claims = [_claim("one", {"db": 1}), _claim("two", {"db": 1}, run_id="run-2")]
        assert _held(storage.exchange_claims(granted, add=claims)) == ["one"]
        storage.store_entries([entry_of(build.run_started(JOB))])
        assert len(storage.get_leases()) == 2
        storage.store_entries([entry_of(build.run_failed(JOB))])
        assert [lease.run_id for lease in storage.get_leases()] == ["run-2"]
        assert _held(storage.exchange_claims(granted)) == ["two"]

    def test_slots_are_counted_in_pools_that_have_a_number(self, storage: Records) -> None:
        """Others have no end."""
        assert storage.get_pools() == []
        storage.set_pool(Pool(name="db", slots=1))
        storage.set_pool(Pool(name="db", slots=3))
        storage.set_pool(Pool(name="api", slots=1))
        assert storage.get_pools() == [Pool(name="api", slots=1), Pool(name="db", slots=3)]
        claims = [_claim("a", {"db": 2}), _claim("b", {"db": 2}), _claim("c", {"other": 9})]
        assert _held(storage.exchange_claims(granted, add=claims)) == ["a", "c"]
        assert storage.delete_pool("db")
        assert not storage.delete_pool("db")
        assert _held(storage.exchange_claims(granted)) == ["a", "b", "c"]

    def test_claims_stand_in_the_order_in_which_they_came(self, storage: Records) -> None:
        """A slot that is given back goes to the next."""
        storage.set_pool(Pool(name="db", slots=1))
        for token in ("z", "m", "a"):
            storage.exchange_claims(granted, add=[_claim(token, {"db": 1})])
        assert [claim.token for claim in storage.get_claims()] == ["z", "m", "a"]
        assert _held(storage.exchange_claims(granted, remove=["z", "gone"])) == ["m"]
        numbers = [claim.number for claim in storage.get_claims()]
        assert numbers == sorted(set(numbers))
        asked = msgspec.structs.replace(storage.get_claims()[0], number=0, is_held=False)
        assert asked == _claim("m", {"db": 1})
