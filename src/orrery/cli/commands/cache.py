"""
``orrery cache``: what the caches and stores of a project hold.
"""

from __future__ import annotations

from typing import Any

import click

from orrery.api.wiring.caches import FoundStore, copy_values, pull_records, push_records, refused_names, stores_of
from orrery.base.errors import InvalidInvocationError
from orrery.cli.endings import FAILED, SUCCESS, wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import dim, echo, strong, table
from orrery.cli.project import Project, load_project
from orrery.cli.text import count, number, one_line, short_path
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]


@click.group("cache", short_help="Look after caches and stores of values.")
def command() -> None:
    """Look after the caches and content-addressed stores among the resources of the project."""


@command.command("status", short_help="Show what they hold.")
@source_options
@json_option()
def status(source: Source, as_json: bool) -> None:
    """Show where the stores lie, and how much they hold."""
    documents: list[dict[str, Any]] = []
    for found in _stores(source):
        blobs = found.store.blobs()
        documents.append(
            {
                "resource": found.key,
                "place": found.store.url,
                "remote": None if found.remote is None else found.remote.url,
                "names": len(found.store.names()),
                "values": len(blobs),
                "bytes": sum(blobs.values()),
                "collectable_bytes": found.store.collect(dry_run=True).bytes,
            }
        )
    if as_json:
        echo_json({"stores": documents})
        return
    for each in documents:
        echo(f"{strong(one_line(each['resource']))}  {one_line(short_path(str(each['place'])))}")
        rows = [
            ["names", number(each["names"]), ""],
            ["values", number(each["values"]), dim(f"{number(each['bytes'])} bytes")],
            ["unused", "", dim(f"{number(each['collectable_bytes'])} bytes")],
        ]
        if each["remote"] is not None:
            rows.append(["over", one_line(each["remote"]), ""])
        for line in table(rows, indent="  "):
            echo(line)


@command.command("gc", short_help="Remove values that no name stands for.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--older-than", metavar="SECONDS", type=float, default=3600.0, show_default=True, help="Spare younger ones."
)
@source_options
@json_option()
def gc(dry_run: bool, older_than: float, source: Source, as_json: bool) -> None:
    """
    Remove the values that no name stands for any more.

    Of a cache, the local store is meant.
    """
    documents: list[dict[str, Any]] = []
    for found in _stores(source):
        gone = found.store.collect(dry_run=dry_run, older_than_seconds=older_than)
        documents.append({"resource": found.key, "values": len(gone.digests), "bytes": gone.bytes})
    if as_json:
        echo_json({"dry_run": dry_run, "stores": documents})
        return
    verb = "would go" if dry_run else "went"
    for each in documents:
        echo(f"{one_line(each['resource'])}: {count(each['values'], 'value')} {verb}, {number(each['bytes'])} bytes")


@command.command("verify", short_help="Check the digests of all values.")
@click.option("--remote", "is_remote", is_flag=True, help="Of a cache, read the values in its remote place, too.")
@source_options
@json_option()
def verify(is_remote: bool, source: Source, as_json: bool) -> int:
    """
    Read all values and check that they are what was written.

    Of a cache, the local store is meant. The exit code is 1 if a value is damaged. It is never used: it is a miss.
    """
    documents = []
    for found in _stores(source):
        damaged = found.store.damaged()
        if is_remote and found.remote is not None:
            damaged = sorted({*damaged, *found.remote.damaged()})
        documents.append({"resource": found.key, "damaged": damaged})
    bad = sum(len(each["damaged"]) for each in documents)
    if as_json:
        echo_json({"stores": documents})
    else:
        for each in documents:
            for digest in each["damaged"]:
                echo(f"{one_line(each['resource'])}: {digest} is damaged")
        echo(f"{count(bad, 'damaged value')}")
    return FAILED if bad else SUCCESS


@command.command("push", short_help="Copy values from the cache to its remote place.")
@click.argument("names", nargs=-1)
@source_options
@json_option()
def push(names: tuple[str, ...], source: Source, as_json: bool) -> None:
    """
    Copy the values NAMES, by default all, from the local cache to the remote place. What is newer there stays.

    What the event log says of the values goes with them: what they are made from.
    """
    _transfer(names, source, as_json, is_push=True)


@command.command("pull", short_help="Copy values from the remote place to the cache.")
@click.argument("names", nargs=-1)
@source_options
@json_option()
def pull(names: tuple[str, ...], source: Source, as_json: bool) -> None:
    """
    Copy the values NAMES, by default all, from the remote place to the local cache. What is newer here stays.

    What was pushed of what they are made from goes into the event log: this machine then skips what another one made.
    """
    _transfer(names, source, as_json, is_push=False)


def _transfer(names: tuple[str, ...], source: Source, as_json: bool, *, is_push: bool) -> None:
    documents: list[dict[str, Any]] = []
    project = load_project(source)
    by_key = project.repository.assets_defs_by_key
    with Instance.get() as instance:
        for found in _stores_of(project):
            if found.remote is None:
                continue
            here, there = found.store, found.remote
            copied = copy_values(here, there, names or None) if is_push else copy_values(there, here, names or None)
            keys = [
                key
                for key, definition in by_key.items()
                if definition.is_materializable and definition.get_io_manager_key_for_asset_key(key) == found.key
            ]
            recorded = push_records(instance, there, keys) if is_push else pull_records(instance, there, keys)
            refused = [] if is_push else refused_names(found, instance)
            documents.append(
                {
                    "resource": found.key,
                    "names": list(copied.names),
                    "bytes": copied.bytes,
                    "missing": list(copied.missing),
                    "recorded": recorded,
                    **({} if is_push else {"refused": refused}),
                }
            )
    with wrong_usage():
        if not documents:
            raise InvalidInvocationError(
                "No cache of the project lies over a location.",
                mend='give a resource CachedIOManager("s3://bucket/values", local=".cache").',
            )
    if as_json:
        echo_json({"stores": documents})
        return
    for each in documents:
        for name in each["names"]:
            echo(f"{one_line(each['resource'])}: {one_line(name)}")
        for name in each["missing"]:
            echo(f"{one_line(each['resource'])}: {one_line(name)} is not there")
        for name in each.get("refused", ()):
            echo(
                f"{one_line(each['resource'])}: {one_line(name)} is a pickle that this instance did not sign, and is not loaded: "
                "share a key, or allow it (docs/caching.md)"
            )
        echo(
            f"{count(len(each['names']), 'name')}, {number(each['bytes'])} bytes, "
            f"{count(len(each['recorded']), 'record')} of what they are made from"
        )


def _stores(source: Source) -> list[FoundStore]:
    return _stores_of(load_project(source))


def _stores_of(project: Project) -> list[FoundStore]:
    found = stores_of(project.resources)
    with wrong_usage():
        if not found:
            raise InvalidInvocationError(
                "No resource of the project is a cache or a store of values.",
                mend='give one: resources={"io_manager": CachedIOManager("s3://bucket/values", local=".cache")}.',
            )
    return found
