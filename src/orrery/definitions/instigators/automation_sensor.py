"""The sensor that stands for automation conditions: declared and carried, not evaluated yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orrery.definitions.instigators.sensor import DefaultSensorStatus, SensorDefinition, SensorType
from orrery.model.assets.selection import AssetSelection

__all__ = ["AutomationConditionSensorDefinition"]


class AutomationConditionSensorDefinition(SensorDefinition):
    """
    A sensor that launches what its automation conditions ask for; carried.

    Args:
        name: Name.
        target: The assets whose conditions it looks at.
        tags: Tags of the sensor.
        run_tags: Tags of the runs.
        default_status: Whether it runs before anybody switched it.
        minimum_interval_seconds: Seconds between two ticks, at least.
        description: Text for people.
        metadata: Any metadata, by name.
        emit_backfills: Whether several partitions are launched as a backfill.
        use_user_code_server: Whether conditions are evaluated beside the user's code.
        default_condition: Condition of assets that have none.
        asset_job_keys: Jobs whose conditions it looks at.
    """

    def __init__(
        self,
        name: str,
        *,
        target: Any,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        emit_backfills: bool = True,
        use_user_code_server: bool = False,
        default_condition: Any = None,
        asset_job_keys: Sequence[Any] = (),
    ) -> None:
        super().__init__(
            name,
            evaluation_fn=_refuse,
            asset_selection=AssetSelection.from_coercible(target),
            tags=tags,
            default_status=default_status,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            metadata=metadata,
        )
        self._run_tags = dict(run_tags or {})
        self._emit_backfills = emit_backfills
        self._use_user_code_server = use_user_code_server
        self.sensor_type = SensorType.AUTOMATION if use_user_code_server else SensorType.AUTO_MATERIALIZE
        self._default_condition = default_condition
        self._asset_job_keys = list(asset_job_keys)

    @property
    def run_tags(self) -> Mapping[str, Any]:
        """Return the tags of the runs."""
        return self._run_tags

    @property
    def emit_backfills(self) -> bool:
        """Tell whether several partitions are launched as a backfill."""
        return self._emit_backfills

    @property
    def default_condition(self) -> Any:
        """Return the condition of assets that have none, if any."""
        return self._default_condition

    @property
    def asset_job_keys(self) -> Sequence[Any]:
        """Return the jobs whose conditions it looks at."""
        return self._asset_job_keys


def _refuse(context: Any) -> Any:
    raise NotImplementedError(
        f"Automation conditions are declared and carried, but not evaluated yet (sensor '{context.sensor_name}'). "
        "Start the runs with a schedule or a sensor."
    )
