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
        unused = found.store.collect(dry_run=True)
        documents.append(
            {
                "resource": found.key,
                "place": found.store.url,
                "remote": None if found.remote is None else found.remote.url,
                "names": len(found.store.names()),
                "names_without_value": len(found.store.names_without_bytes()),
                "values": len(blobs),
                "bytes": sum(blobs.values()),
                "collectable_bytes": unused.bytes,
                "unfinished_files": len(unused.files),
                "unfinished_bytes": unused.file_bytes,
            }
        )
    if as_json:
        echo_json({"stores": documents})
        return
    for each in documents:
        echo(f"{strong(one_line(each['resource']))}  {one_line(short_path(str(each['place'])))}")
        absent = each["names_without_value"]
        rows = [
            ["names", number(each["names"]), dim(f"{number(absent)} of them without their value") if absent else ""],
            ["values", number(each["values"]), dim(f"{number(each['bytes'])} bytes")],
            ["unused", "", dim(f"{number(each['collectable_bytes'])} bytes")],
        ]
        if each["unfinished_files"]:
            rows.append(
                ["unfinished", number(each["unfinished_files"]), dim(f"{number(each['unfinished_bytes'])} bytes")]
            )
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
    Remove the values that no name stands for any more, and files that processes which died left unfinished.

    Of a cache, the local store is meant.
    """
    documents: list[dict[str, Any]] = []
    for found in _stores(source):
        gone = found.store.collect(dry_run=dry_run, older_than_seconds=older_than)
        documents.append(
            {
                "resource": found.key,
                "values": len(gone.digests),
                "bytes": gone.bytes,
                "unfinished_files": list(gone.files),
                "unfinished_bytes": gone.file_bytes,
                "unreadable_names": list(gone.unreadable),
            }
        )
    if as_json:
        echo_json({"dry_run": dry_run, "stores": documents})
        return
    verb = "would go" if dry_run else "went"
    for each in documents:
        echo(f"{one_line(each['resource'])}: {count(each['values'], 'value')} {verb}, {number(each['bytes'])} bytes")
        if each["unreadable_names"]:
            names = ", ".join(map(one_line, each["unreadable_names"]))
            echo(
                f"{one_line(each['resource'])}: no value goes while a name cannot be read: {names} (orrery cache verify)"
            )
        if each["unfinished_files"]:
            files = count(len(each["unfinished_files"]), "unfinished file")
            echo(f"{one_line(each['resource'])}: {files} {verb}, {number(each['unfinished_bytes'])} bytes")
            for path in each["unfinished_files"] if dry_run else ():
                echo(dim(f"  {one_line(short_path(path))}"))


@command.command("verify", short_help="Check the digests of all values.")
@click.option("--remote", "is_remote", is_flag=True, help="Of a cache, read the values in its remote place, too.")
@source_options
@json_option()
def verify(is_remote: bool, source: Source, as_json: bool) -> int:
    """
    Read all values and check that they are what was written, and that none is gone for which a name stands.

    Of a cache, the local store is meant, which may let go of values to make room for others. The exit code is 1 if a value
    is damaged or gone. It is never used: it is a miss.
    """
    documents: list[dict[str, Any]] = []
    faults: list[dict[str, Any]] = []
    for found in _stores(source):
        places = [(found.store, found.max_bytes is not None or found.remote is not None)]
        if is_remote and found.remote is not None:
            places.append((found.remote, False))
        told = [
            {
                "place": store.url,
                "digest": fault.digest,
                "names": list(fault.names),
                "fault": "gone" if fault.is_gone else "damaged",
            }
            for store, may_let_go in places
            for fault in store.faults()
            if not (fault.is_gone and may_let_go)
        ]
        damaged = sorted({fault["digest"] for fault in told if fault["fault"] == "damaged"})
        gone = sorted({name for fault in told if fault["fault"] == "gone" for name in fault["names"]})
        documents.append({"resource": found.key, "damaged": damaged, "gone": gone, "faults": told})
        faults += [{"resource": found.key, "is_cache": found.remote is not None, **fault} for fault in told]
    if as_json:
        echo_json({"stores": documents})
        return FAILED if faults else SUCCESS
    for fault in faults:
        names = ", ".join(map(one_line, fault["names"])) or "a value that no name stands for"
        where = f"in {one_line(short_path(fault['place']))}, {fault['digest'][:12] or 'the name itself'}"
        echo(f"{one_line(fault['resource'])}: {names} is {fault['fault']} ({where})")
    bad = count(sum(fault["fault"] == "damaged" for fault in faults), "damaged value")
    absent = count(sum(fault["fault"] == "gone" for fault in faults), "value")
    echo(f"{bad}, {absent} gone")
    if any(fault["is_cache"] for fault in faults):
        echo(
            dim(
                "  `orrery cache pull --verify` fetches again what is damaged here; `orrery cache push --verify` sends again what is "
                "damaged or gone there"
            )
        )
    if any(not fault["is_cache"] for fault in faults):
        echo(dim("  `orrery materialize '*' --reuse` makes again what is damaged or gone"))
    return FAILED if faults else SUCCESS


@command.command("push", short_help="Copy values from the cache to its remote place.")
@click.argument("names", nargs=-1)
@click.option(
    "--verify", "is_verified", is_flag=True, help="Read the values there, too; copy those again that are damaged."
)
@source_options
@json_option()
def push(names: tuple[str, ...], is_verified: bool, source: Source, as_json: bool) -> int:
    """
    Copy the values NAMES, by default all, from the local cache to the remote place. What is newer there stays.

    What is gone there goes again. What the event log says of the values goes with them: what they are made from. The exit
    code is 1 if a value cannot be copied.
    """
    return _transfer(names, source, as_json, is_push=True, is_verified=is_verified)


@command.command("pull", short_help="Copy values from the remote place to the cache.")
@click.argument("names", nargs=-1)
@click.option(
    "--verify", "is_verified", is_flag=True, help="Read the values here, too; copy those again that are damaged."
)
@source_options
@json_option()
def pull(names: tuple[str, ...], is_verified: bool, source: Source, as_json: bool) -> int:
    """
    Copy the values NAMES, by default all, from the remote place to the local cache. What is newer here stays.

    What is gone here is fetched again. What was pushed of what they are made from goes into the event log: this machine then
    skips what another one made. The exit code is 1 if a value cannot be copied.
    """
    return _transfer(names, source, as_json, is_push=False, is_verified=is_verified)


def _transfer(names: tuple[str, ...], source: Source, as_json: bool, *, is_push: bool, is_verified: bool) -> int:
    documents: list[dict[str, Any]] = []
    project = load_project(source)
    by_key = project.repository.assets_defs_by_key
    with Instance.get() as instance:
        for found in _stores_of(project):
            if found.remote is None:
                continue
            here, there = found.store, found.remote
            source_store, target = (here, there) if is_push else (there, here)
            copied = copy_values(source_store, target, names or None, is_verified=is_verified)
            if not is_push and found.max_bytes is not None:
                here.evict(found.max_bytes, keep="")
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
                    "healed": list(copied.healed),
                    "missing": list(copied.missing),
                    "damaged": list(copied.damaged),
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
    ending = FAILED if any(each["missing"] or each["damaged"] for each in documents) else SUCCESS
    if as_json:
        echo_json({"stores": documents})
        return ending
    for each in documents:
        for name in each["names"]:
            echo(f"{one_line(each['resource'])}: {one_line(name)}")
        for name in each["healed"]:
            echo(f"{one_line(each['resource'])}: {one_line(name)}, again: it was damaged or gone")
        for name in each["missing"]:
            echo(f"{one_line(each['resource'])}: {one_line(name)} is not {'here' if is_push else 'there'}")
        for name in each["damaged"]:
            echo(
                f"{one_line(each['resource'])}: {one_line(name)} is damaged or gone on both sides: materialize it again"
            )
        for name in each.get("refused", ()):
            echo(
                f"{one_line(each['resource'])}: {one_line(name)} is a pickle that this instance did not sign, and is not loaded: "
                "share a key, or allow it (docs/caching.md)"
            )
        echo(
            f"{count(len(each['names']) + len(each['healed']), 'name')}, {number(each['bytes'])} bytes, "
            f"{count(len(each['recorded']), 'record')} of what they are made from"
        )
    return ending


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
