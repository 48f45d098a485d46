"""
``orrery cache``: what the caches and stores of a project hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property, partial
from typing import Any

import click

from orrery.api.wiring.caches import (
    BlobStore,
    Collected,
    Fault,
    FoundStore,
    Owners,
    copy_each,
    pull_records,
    push_records,
    refused_names,
    stores_of,
)
from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetKey
from orrery.cli.endings import wrong_usage
from orrery.cli.options import Source, json_option, seconds_of, source_options
from orrery.cli.paper import dim, echo, strong, table
from orrery.cli.project import Project, load_project
from orrery.cli.reports import Reports
from orrery.cli.text import count, number, one_line, short_path
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]


@click.group("cache", short_help="Look after caches and stores of values.")
def command() -> None:
    """Look after the caches and content-addressed stores among the resources of the project."""


@command.command("status", short_help="Show what they hold.")
@source_options
@json_option()
def status(source: Source, as_json: bool) -> int:
    """Show where the stores lie, and how much they hold."""
    reports = Reports(as_json)
    for found in _stores(source):
        for each in reports.one(found.key, partial(_status_of, found)):
            reports.add(each)
            if not as_json:
                _echo_status(each)
    return reports.ended()


def _status_of(found: FoundStore) -> dict[str, Any]:
    contents = found.store.contents()
    unused = found.store.collect(dry_run=True, contents=contents)
    return {
        "resource": found.key,
        "place": found.store.url,
        "remote": None if found.remote is None else found.remote.url,
        "names": len(contents.pointers),
        "names_without_value": len(contents.names_without_bytes),
        "values": len(contents.blobs),
        "bytes": sum(contents.blobs.values()),
        "collectable_bytes": unused.bytes,
        "unfinished_files": len(unused.files),
        "unfinished_bytes": unused.file_bytes,
    }


def _echo_status(each: dict[str, Any]) -> None:
    echo(f"{strong(one_line(each['resource']))}  {one_line(short_path(str(each['place'])))}")
    absent = each["names_without_value"]
    rows = [
        ["names", number(each["names"]), dim(f"{number(absent)} of them without their value") if absent else ""],
        ["values", number(each["values"]), dim(f"{number(each['bytes'])} bytes")],
        ["unused", "", dim(f"{number(each['collectable_bytes'])} bytes")],
    ]
    if each["unfinished_files"]:
        rows.append(["unfinished", number(each["unfinished_files"]), dim(f"{number(each['unfinished_bytes'])} bytes")])
    if each["remote"] is not None:
        rows.append(["over", one_line(each["remote"]), ""])
    for line in table(rows, indent="  "):
        echo(line)


@command.command("gc", short_help="Remove values that no name stands for.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--older-than",
    metavar="SECONDS",
    callback=seconds_of,
    default="3600.0",
    show_default=True,
    help="Spare younger ones.",
)
@source_options
@json_option()
def gc(dry_run: bool, older_than: float, source: Source, as_json: bool) -> int:
    """
    Remove the values that no name stands for any more, and files that processes which died left unfinished.

    Of a cache, the local store is meant.
    """
    reports = Reports(as_json)
    for found in _stores(source):
        collect = partial(found.store.collect, dry_run=dry_run, older_than_seconds=older_than)
        for gone in reports.one(found.key, collect):
            reports.add(
                {
                    "resource": found.key,
                    "values": len(gone.digests),
                    "bytes": gone.bytes,
                    "unfinished_files": list(gone.files),
                    "unfinished_bytes": gone.file_bytes,
                    "unreadable_names": list(gone.unreadable),
                }
            )
            if not as_json:
                _echo_collected(found.key, gone, dry_run=dry_run)
    return reports.ended(dry_run=dry_run)


def _echo_collected(resource: str, gone: Collected, *, dry_run: bool) -> None:
    verb = "would go" if dry_run else "went"
    where = one_line(resource)
    echo(f"{where}: {count(len(gone.digests), 'value')} {verb}, {number(gone.bytes)} bytes")
    if gone.unreadable:
        names = ", ".join(map(one_line, gone.unreadable))
        echo(f"{where}: no value goes while a name cannot be read: {names} (orrery cache verify)")
    if gone.files:
        echo(f"{where}: {count(len(gone.files), 'unfinished file')} {verb}, {number(gone.file_bytes)} bytes")
        for path in gone.files if dry_run else ():
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
    reports = Reports(as_json)
    faults: list[dict[str, Any]] = []
    with ExitStack() as stack:
        owners = _AskedOwners(reports, stack)
        for found in _stores(source):
            told: list[dict[str, Any]] = []
            places = [(found.store, found.max_bytes is not None or found.remote is not None)]
            if is_remote and found.remote is not None:
                places.append((found.remote, False))
            for store, may_let_go in places:
                for fault in reports.each(found.key, store.faults()):
                    if fault.is_gone and may_let_go:
                        continue
                    told.append(_fault_document(store, fault, owners))
                    if not as_json:
                        _echo_fault(found.key, told[-1])
            damaged = sorted({fault["digest"] for fault in told if fault["fault"] == "damaged"})
            gone = sorted({name for fault in told if fault["fault"] == "gone" for name in fault["names"]})
            reports.add({"resource": found.key, "damaged": damaged, "gone": gone, "faults": told})
            faults += [{"is_cache": found.remote is not None, **fault} for fault in told]
    if not as_json:
        _echo_verified(faults)
    return reports.ended(bool(faults))


class _AskedOwners:
    """The owners of values, for whom the event log is opened at the first fault; what goes wrong with it is told once."""

    def __init__(self, reports: Reports, stack: ExitStack) -> None:
        self._reports = reports
        self._stack = stack
        self._is_lost = False

    @cached_property
    def _owners(self) -> Owners:
        return Owners(self._stack.enter_context(Instance.get()).event_log)

    def of(self, name: str) -> tuple[AssetKey, str | None] | None:
        """Return the asset of which *name* is the value, and its partition; None if that is not known."""
        if not self._is_lost:
            for owner in self._reports.one("event log", lambda: self._owners.of(name)):
                return owner
            self._is_lost = True
        return None


def _fault_document(store: BlobStore, fault: Fault, owners: _AskedOwners) -> dict[str, Any]:
    values = []
    for name in fault.names:
        key, partition = owners.of(name) or (None, None)
        values.append({"name": name, "asset": None if key is None else key.to_user_string(), "partition": partition})
    return {
        "place": store.url,
        "digest": fault.digest,
        "names": list(fault.names),
        "values": values,
        "fault": "gone" if fault.is_gone else "damaged",
    }


def _echo_fault(resource: str, fault: dict[str, Any]) -> None:
    known = [value for value in fault["values"] if value["asset"] is not None]
    told = [
        f"asset '{one_line(value['asset'])}'"
        + ("" if value["partition"] is None else f", partition '{one_line(value['partition'])}'")
        if value in known
        else one_line(value["name"])
        for value in fault["values"]
    ]
    what = " and ".join(told) or "a value that no name stands for"
    names = ", ".join(one_line(value["name"]) for value in known)
    where = (
        f"{names and names + ' '}in {one_line(short_path(fault['place']))}, {fault['digest'][:12] or 'the name itself'}"
    )
    echo(f"{one_line(resource)}: {what} {'are' if len(told) > 1 else 'is'} {fault['fault']} ({where})")


def _echo_verified(faults: list[dict[str, Any]]) -> None:
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
    project = load_project(source)
    stores = [(found, found.remote) for found in _stores_of(project) if found.remote is not None]
    with wrong_usage():
        if not stores:
            raise InvalidInvocationError(
                "No cache of the project lies over a location.",
                mend='give a resource CachedIOManager("s3://bucket/values", local=".cache").',
            )
    reports = Reports(as_json)
    is_failed = False
    with Instance.get() as instance:
        for found, there in stores:
            told: dict[str, list[str]] = {outcome: [] for outcome in _WORDS}
            size = 0
            steps = _transferred(found, there, names, project, instance, is_push=is_push, is_verified=is_verified)
            for outcome, name, size_bytes in reports.each(found.key, steps):
                told[outcome].append(name)
                size += size_bytes
                words = _WORDS[outcome]
                if words is not None and not as_json:
                    echo(f"{one_line(found.key)}: {one_line(name)}{words[0 if is_push else 1]}")
            is_failed = is_failed or bool(told["missing"] or told["damaged"])
            reports.add(
                {
                    "resource": found.key,
                    "names": told["copied"],
                    "bytes": size,
                    "healed": told["healed"],
                    "missing": told["missing"],
                    "damaged": told["damaged"],
                    "recorded": told["recorded"],
                    **({} if is_push else {"refused": told["refused"]}),
                }
            )
            if not as_json:
                echo(
                    f"{one_line(found.key)}: {count(len(told['copied']) + len(told['healed']), 'name')}, {number(size)} bytes, "
                    f"{count(len(told['recorded']), 'record')} of what they are made from"
                )
    return reports.ended(is_failed)


_REFUSED = " is a pickle that this instance did not sign, and is not loaded: share a key, or allow it (docs/caching.md)"
_DAMAGED = " is damaged or gone on both sides: materialize it again"
_HEALED = ", again: it was damaged or gone"
_WORDS: Mapping[str, tuple[str, str] | None] = {
    "copied": ("", ""),
    "healed": (_HEALED, _HEALED),
    "missing": (" is not here", " is not there"),
    "damaged": (_DAMAGED, _DAMAGED),
    "recorded": None,
    "refused": (_REFUSED, _REFUSED),
}
"""What is said after a name, by what became of it: at a push, and at a pull; nothing of records, which are counted."""


def _transferred(
    found: FoundStore,
    there: BlobStore,
    names: tuple[str, ...],
    project: Project,
    instance: Instance,
    *,
    is_push: bool,
    is_verified: bool,
) -> Iterator[tuple[str, str, int]]:
    """Copy values, let their records follow, and tell of each name what became of it, and how many bytes went."""
    source, target = (found.store, there) if is_push else (there, found.store)
    for each in copy_each(source, target, names or None, is_verified=is_verified):
        yield each.outcome, each.name, each.bytes
    if not is_push and found.max_bytes is not None:
        found.store.evict(found.max_bytes, keep="")
    keys = [
        key
        for key, definition in project.repository.assets_defs_by_key.items()
        if definition.is_materializable and definition.get_io_manager_key_for_asset_key(key) == found.key
    ]
    recorded = push_records(instance, there, keys) if is_push else pull_records(instance, there, keys)
    yield from (("recorded", name, 0) for name in recorded)
    if not is_push:
        yield from (("refused", name, 0) for name in refused_names(found, instance))


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
