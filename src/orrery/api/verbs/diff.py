"""
How two materializations of an asset differ, as the event log tells: what they were made from, and what came out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from orrery.base.arguments import check_kind
from orrery.base.errors import InvariantViolationError
from orrery.base.keys import AssetKey
from orrery.base.metadata.values import TableSchemaMetadataValue
from orrery.model.events.entry import EventLogRecord, EventRecordsFilter
from orrery.model.events.event import EventType
from orrery.model.events.reuse import Provenance, Reason
from orrery.plan.decide import differences
from orrery.runtime.instance.instance import Instance

__all__ = ["MaterializationDiff", "diff_materializations"]


class MaterializationDiff(msgspec.Struct, frozen=True, kw_only=True):
    """
    How two materializations of an asset differ.

    Attributes:
        asset: The asset.
        runs: The two runs.
        reasons: What differs in what they were made from.
        data_versions: The data version of each.
        metadata: Values of metadata that differ, by name: before and after; None where there is none.
        is_recorded: Whether what they were made from is known of both.
        columns: Type of each column that the table schemas tell otherwise, by name: before and after; None where the
            column is not there.
        partitions: The partition of each, if they have some.
    """

    asset: str
    runs: tuple[str, str]
    reasons: tuple[Reason, ...]
    data_versions: tuple[str | None, str | None]
    metadata: Mapping[str, tuple[str | None, str | None]]
    is_recorded: bool = True
    columns: Mapping[str, tuple[str | None, str | None]] = {}
    partitions: tuple[str | None, str | None] = (None, None)


def diff_materializations(
    asset: Any,
    run_1: str | None = None,
    run_2: str | None = None,
    *,
    instance: Instance,
    partition_key: str | None = None,
) -> MaterializationDiff:
    """
    Return how the materializations of an asset by two runs differ: code, config, inputs, columns and metadata.

    Args:
        asset: The asset or its key.
        run_1: Id of the former run, or the beginning of it; if not given, the one that made the asset last but one.
        run_2: Id of the latter; if not given, the one that made the asset last.
        instance: Where the runs are recorded.
        partition_key: The partition to compare; if not given, the newest that both runs made.

    Raises:
        InvariantViolationError: One of them did not make the asset, or it was not made twice.
    """
    check_kind(
        instance, Instance, name="instance", of="diff_materializations", wanted="the instance that recorded the runs"
    )
    asset_key = AssetKey.from_coercible_or_definition(asset)
    first, second = _compared(instance, asset_key, run_1, run_2, partition_key)
    one, other = _provenance_of(first), _provenance_of(second)
    made_1, made_2 = first.asset_materialization, second.asset_materialization
    assert made_1 is not None
    assert made_2 is not None
    columns = _changed_columns(made_1.metadata, made_2.metadata)
    metadata: dict[str, tuple[str | None, str | None]] = {}
    for name in sorted({*made_1.metadata, *made_2.metadata}):
        if columns and isinstance(made_1.metadata.get(name, made_2.metadata.get(name)), TableSchemaMetadataValue):
            continue  # told column by column
        before, after = _text_of(made_1.metadata.get(name)), _text_of(made_2.metadata.get(name))
        if before != after:
            metadata[name] = (before, after)
    return MaterializationDiff(
        asset=asset_key.to_user_string(),
        runs=(first.run_id, second.run_id),
        reasons=tuple(differences(one, other)) if one is not None and other is not None else (),
        data_versions=(made_1.data_version, made_2.data_version),
        metadata=metadata,
        is_recorded=one is not None and other is not None,
        columns=columns,
        partitions=(first.partition_key, second.partition_key),
    )


def _changed_columns(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Mapping[str, tuple[str | None, str | None]]:
    old, new = _columns(before), _columns(after)
    return {
        name: (old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)
    }


def _columns(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {
        column.name: column.type
        for value in metadata.values()
        if isinstance(value, TableSchemaMetadataValue)
        for column in value.schema.columns
    }


def _compared(
    instance: Instance, asset_key: AssetKey, run_1: str | None, run_2: str | None, partition_key: str | None
) -> tuple[EventLogRecord, EventLogRecord]:
    """Return the records that are compared: of the same partition, where both runs made one; the newest, where several."""
    partitions = None if partition_key is None else [partition_key]
    wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=asset_key, asset_partitions=partitions)
    records = [each for each in instance.get_event_records(wanted, limit=1_000) if each.run_id]
    name = asset_key.to_user_string() + ("" if partition_key is None else f"[{partition_key}]")
    second = records if run_2 is None else _of_run(records, run_2, name)
    if run_1 is not None:
        first = _of_run(records, run_1, name)
    else:
        first = [] if run_2 is None else [each for each in records if each.run_id != second[0].run_id]
    if not first:
        return _last_two(records, asset_key.to_user_string(), partition_key)
    latter = {each.partition_key: each for each in reversed(second)}
    one = next((each for each in first if each.partition_key in latter), first[0])
    return one, latter.get(one.partition_key, second[0])


def _last_two(
    records: Sequence[EventLogRecord], name: str, partition_key: str | None
) -> tuple[EventLogRecord, EventLogRecord]:
    newest: dict[str | None, EventLogRecord] = {}
    for record in records:
        latter = newest.setdefault(record.partition_key, record)
        if latter.run_id != record.run_id:
            return record, latter
    if partition_key is None and any(each is not None for each in newest):
        raise InvariantViolationError(
            f"No partition of asset '{name}' was made by two runs, and two are compared.",
            mend="materialize one again, or name the two runs to compare.",
        )
    partitions = [] if partition_key is None else [partition_key]
    which = f"Asset '{name}'" if partition_key is None else f"Partition '{partition_key}' of asset '{name}'"
    raise InvariantViolationError(
        f"{which} was made by {'one run' if newest else 'no run'}, and two are compared.",
        mend=f"materialize it again, or look at the one by `orrery why {' '.join([name, *partitions])}`.",
    )


def _of_run(records: Sequence[EventLogRecord], run_id: str, name: str) -> list[EventLogRecord]:
    found = [each for each in records if each.run_id.startswith(run_id)] if run_id else []
    if found:
        return found
    known = dict.fromkeys(each.run_id[:8] for each in records[:10])
    raise InvariantViolationError(
        f"Run '{run_id}' did not make asset '{name}'.",
        mend=f"name one of its runs: {', '.join(known)}." if known else f"materialize {name} first.",
    )


def _provenance_of(record: EventLogRecord) -> Provenance | None:
    event = record.event_log_entry.dagster_event
    data: Any = event.event_specific_data if event is not None else None
    found: Provenance | None = getattr(data, "provenance", None)
    return found


def _text_of(value: Any) -> str | None:
    if value is None:
        return None
    inner = getattr(value, "value", value)
    return str(inner)
