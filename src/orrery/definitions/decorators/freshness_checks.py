"""Checks that assets were updated lately enough, built for any number of assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from orrery.base.errors import InvalidDefinitionError, InvalidMetadataError
from orrery.base.keys import AssetKey
from orrery.base.metadata import MetadataValue
from orrery.definitions.assets.assets_definition import AssetChecksDefinition
from orrery.definitions.decorators.built_checks import build_checks, distinct_asset_keys
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.model.automation.update_age import judge_update_age, ticks_around
from orrery.model.events.checks import AssetCheckResult, AssetCheckSeverity
from orrery.model.events.entry import AssetRecordsFilter
from orrery.model.partitions.cron import parse_cron
from orrery.model.partitions.loading import current_context
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition
from orrery.model.partitions.zones import zone_of

__all__ = ["FRESH_UNTIL_KEY", "build_last_update_freshness_checks", "build_time_partition_freshness_checks"]

FRESHNESS_CHECK: Final = "freshness_check"
FRESH_UNTIL_KEY: Final = "orrery/fresh_until_timestamp"
_PARAMS = "orrery/freshness_params"
_LAST_UPDATED = "orrery/last_updated_timestamp"
_LOWER_BOUND = "orrery/freshness_lower_bound_timestamp"
_LATEST_TICK = "orrery/latest_cron_tick_timestamp"
_UPDATED_NAMES = (_LAST_UPDATED, "dagster/last_updated_timestamp")
_OBSERVATIONS = 100  # the latest ones, among which one that tells an update is looked for


def build_last_update_freshness_checks(
    *,
    assets: Sequence[Any],
    lower_bound_delta: timedelta,
    deadline_cron: str | None = None,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    blocking: bool = False,
) -> Sequence[AssetChecksDefinition]:
    """
    Return checks that each asset was updated lately.

    An update is a materialization, or an observation whose metadata tell ``orrery/last_updated_timestamp`` (or
    ``dagster/last_updated_timestamp``).

    Args:
        assets: Keys or definitions.
        lower_bound_delta: How old the last update may be: at any time, or at the latest tick of *deadline_cron*.
        deadline_cron: At which ticks the assets must be fresh.
        timezone: The zone whose clocks the deadline reads.
        severity: How bad it is if an asset is not fresh.
        blocking: Whether what depends on an asset that is not fresh is kept from running (with severity ERROR).

    Raises:
        InvalidDefinitionError: An asset stands twice, or the deadline or zone is none.

    >>> (checks,) = build_last_update_freshness_checks(assets=["orders"], lower_bound_delta=timedelta(hours=1))
    >>> [spec.key.to_user_string() for spec in checks.check_specs]
    ['orders:freshness_check']
    """
    if not isinstance(lower_bound_delta, timedelta):
        raise InvalidDefinitionError(
            f"lower_bound_delta is a timedelta, not {lower_bound_delta!r} ({type(lower_bound_delta).__name__}).",
            mend="write lower_bound_delta=timedelta(hours=1).",
        )
    params: dict[str, Any] = {"timezone": timezone, "lower_bound_delta_seconds": lower_bound_delta.total_seconds()}
    specs = _specs("build_last_update_freshness_checks", assets, params, deadline_cron, timezone, blocking)

    def judge(context: Any, key: AssetKey) -> AssetCheckResult:
        last_update = _last_update(context.instance, key)
        found = judge_update_age(
            last_update=last_update,
            now=_now(),
            lower_bound_delta=lower_bound_delta,
            deadline_cron=deadline_cron,
            timezone=timezone,
        )
        instants = {
            _LOWER_BOUND: found.lower_bound,
            _LATEST_TICK: found.latest_tick,
            FRESH_UNTIL_KEY: found.fresh_until,
            _LAST_UPDATED: last_update,
        }
        return _result(found.is_fresh, found.description, severity, params, instants)

    return build_checks(FRESHNESS_CHECK, specs, judge)


def build_time_partition_freshness_checks(
    *,
    assets: Sequence[Any],
    deadline_cron: str,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    blocking: bool = False,
) -> Sequence[AssetChecksDefinition]:
    """
    Return checks that the partition which was complete at the latest tick of the deadline has been made.

    Args:
        assets: Keys or definitions of assets with time windows as partitions.
        deadline_cron: At which ticks the partition before has to be there.
        timezone: The zone whose clocks the deadline reads.
        severity: How bad it is if it is not.
        blocking: Whether what depends on an asset that is not fresh is kept from running (with severity ERROR).

    Raises:
        InvalidDefinitionError: An asset stands twice or has no time windows, or the deadline or zone is none.
    """
    params: dict[str, Any] = {"timezone": timezone}
    specs = _specs("build_time_partition_freshness_checks", assets, params, deadline_cron, timezone, blocking)
    for each in assets:
        if hasattr(each, "partitions_def"):
            _time_windows(each.partitions_def, AssetKey.from_coercible_or_definition(each))

    def judge(context: Any, key: AssetKey) -> AssetCheckResult:
        layer = context.job_def.asset_layer
        windows = _time_windows(layer.asset_graph.get(key).partitions_def if layer.asset_graph.has(key) else None, key)
        instance = context.instance
        latest_tick, next_tick = ticks_around(deadline_cron, timezone, _now())
        count = windows.count_at(datetime.fromtimestamp(latest_tick, tz=UTC))
        if not count:
            description = "Asset is currently fresh, since no partition is expected yet."
            return _result(True, description, severity, params, {_LATEST_TICK: latest_tick, FRESH_UNTIL_KEY: next_tick})
        expected = windows.key_at(count - 1)
        if _latest_timestamp(instance, AssetRecordsFilter(key, asset_partitions=[expected])) is not None:
            description = f"Asset is currently fresh, since partition {expected} has been observed/materialized."
            return _result(True, description, severity, params, {_LATEST_TICK: latest_tick, FRESH_UNTIL_KEY: next_tick})
        before = _latest_timestamp(instance, AssetRecordsFilter(key))
        if before is None:
            description = (
                "The asset has never been observed/materialized. "
                f"We currently expect partition {expected} to have arrived."
            )
        else:
            description = f"Asset is overdue. We expected partition {expected} to have arrived, and it has not."
        return _result(False, description, severity, params, {_LATEST_TICK: latest_tick, _LAST_UPDATED: before})

    return build_checks(FRESHNESS_CHECK, specs, judge)


def _specs(
    builder: str, assets: Sequence[Any], params: dict[str, Any], deadline: str | None, timezone: str, blocking: bool
) -> list[AssetCheckSpec]:
    """Return the specs of the checks; the deadline, if there is one, becomes one of *params*."""
    zone_of(timezone)
    if deadline is not None:
        parse_cron(deadline, where=f"deadline_cron of {builder}")
        params["deadline_cron"] = deadline
    return [
        AssetCheckSpec(
            FRESHNESS_CHECK,
            asset=key,
            description="Evaluates freshness for targeted asset.",
            blocking=blocking,
            metadata={_PARAMS: MetadataValue.json(params)},
        )
        for key in distinct_asset_keys(assets, builder=builder)
    ]


def _result(
    passed: bool,
    description: str,
    severity: AssetCheckSeverity,
    params: Mapping[str, Any],
    instants: Mapping[str, float | None],
) -> AssetCheckResult:
    measured = {name: MetadataValue.timestamp(each) for name, each in instants.items() if each is not None}
    return AssetCheckResult(
        passed=passed,
        description=description,
        severity=severity,
        metadata={_PARAMS: MetadataValue.json(dict(params)), **measured},
    )


def _now() -> float:
    return current_context().effective_dt.timestamp()


def _last_update(instance: Any, key: AssetKey) -> float | None:
    """Return when the asset was last updated, as far as its events tell."""
    made = instance.fetch_materializations(AssetRecordsFilter(key), limit=1).records
    found = [each.timestamp for each in made]
    for record in instance.fetch_observations(AssetRecordsFilter(key), limit=_OBSERVATIONS).records:
        told = record.asset_observation.metadata
        name = next((each for each in _UPDATED_NAMES if each in told), None)
        if name is not None:
            found.append(_instant(key, name, told[name]))
            break
    return max(found, default=None)


def _instant(key: AssetKey, name: str, value: Any) -> float:
    told = value.value
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise InvalidMetadataError(
            f"An observation of asset '{key.to_user_string()}' tells {told!r} as '{name}', which is no instant.",
            mend=f'write metadata={{"{name}": MetadataValue.timestamp(...)}}.',
        )
    return float(told)


def _latest_timestamp(instance: Any, records_filter: AssetRecordsFilter) -> float | None:
    """Return when the latest materialization or observation was recorded."""
    records = [
        *instance.fetch_materializations(records_filter, limit=1).records,
        *instance.fetch_observations(records_filter, limit=1).records,
    ]
    return max((each.timestamp for each in records), default=None)


def _time_windows(partitions_def: Any, key: AssetKey) -> TimeWindowPartitionsDefinition:
    if isinstance(partitions_def, TimeWindowPartitionsDefinition):
        return partitions_def
    raise InvalidDefinitionError(
        f"Asset '{key.to_user_string()}' has no time windows as partitions, but {partitions_def!r}.",
        mend="use build_last_update_freshness_checks for it.",
    )
