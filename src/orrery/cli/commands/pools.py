"""
``orrery pools``: what steps share, and who has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from orrery.base.errors import InvalidInvocationError
from orrery.cli.app import LazyGroup
from orrery.cli.endings import wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import json_option
from orrery.cli.paper import echo, table
from orrery.cli.text import count, one_line
from orrery.model.automation.pools import Claim, Pool, granted
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.queue import pool_rules_of
from orrery.runtime.ports.leases import LeaseStorage

__all__ = ["command"]

_name = click.argument("name")


@click.group("pools", cls=LazyGroup, usual="list", short_help="Show and set the pools of steps.")
def command() -> None:
    """Show and set the pools whose slots limit how many steps run at once; without a command, list them."""


@command.command("list", short_help="List the pools, who has their slots, and who waits.")
@json_option()
def list_pools(as_json: bool) -> None:
    """List the pools, who has their slots, and who waits."""
    with Instance.get() as instance:
        storage = _storage(instance)
        claims = storage.get_claims()
        default = pool_rules_of(instance).default
        slots: dict[str, int | None] = {pool.name: pool.slots for pool in storage.get_pools()}
        for claim in claims:
            for pool in claim.wants:
                slots.setdefault(pool, default)
    if as_json:
        echo_json({"pools": [_document(name, slots[name], claims) for name in sorted(slots)]})
        return
    if not slots:
        echo("no pool has a number of slots, and no step uses one")
        return
    rows = []
    for name in sorted(slots):
        taken = sum(claim.wants[name] for claim in claims if claim.is_held and name in claim.wants)
        most = "no limit" if slots[name] is None else str(slots[name])
        rows.append([one_line(name), f"{taken} of {most}", ""])
        rows += [["", "", _line(claim, name)] for claim in claims if name in claim.wants]
    for line in table(rows, head=["pool", "taken", "by"]):
        echo(line)


def _line(claim: Claim, pool: str) -> str:
    state = "has" if claim.is_held else "waits for"
    return one_line(f"step {claim.step_key} of run {claim.run_id[:8]} {state} {count(claim.wants[pool], 'slot')}")


def _document(name: str, slots: int | None, claims: Sequence[Claim]) -> dict[str, object]:
    found = [claim for claim in claims if name in claim.wants]
    return {
        "name": name,
        "slots": slots,
        "claims": [
            {
                "run_id": claim.run_id,
                "step": claim.step_key,
                "slots": claim.wants[name],
                "state": "held" if claim.is_held else "waiting",
                "process": str(claim.owner),
            }
            for claim in found
        ],
    }


@command.command("set", short_help="Say how many slots a pool has.")
@_name
@click.argument("slots", type=click.IntRange(min=0))
@json_option()
def set_pool(name: str, slots: int, as_json: bool) -> None:
    """
    Say how many slots the pool NAME has; with 0 its steps wait.

    Steps that run go on; steps that wait look again at once.
    """
    with wrong_usage():
        if not name or any(map(str.isspace, name)):
            raise InvalidInvocationError(f"A pool has a name without spaces, not {name!r}.", mend="write it without.")
    with Instance.get() as instance:
        _storage(instance).set_pool(Pool(name=name, slots=slots))
    _say(as_json, {"name": name, "slots": slots}, f"{one_line(name)}  {count(slots, 'slot')}")


@command.command("delete", short_help="Count the slots of a pool no more.")
@_name
@json_option()
def delete_pool(name: str, as_json: bool) -> None:
    """Count the slots of the pool NAME no more."""
    with Instance.get() as instance, wrong_usage():
        if not _storage(instance).delete_pool(name):
            raise InvalidInvocationError(
                f"No number of slots is set for a pool '{name}'.", mend="look at `orrery pools`."
            )
    _say(as_json, {"name": name, "slots": None}, f"{one_line(name)}  deleted")


@command.command("release", short_help="Take the slots of a pool from those who have them.")
@_name
@click.option("--run", "run_id", metavar="ID", help="Only from this run.")
@json_option()
def release_pool(name: str, run_id: str | None, as_json: bool) -> None:
    """
    Take the slots of the pool NAME from the steps that have them, which go on nevertheless.

    There is no need to do so for runs that were killed: their slots are free.
    """
    with Instance.get() as instance:
        storage = _storage(instance)
        tokens = [
            claim.token
            for claim in storage.get_claims()
            if claim.is_held and name in claim.wants and (run_id is None or claim.run_id.startswith(run_id))
        ]
        storage.exchange_claims(granted, remove=tokens)
    _say(as_json, {"name": name, "released": len(tokens)}, f"{one_line(name)}  released {count(len(tokens), 'claim')}")


def _say(as_json: bool, document: dict[str, object], line: str) -> None:
    if as_json:
        echo_json(document)
    else:
        echo(line)


def _storage(instance: Instance) -> LeaseStorage:
    if instance.leases is None:
        raise InvalidInvocationError("This instance keeps no pools.", mend="use one that is on disk.")
    return instance.leases
