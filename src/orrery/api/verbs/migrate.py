"""
Move the values of assets from the IO managers that hold them to another one.

Nothing is made again and no event is recorded: each value is loaded as an asset downstream would load it, and
stored as its own step would store it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from orrery.api.verbs.contexts import build_output_context
from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetKey
from orrery.model.assets.selection import AssetSelection
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context

__all__ = ["AssetPart", "MigrateIOStorageResult", "migrate_io_storage"]

_log = logging.getLogger("orrery")


@dataclass(frozen=True, slots=True, order=True)
class AssetPart:
    """
    An asset, or some of its partitions.

    Attributes:
        key: The asset.
        partition_keys: The partitions, in order; empty for an asset without partitions.
    """

    key: AssetKey
    partition_keys: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is meant: never, as only what is stored becomes a part."""
        return False

    def expensively_compute_partition_keys(self) -> set[str]:
        """Return the partitions as a set."""
        return set(self.partition_keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateIOStorageResult:
    """
    What became of the values of assets.

    Attributes:
        migrated: What the destination has now.
        skipped: What was left out on request.
        failed: What could not be loaded or stored; why, is logged.
    """

    migrated: tuple[AssetPart, ...]
    skipped: tuple[AssetPart, ...]
    failed: tuple[AssetPart, ...]


def migrate_io_storage(
    *,
    definitions: Any = None,
    destination_io_manager: Any,
    instance: Any = None,
    context: Any = None,
    selection: AssetSelection | None = None,
    should_skip: Callable[[AssetKey, str | None], bool] | None = None,
    batch_partitions: bool = False,
    transform: Callable[[Any], Any] | None = None,
) -> MigrateIOStorageResult:
    """
    Copy the stored values of assets to another IO manager.

    What was never materialized is passed by. A value that cannot be loaded or stored is among the failed, and the others
    go on; what *transform* or *should_skip* raises is raised.

    Args:
        definitions: The project, with the IO managers that hold the values now. Give this or *context*.
        destination_io_manager: Takes the values.
        instance: Tells what was materialized; that of *context* if not given.
        context: The context of an op of the project.
        selection: Which assets; all if not given.
        should_skip: Told an asset and a partition (None if it has none); True leaves it out.
        batch_partitions: Load and store partitions that follow one another together, at most
            ``max_partitions_per_run`` of the asset's backfill policy at once.
        transform: Makes of each loaded value what is stored.

    Raises:
        InvalidInvocationError: Neither or both of *definitions* and *context* are given, or there is no instance.
    """
    if (definitions is None) == (context is None):
        raise InvalidInvocationError(
            "migrate_io_storage takes exactly one of 'definitions' and 'context'.",
            mend="write definitions=defs, instance=...; or inside of an op, context=context.",
        )
    project = definitions.get_repository_def() if context is None else context.repository_def
    known = instance if context is None else context.instance
    if known is None:
        raise InvalidInvocationError(
            "migrate_io_storage needs an instance, which knows what was materialized.",
            mend="write instance=Instance.get().",
        )
    graph = project.asset_graph
    chosen = (selection if selection is not None else AssetSelection.all()).resolve(graph)
    migrated: list[AssetPart] = []
    skipped: list[AssetPart] = []
    failed: list[AssetPart] = []
    with project.get_asset_value_loader(known) as loader, partition_loading_context(dynamic_partitions_store=known):
        for key in graph.sort_keys(key for key in chosen if graph.get(key).is_materializable):
            parts, left_out = _parts(graph.get(key), known, should_skip, batch_partitions)
            if left_out is not None:
                skipped.append(left_out)
            done: list[AssetPart] = []
            lost: list[AssetPart] = []
            for part in parts:
                try:
                    value = loader.load_asset_value(key, **_which(part))
                except Exception:  # noqa: BLE001  # told in the result and in the log; the other values go on
                    _log.exception("The value of asset '%s' could not be loaded.", key.to_user_string())
                    lost.append(part)
                    continue
                if transform is not None:
                    value = transform(value)
                try:
                    _store(destination_io_manager, graph.get(key), part, value, known, batch_partitions)
                except Exception:  # noqa: BLE001  # told in the result and in the log; the other values go on
                    _log.exception("The value of asset '%s' could not be stored.", key.to_user_string())
                    lost.append(part)
                else:
                    done.append(part)
            migrated += _joined(key, done)
            failed += _joined(key, lost)
    return MigrateIOStorageResult(migrated=tuple(migrated), skipped=tuple(skipped), failed=tuple(failed))


def _parts(
    node: Any, instance: Any, should_skip: Callable[[AssetKey, str | None], bool] | None, in_batches: bool
) -> tuple[list[AssetPart], AssetPart | None]:
    """Return what of an asset is stored, in parts that are moved at once, and what is left out on request."""
    key = node.key
    if node.partitions_def is None:
        if instance.get_latest_materialization_event(key) is None:
            return [], None
        part = AssetPart(key)
        return ([], part) if should_skip is not None and should_skip(key, None) else ([part], None)
    stored = instance.get_materialized_partitions(key)
    everything = list(node.partitions_def.get_partition_keys())
    wanted = [each for each in everything if each in stored]
    left_out = [] if should_skip is None else [each for each in wanted if should_skip(key, each)]
    kept = [each for each in wanted if each not in set(left_out)]
    size = getattr(node.backfill_policy, "max_partitions_per_run", None) if in_batches else 1
    parts = [AssetPart(key, tuple(run)) for run in _runs(everything, kept, size)]
    return parts, AssetPart(key, tuple(left_out)) if left_out else None


def _runs(everything: Sequence[str], kept: Sequence[str], size: int | None) -> Iterator[list[str]]:
    """Yield runs of kept keys that follow one another among all, each at most *size* long."""
    wanted = set(kept)
    run: list[str] = []
    for each in everything:
        if run and (each not in wanted or len(run) == size):
            yield run
            run = []
        if each in wanted:
            run.append(each)
    if run:
        yield run


def _which(part: AssetPart) -> dict[str, Any]:
    keys = part.partition_keys
    if not keys:
        return {}
    return (
        {"partition_key": keys[0]} if len(keys) == 1 else {"partition_key_range": PartitionKeyRange(keys[0], keys[-1])}
    )


def _store(manager: Any, node: Any, part: AssetPart, value: Any, instance: Any, is_batch: bool) -> None:
    keys = part.partition_keys
    partitions: dict[str, Any] = {}
    if keys:
        partitions = {
            "asset_partitions_def": node.partitions_def,
            "asset_partition_key_range": PartitionKeyRange(keys[0], keys[-1]),
            "partition_key": None if is_batch else keys[0],
        }
    described = build_output_context(
        asset_key=part.key,
        name="result",
        step_key=node.op_name,
        definition_metadata=node.metadata,
        instance=instance,
        **partitions,
    )
    manager.handle_output(described, value)


def _joined(key: AssetKey, parts: Sequence[AssetPart]) -> list[AssetPart]:
    """Return the parts of one asset as one."""
    return [AssetPart(key, tuple(each for part in parts for each in part.partition_keys))] if parts else []
