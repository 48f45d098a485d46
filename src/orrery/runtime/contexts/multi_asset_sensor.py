"""
What the function of a multi-asset sensor sees: the materializations that it has not dealt with yet.

The cursor keeps, for each asset, the newest row of the event log that was dealt with, its partition, and the
older rows of other partitions that were passed over (at most 25).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetKey
from orrery.model.assets.selection import AssetSelection
from orrery.model.events.entry import EventLogRecord, EventRecordsFilter
from orrery.model.events.event import EventType
from orrery.runtime.contexts.instigator import SensorEvaluationContext

__all__ = ["MAX_TRAILING", "MultiAssetSensorEvaluationContext"]

MAX_TRAILING = 25
"""Materializations of one asset that a cursor can pass over."""

_Cursor = tuple[str | None, int | None, dict[str, int]]


class MultiAssetSensorEvaluationContext(SensorEvaluationContext):
    """
    What the function of a multi-asset sensor sees.

    Args:
        instance_ref: Reference to the instance.
        monitored_assets: Keys of the assets, or a selection.
        more: As for :class:`SensorEvaluationContext`.
    """

    _builder = "build_multi_asset_sensor_context"

    def __init__(
        self,
        instance_ref: Any,
        monitored_assets: Any,
        last_tick_completion_time: float | None = None,
        last_run_key: str | None = None,
        cursor: str | None = None,
        repository_name: str | None = None,
        repository_def: Any = None,
        instance: Any = None,
        resource_defs: Mapping[str, Any] | None = None,
        definitions: Any = None,
        last_sensor_start_time: float | None = None,
        log_key: Sequence[str] | None = None,
        sensor_name: str | None = None,
        code_location_origin: Any = None,
        last_completion_time: float | None = None,
    ) -> None:
        super().__init__(
            instance_ref,
            last_tick_completion_time=last_tick_completion_time,
            last_run_key=last_run_key,
            cursor=cursor,
            log_key=log_key,
            repository_name=repository_name,
            repository_def=repository_def,
            instance=instance,
            sensor_name=sensor_name,
            resources=resource_defs,
            definitions=definitions,
            last_sensor_start_time=last_sensor_start_time,
            code_location_origin=code_location_origin,
            last_completion_time=last_completion_time,
        )
        if isinstance(monitored_assets, AssetSelection):
            keys = sorted(monitored_assets.resolve(self.repository_def.asset_graph))
        else:
            keys = [AssetKey.from_coercible(each) for each in monitored_assets]
        self._asset_keys = keys
        self._positions = _read_cursor(cursor, keys)
        self._advanced = False

    @property
    def asset_keys(self) -> Sequence[AssetKey]:
        """Return the assets that the sensor looks at."""
        return self._asset_keys

    @property
    def assets_defs_by_key(self) -> Mapping[AssetKey, Any]:
        """Return the definition of each of the assets; None for those that the project does not have."""
        known = self.repository_def.assets_defs_by_key
        return {key: known.get(key) for key in self._asset_keys}

    def _position(self, asset_key: AssetKey) -> _Cursor:
        try:
            return self._positions[asset_key]
        except KeyError:
            raise InvalidInvocationError(
                f"Asset '{asset_key.to_user_string()}' is not among the monitored assets of sensor '{self.sensor_name}'.",
                mend="add it to monitored_assets.",
            ) from None

    def _records(
        self, asset_key: AssetKey, *, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        _partition, row, _trailing = self._position(asset_key)
        return self.instance.get_event_records(
            EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=asset_key, after_cursor=row),
            limit=limit,
            ascending=ascending,
        )

    # -- looking -------------------------------------------------------------------------------

    def latest_materialization_records_by_key(
        self, asset_keys: Sequence[AssetKey] | None = None
    ) -> Mapping[AssetKey, EventLogRecord | None]:
        """Return the newest materialization of each asset that was not dealt with; None where there is none."""
        found: dict[AssetKey, EventLogRecord | None] = {}
        for key in asset_keys if asset_keys is not None else self._asset_keys:
            records = self._records(key, limit=1)
            found[key] = records[0] if records else None
        return found

    def materialization_records_for_key(
        self, asset_key: AssetKey, limit: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Return the materializations of an asset that were not dealt with, oldest first."""
        return list(self._records(asset_key, limit=limit, ascending=True))

    def get_trailing_unconsumed_events(self, asset_key: AssetKey) -> Sequence[EventLogRecord]:
        """Return the materializations of an asset that the cursor passed over."""
        _partition, _row, trailing = self._position(asset_key)
        if not trailing:
            return []
        return self.instance.get_event_records(
            EventRecordsFilter(
                EventType.ASSET_MATERIALIZATION, asset_key=asset_key, storage_ids=sorted(trailing.values())
            ),
            ascending=True,
        )

    def get_cursor_partition(self, asset_key: AssetKey | None) -> str | None:
        """Return the partition of the newest materialization of an asset that was dealt with."""
        if asset_key is None:
            raise InvalidInvocationError("get_cursor_partition needs an asset key.")
        return self._position(asset_key)[0]

    def latest_materialization_records_by_partition(
        self, asset_key: AssetKey, after_cursor_partition: bool | None = False
    ) -> Mapping[str, EventLogRecord]:
        """
        Return the newest materialization of each partition of an asset that was not dealt with.

        Args:
            asset_key: The asset.
            after_cursor_partition: Leave out partitions up to the one at the cursor.

        Returns:
            By partition key, in the order of the partitions' definition.
        """
        found: dict[str, EventLogRecord] = {}
        for record in [*self.get_trailing_unconsumed_events(asset_key), *self._records(asset_key, ascending=True)]:
            if record.partition_key is not None:
                found[record.partition_key] = record
        definition = self.assets_defs_by_key.get(asset_key)
        partitions_def = definition.get_asset_spec(asset_key).partitions_def if definition is not None else None
        if partitions_def is None:
            return found
        keys = list(partitions_def.get_partition_keys(dynamic_partitions_store=self.instance))
        last = self._position(asset_key)[0]
        if after_cursor_partition and last in keys:
            keys = keys[keys.index(last) + 1 :]
        return {key: found[key] for key in keys if key in found}

    def latest_materialization_records_by_partition_and_asset(
        self,
    ) -> Mapping[str, Mapping[AssetKey, EventLogRecord]]:
        """Return the newest materialization of each partition of each asset that was not dealt with."""
        found: dict[str, dict[AssetKey, EventLogRecord]] = {}
        for key in self._asset_keys:
            for partition, record in self.latest_materialization_records_by_partition(key).items():
                found.setdefault(partition, {})[key] = record
        return found

    def all_partitions_materialized(self, asset_key: AssetKey, partitions: Sequence[str] | None = None) -> bool:
        """Tell whether all partitions of an asset (those in *partitions*, if given) have ever been materialized."""
        if partitions is None:
            definition = self.assets_defs_by_key.get(asset_key)
            partitions_def = definition.get_asset_spec(asset_key).partitions_def if definition is not None else None
            if partitions_def is None:
                raise InvalidInvocationError(f"Asset '{asset_key.to_user_string()}' is not partitioned.")
            partitions = partitions_def.get_partition_keys(dynamic_partitions_store=self.instance)
        done = self.instance.get_materialized_partitions(asset_key)
        return all(each in done for each in partitions)

    def get_downstream_partition_keys(
        self, partition_key: str, from_asset_key: AssetKey, to_asset_key: AssetKey
    ) -> Sequence[str]:
        """
        Return the partitions of a downstream asset that depend on a partition of an upstream asset.

        Args:
            partition_key: Partition of the upstream asset.
            from_asset_key: The upstream asset.
            to_asset_key: The downstream asset.

        Raises:
            InvalidInvocationError: One of them is not partitioned, or not in the project.
        """
        known = self.repository_def.assets_defs_by_key
        definitions = []
        for key in (from_asset_key, to_asset_key):
            if key not in known or known[key].get_asset_spec(key).partitions_def is None:
                raise InvalidInvocationError(
                    f"Asset '{key.to_user_string()}' is not partitioned, or not in the project.",
                    mend="ask for the downstream partitions of partitioned assets.",
                )
            definitions.append(known[key].get_asset_spec(key).partitions_def)
        upstream, downstream = definitions
        mapping = known[to_asset_key].infer_partition_mapping(to_asset_key, from_asset_key, upstream)
        subset = mapping.get_downstream_partitions_for_partitions(
            upstream.empty_subset().with_partition_keys([partition_key]),
            upstream,
            downstream,
            dynamic_partitions_store=self.instance,
        )
        return list(subset.get_partition_keys())

    # -- advancing -----------------------------------------------------------------------------

    def advance_cursor(self, materialization_records_by_key: Mapping[AssetKey, EventLogRecord | None]) -> None:
        """Say which materialization of each asset was dealt with; newer ones come again at the next tick."""
        for key, record in materialization_records_by_key.items():
            if record is not None:
                self._advance(key, record)
        self._advanced = True
        self._write()

    def _advance(self, key: AssetKey, record: EventLogRecord) -> None:
        _partition, row, trailing = self._position(key)
        left = dict(trailing)
        partition = record.partition_key
        if partition is not None:
            if row is None or record.storage_id > row:
                for earlier in self._records(key, ascending=True):
                    if earlier.storage_id >= record.storage_id:
                        break
                    if earlier.partition_key is not None and earlier.partition_key != partition:
                        left[earlier.partition_key] = earlier.storage_id
            if left.get(partition, 0) <= record.storage_id:
                left.pop(partition, None)
            if len(left) > MAX_TRAILING:
                raise InvalidInvocationError(
                    f"More than {MAX_TRAILING} materializations of asset '{key.to_user_string()}' were passed over.",
                    mend="advance the cursor in order, or call advance_all_cursors().",
                )
        if row is not None and record.storage_id <= row:
            self._positions[key] = (_partition, row, left)
        else:
            self._positions[key] = (partition, record.storage_id, left)

    def advance_all_cursors(self) -> None:
        """Say that all materializations so far were dealt with."""
        for key in self._asset_keys:
            newest = self._records(key, limit=1)
            partition, row, _trailing = self._position(key)
            self._positions[key] = (
                (newest[0].partition_key, newest[0].storage_id, {}) if newest else (partition, row, {})
            )
        self._advanced = True
        self._write()

    @property
    def was_advanced(self) -> bool:
        """Tell whether the cursor was advanced."""
        return self._advanced

    def update_cursor_after_evaluation(self) -> None:
        """Write down how far the cursor was advanced."""
        if self._advanced:
            self._write()

    def _write(self) -> None:
        self.update_cursor(
            json.dumps(
                {repr(key): list(position) for key, position in self._positions.items() if position[1] is not None}
            )
        )


def _read_cursor(cursor: str | None, keys: Sequence[AssetKey]) -> dict[AssetKey, _Cursor]:
    given: dict[str, Any] = json.loads(cursor) if cursor else {}
    found: dict[AssetKey, _Cursor] = {}
    for key in keys:
        position: Sequence[Any] = given.get(repr(key)) or (None, None, {})
        found[key] = (position[0], position[1], dict(position[2] or {}))
    return found
