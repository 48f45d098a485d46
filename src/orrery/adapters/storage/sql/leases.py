"""
Leases and claims on pools, in a SQL database.

Transactions exclude one another in every database that we know (``sql/connections.py``), so that what is decided
over the rows that one has read holds when it is committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from orrery.adapters.storage.sql.append import insert_or_ignore
from orrery.adapters.storage.sql.connections import Connections
from orrery.adapters.storage.sql.dialects import insertion_into
from orrery.adapters.storage.sql.lease_tables import leases, pool_claims, pools
from orrery.adapters.storage.sql.many import execute_one
from orrery.adapters.storage.sql.runs import add_run
from orrery.adapters.storage.sql.writer import Batch, NewRun, Writer
from orrery.base.errors import RunAlreadyExistsError
from orrery.model.automation.pools import Claim, Pool
from orrery.model.records.lease import Lease
from orrery.model.records.run import Run
from orrery.runtime.ports.leases import GrantClaims

__all__ = ["SqlLeases", "put_new_run"]

P = ParamSpec("P")
T = TypeVar("T")

_encode = msgspec.msgpack.encode
_lease = msgspec.msgpack.Decoder(Lease).decode
_claim = msgspec.msgpack.Decoder(Claim).decode


class SqlLeases:
    """Keeps leases and claims; the storage of records derives from it, and lends its connections."""

    _connections: Connections
    _writer: Writer

    def _look(self, question: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._writer.settle()
        return self._connections.read(question, *args, **kwargs)

    def _do(self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._writer.settle()
        return self._connections.write(act, False, *args, **kwargs)

    def get_lease_time(self) -> float:
        """Return the instant that all who share the leases agree on: that of the database, if it has a clock."""
        if self._connections.database.writing.dialect.name == "postgresql":
            return self._look(_time_of_server)
        return time.time()

    def put_lease(self, lease: Lease, *, instead_of: str | None = None, new_run: Run | None = None) -> bool:
        """Keep a lease, and a new run with it; tell whether it was kept."""
        return self._do(_put_lease, lease, instead_of, new_run)

    def put_new_run(self, run: Run, lease: Lease) -> None:
        """Record a run of which nobody knows yet, and its lease, with what is stored next."""
        self._writer.submit(Batch((), None, new_run=NewRun(run, lease)))

    def get_leases(self, name: str | None = None) -> Sequence[Lease]:
        """Return the lease of this name, or all, in the order of their names."""
        return self._look(_leases, name)

    def delete_lease(self, name: str, token: str) -> bool:
        """Give a lease back; tell whether it was still that of *token*."""
        return self._do(_delete_lease, name, token)

    def renew_leases(self, tokens: Sequence[str], expires: float) -> Sequence[str]:
        """Let leases and claims hold until *expires*; return the tokens of those that there still are."""
        return self._do(_renew, list(tokens), expires)

    def get_pools(self) -> Sequence[Pool]:
        """Return the pools whose slots are counted, in the order of their names."""
        return self._look(_pools)

    def set_pool(self, pool: Pool) -> None:
        """Keep the number of slots of a pool."""
        self._do(_set_pool, pool)

    def delete_pool(self, name: str) -> bool:
        """Count the slots of a pool no more; tell whether they were counted."""
        return self._do(_delete_pool, name)

    def get_claims(self) -> Sequence[Claim]:
        """Return all claims, in the order in which they were made."""
        return self._look(_claims)

    def exchange_claims(
        self, grant: GrantClaims, *, add: Sequence[Claim] = (), remove: Sequence[str] = ()
    ) -> Sequence[Claim]:
        """Change the claims in one transaction, and return all of them as they then stand."""
        return self._do(_exchange, grant, add, list(remove))


def _time_of_server(connection: Connection) -> float:
    return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())


def _put_lease(connection: Connection, lease: Lease, instead_of: str | None, new_run: Run | None) -> bool:
    if not _keep(connection, lease, instead_of):
        return False
    if new_run is not None:
        add_run(connection, new_run, time.time())
    return True


def put_new_run(connection: Connection, run: Run, lease: Lease) -> None:
    """Keep a new run, and the lease under which it is in hand."""
    if not _put_lease(connection, lease, None, run):
        raise RunAlreadyExistsError(
            f"Run '{run.run_id}' is in hand elsewhere.", mend="give the run an id of its own, or none."
        )


def _keep(connection: Connection, lease: Lease, instead_of: str | None) -> bool:
    row = (lease.name, lease.token, lease.run_id, lease.expires, _encode(lease))
    if instead_of is None:
        return bool(execute_one(connection, insert_or_ignore(connection, leases, leases.c.token), _LEASE, row))
    values = dict(zip(_LEASE, row, strict=True))
    replacing = update(leases).where(leases.c.name == lease.name, leases.c.token == instead_of).values(**values)
    return connection.execute(replacing).rowcount == 1


_LEASE = ("name", "token", "run_id", "expires", "body")


def _leases(connection: Connection, name: str | None) -> Sequence[Lease]:
    query = select(leases).order_by(leases.c.name)
    if name is not None:
        query = query.where(leases.c.name == name)
    return [msgspec.structs.replace(_lease(row.body), expires=row.expires) for row in connection.execute(query)]


def _delete_lease(connection: Connection, name: str, token: str) -> bool:
    return connection.execute(delete(leases).where(leases.c.name == name, leases.c.token == token)).rowcount == 1


def _renew(connection: Connection, tokens: Sequence[str], expires: float) -> Sequence[str]:
    left: list[str] = []
    for table in (leases, pool_claims):
        mine = table.c.token.in_(tokens)
        connection.execute(update(table).where(mine).values(expires=expires))
        left += connection.execute(select(table.c.token).where(mine)).scalars()
    return left


def _pools(connection: Connection) -> Sequence[Pool]:
    rows = connection.execute(select(pools).order_by(pools.c.name))
    return [Pool(name=row.name, slots=row.slots) for row in rows]


def _set_pool(connection: Connection, pool: Pool) -> None:
    adding = insertion_into(pools, connection.dialect.name).values(name=pool.name, slots=pool.slots)
    connection.execute(adding.on_conflict_do_update(index_elements=["name"], set_={"slots": pool.slots}))


def _delete_pool(connection: Connection, name: str) -> bool:
    return connection.execute(delete(pools).where(pools.c.name == name)).rowcount == 1


def _exchange(
    connection: Connection, grant: GrantClaims, add: Sequence[Claim], remove: Sequence[str]
) -> Sequence[Claim]:
    if remove:
        connection.execute(delete(pool_claims).where(pool_claims.c.token.in_(remove)))
    if add:
        connection.execute(insert(pool_claims), [_values(claim) for claim in add])
    found = _claims(connection)
    served = list(grant({pool.name: pool.slots for pool in _pools(connection)}, found))
    if not served:
        return found
    connection.execute(update(pool_claims).where(pool_claims.c.token.in_(served)).values(is_held=1))
    return _claims(connection)


def _values(claim: Claim) -> dict[str, object]:
    return {
        "token": claim.token,
        "run_id": claim.run_id,
        "is_held": int(claim.is_held),
        "expires": claim.expires,
        "body": _encode(claim),
    }


def _claims(connection: Connection) -> Sequence[Claim]:
    rows = connection.execute(select(pool_claims).order_by(pool_claims.c.id))
    return [
        msgspec.structs.replace(_claim(row.body), is_held=bool(row.is_held), expires=row.expires, number=row.id)
        for row in rows
    ]
