"""
Where a job comes from, so that another process can make it again.
"""

from __future__ import annotations

import pickle
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from orrery.api.verbs.reconstruct import ReconstructableJob, reconstructable
from orrery.api.wiring.locations import load_definitions
from orrery.base.errors import InvariantViolationError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.pointer import CodePointer, decode_pointer, encode_pointer
from orrery.definitions.graphs.job import JobDefinition
from orrery.runtime.remote.messages import JobOrigin

__all__ = ["find_origin", "in_package", "make_job", "origin_in_project", "origin_of_reconstructable"]

_MAKE = "orrery.api.verbs.origins:make_job"


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """
    A job, told.

    Attributes:
        pickled: A reconstructable job; None for one of a project.
        pointer: Where the project is.
        name: The job of the project; None for the one of all assets.
        ops: Ops that are selected; None for all.
        assets: Assets that are selected, by their parts; None for all.
        checks: Checks that are selected, each as parts and name; None for those of the assets.
    """

    pickled: bytes | None = None
    pointer: bytes = b""
    name: str | None = None
    ops: tuple[str, ...] | None = None
    assets: tuple[tuple[str, ...], ...] | None = None
    checks: tuple[tuple[tuple[str, ...], str], ...] | None = None


def origin_of_reconstructable(
    job: ReconstructableJob, *, ops: Sequence[str] | None = None, assets: Collection[AssetKey] | None = None
) -> JobOrigin | None:
    """Return where *job*, cut down to what is selected, comes from; None if its arguments cannot be pickled."""
    try:
        data = pickle.dumps(job)
    except Exception:  # noqa: BLE001  # arguments of the user; whoever needs the origin says that there is none
        return None
    return _origin(_Told(pickled=data, ops=tuple(ops) if ops else None, assets=_parts(assets)))


def origin_in_project(
    pointer: CodePointer,
    name: str | None,
    *,
    assets: Collection[AssetKey] | None = None,
    checks: Collection[AssetCheckKey] | None = None,
) -> JobOrigin:
    """
    Return where a job of a project comes from.

    Args:
        pointer: The definitions of the project.
        name: Name of the job; None for the one of all assets.
        assets: The assets that were selected of it; all if None.
        checks: The checks that were selected of it.
    """
    told = tuple((each.asset_key.parts, each.name) for each in sorted(checks)) if checks is not None else None
    return _origin(_Told(pointer=encode_pointer(pointer), name=name, assets=_parts(assets), checks=told))


def find_origin(
    job: JobDefinition, *, ops: Sequence[str] | None = None, assets: Collection[AssetKey] | None = None
) -> JobOrigin | None:
    """Return where *job* comes from, if it stands at the top of a module; None otherwise."""
    try:
        found = reconstructable(job)
    except InvariantViolationError:
        return None
    return origin_of_reconstructable(found, ops=ops, assets=assets)


def in_package(origin: JobOrigin, package_dir: str) -> JobOrigin:
    """
    Return *origin* with the job's file named as a module below *package_dir*, which may lie elsewhere in another place.

    Raises:
        InvariantViolationError: The file does not lie there.
    """
    told = msgspec.msgpack.decode(origin.argument, type=_Told)
    if told.pickled is None:
        return origin
    job: ReconstructableJob = pickle.loads(told.pickled)  # noqa: S301  # pickled by this process
    return _origin(msgspec.structs.replace(told, pickled=pickle.dumps(job.in_package(package_dir))))


def make_job(argument: bytes) -> JobDefinition:
    """Make the job again that an origin names."""
    told = msgspec.msgpack.decode(argument, type=_Told)
    if told.pickled is not None:
        made: Any = pickle.loads(told.pickled)  # noqa: S301  # from the process that started this one
        job: JobDefinition = made.get_definition()
    else:
        repository = load_definitions(decode_pointer(told.pointer))
        job = repository.get_implicit_global_asset_job_def() if told.name is None else repository.get_job(told.name)
    if told.ops is None and told.assets is None and told.checks is None:
        return job
    return job.get_subset(
        op_selection=list(told.ops) if told.ops is not None else None,
        asset_selection={AssetKey(each) for each in told.assets} if told.assets is not None else None,
        asset_check_selection={AssetCheckKey(AssetKey(parts), name) for parts, name in told.checks}
        if told.checks is not None
        else None,
    )


def _origin(told: _Told) -> JobOrigin:
    return JobOrigin(function=_MAKE, argument=msgspec.msgpack.encode(told))


def _parts(keys: Collection[AssetKey] | None) -> tuple[tuple[str, ...], ...] | None:
    return tuple(tuple(each.parts) for each in sorted(keys)) if keys is not None else None
