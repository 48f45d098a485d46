"""Sensors that look at the materializations of assets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.definitions.instigators.sensor import SensorDefinition, SensorType
from orrery.model.assets.selection import AssetSelection

__all__ = ["AssetSensorDefinition", "MultiAssetSensorDefinition"]


class AssetSensorDefinition(SensorDefinition):
    """
    A function that is called with each new materialization of an asset.

    Made by :func:`asset_sensor` as a rule.

    Args:
        name: Name.
        asset_key: The asset.
        job_name: Name of the job; in place of *job*.
        asset_materialization_fn: Function of the context and the entry of the event log.
        more: Further arguments of :class:`SensorDefinition`.
    """

    sensor_type = SensorType.ASSET
    function_takes_event = True

    def __init__(
        self,
        name: str | None,
        asset_key: CoercibleToAssetKey,
        job_name: str | None,
        asset_materialization_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: Any = None,
        jobs: Sequence[Any] | None = None,
        default_status: Any = None,
        required_resource_keys: Any = None,
        tags: Any = None,
        metadata: Any = None,
        **more: Any,
    ) -> None:
        self._asset_key = AssetKey.from_coercible(asset_key)
        if default_status is not None:
            more["default_status"] = default_status
        super().__init__(
            name,
            evaluation_fn=asset_materialization_fn,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            **more,
        )

    @property
    def asset_key(self) -> AssetKey:
        """Return the asset that the sensor looks at."""
        return self._asset_key


class MultiAssetSensorDefinition(SensorDefinition):
    """
    A function that is called from time to time with a view of the materializations of several assets.

    Made by :func:`multi_asset_sensor` as a rule. The function says which materializations it has dealt with
    by ``context.advance_cursor`` or ``context.advance_all_cursors``.

    Args:
        name: Name.
        monitored_assets: The assets: keys, or a selection.
        job_name: Name of the job; in place of *job*.
        asset_materialization_fn: Function of the context.
        request_assets: Assets that requests may name, in place of a job.
        more: Further arguments of :class:`SensorDefinition`.
    """

    sensor_type = SensorType.MULTI_ASSET

    def __init__(
        self,
        name: str | None,
        monitored_assets: Any,
        job_name: str | None,
        asset_materialization_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: Any = None,
        jobs: Sequence[Any] | None = None,
        default_status: Any = None,
        request_assets: Any = None,
        required_resource_keys: Any = None,
        tags: Any = None,
        metadata: Any = None,
        **more: Any,
    ) -> None:
        self._monitored: AssetSelection | list[AssetKey] = (
            monitored_assets
            if isinstance(monitored_assets, AssetSelection)
            else [AssetKey.from_coercible(each) for each in monitored_assets]
        )
        if default_status is not None:
            more["default_status"] = default_status
        super().__init__(
            name,
            evaluation_fn=asset_materialization_fn,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            asset_selection=request_assets,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            **more,
        )

    @property
    def monitored_assets(self) -> AssetSelection | list[AssetKey]:
        """Return the assets that the sensor looks at: keys, or a selection."""
        return self._monitored
