"""The sensor that has checks of freshness made again when what they found may no longer hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orrery.definitions.assets.assets_definition import AssetChecksDefinition
from orrery.definitions.decorators.freshness_checks import FRESH_UNTIL_KEY
from orrery.definitions.instigators.sensor import DefaultSensorStatus, SensorDefinition
from orrery.model.assets.selection import AssetSelection
from orrery.model.partitions.loading import current_context
from orrery.model.records.run_request import RunRequest, SkipReason

__all__ = ["build_sensor_for_freshness_checks"]

_DESCRIPTION = (
    "Asks for checks of freshness that were never made, or that passed and may have become overdue since. A check that "
    "failed is not asked for again: it is made when its asset is."
)
_NOTHING = (
    "No freshness checks need to be evaluated at this time, since all checks are either currently evaluating, have "
    "failed, or are not yet overdue."
)


def build_sensor_for_freshness_checks(
    *,
    freshness_checks: Sequence[AssetChecksDefinition],
    minimum_interval_seconds: int | None = None,
    name: str = "freshness_checks_sensor",
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    tags: Mapping[str, Any] | None = None,
) -> SensorDefinition:
    """
    Return a sensor that asks for checks of freshness whose last answer has run out.

    Args:
        freshness_checks: The checks, as the builders of freshness checks return them.
        minimum_interval_seconds: Seconds between two ticks, at least.
        name: Name of the sensor.
        default_status: Whether it runs before anybody switched it.
        tags: Tags of the sensor.
    """
    keys = sorted({key for each in freshness_checks for key in each.check_keys})

    def evaluate(context):  # type: ignore[no-untyped-def]  # an annotated context is one of a floor above
        now = current_context().effective_dt.timestamp()
        states = {state.check_key: state for state in context.instance.get_check_states(keys)}
        wanted = [key for key in keys if key not in states]
        for state in states.values():
            evaluated, planned = state.last_evaluation, state.last_planned
            if planned is not None and (evaluated is None or evaluated.storage_id < planned.storage_id):
                continue
            if evaluated is None:
                wanted.append(state.check_key)
                continue
            found = evaluated.event_log_entry.dagster_event.event_specific_data
            until = found.metadata.get(FRESH_UNTIL_KEY)
            if found.passed and until is not None and until.value <= now:
                wanted.append(state.check_key)
        return RunRequest(asset_check_keys=sorted(wanted)) if wanted else SkipReason(_NOTHING)

    return SensorDefinition(
        name=name,
        evaluation_fn=evaluate,
        description=_DESCRIPTION,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        asset_selection=AssetSelection.checks(*keys),
        tags=tags,
    )
