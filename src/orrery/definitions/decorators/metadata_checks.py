"""Checks of what materializations tell of themselves: columns and numbers in their metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.base.metadata import TableSchema
from orrery.definitions.assets.assets_definition import AssetChecksDefinition
from orrery.definitions.decorators.built_checks import build_checks, distinct_asset_keys
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.model.events.checks import AssetCheckResult, AssetCheckSeverity
from orrery.model.events.user import AssetMaterialization

__all__ = ["build_column_schema_change_checks", "build_metadata_bounds_checks"]

_SCHEMA_NAMES = ("orrery/column_schema", "dagster/column_schema")


def build_column_schema_change_checks(
    *, assets: Sequence[Any], severity: AssetCheckSeverity = AssetCheckSeverity.WARN
) -> Sequence[AssetChecksDefinition]:
    """
    Return checks that the columns of each asset are the same in its two latest materializations.

    The columns are those that the metadata tell as ``orrery/column_schema`` (or ``dagster/column_schema``), a table
    schema.

    Args:
        assets: Keys or definitions.
        severity: How bad a change is.

    Raises:
        InvalidDefinitionError: An asset stands twice.
    """
    specs = [
        AssetCheckSpec(
            "column_schema_change",
            asset=key,
            description="Checks whether there are changes to column schema between the asset's two most recent "
            "materializations",
        )
        for key in distinct_asset_keys(assets, builder="build_column_schema_change_checks")
    ]

    def judge(context: Any, key: AssetKey) -> AssetCheckResult:
        latest = _materializations(context.instance, key, 2)
        if len(latest) < 2:
            return _verdict(True, "The asset has been materialized fewer than 2 times", severity)
        new, old = (_schema_of(each) for each in latest)
        if new is None:
            return _verdict(False, "Latest materialization has no column schema metadata", severity)
        if old is None:
            return _verdict(False, "Previous materialization has no column schema metadata", severity)
        changes = schema_changes(old, new)
        if not changes:
            description = "No changes to column schema between previous and latest materialization"
            return _verdict(True, description, severity)
        description = "Column schema changed between previous and latest materialization.\n\n" + "\n\n".join(changes)
        return _verdict(False, description, severity)

    return build_checks("asset_check", specs, judge)


def schema_changes(old: TableSchema, new: TableSchema) -> list[str]:
    """
    Return what became of the columns, one text for each kind of change: added, removed, of another type.

    >>> from orrery.base.metadata import TableColumn
    >>> schema_changes(TableSchema(columns=[TableColumn("a")]), TableSchema(columns=[TableColumn("b")]))
    ['Added columns: b', 'Removed columns: a']
    """
    before = {column.name: column.type for column in old.columns}
    after = {column.name: column.type for column in new.columns}
    changes = []
    if added := [name for name in after if name not in before]:
        changes.append(f"Added columns: {', '.join(added)}")
    if removed := [name for name in before if name not in after]:
        changes.append(f"Removed columns: {', '.join(removed)}")
    if other := [name for name in before if name in after and before[name] != after[name]]:
        changes.append(
            "Column type changes:\n" + "\n".join(f"- {name}: {before[name]} -> {after[name]}" for name in other)
        )
    return changes


def build_metadata_bounds_checks(
    *,
    assets: Sequence[Any],
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    metadata_key: str,
    min_value: float | None = None,
    max_value: float | None = None,
    exclusive_min: bool = False,
    exclusive_max: bool = False,
) -> Sequence[AssetChecksDefinition]:
    """
    Return checks that a number in the metadata of each asset's latest materialization lies within bounds.

    Args:
        assets: Keys or definitions.
        severity: How bad it is if it does not.
        metadata_key: Name of the number.
        min_value: It must not be less than this.
        max_value: It must not be more than this.
        exclusive_min: It must be more than *min_value*.
        exclusive_max: It must be less than *max_value*.

    Raises:
        InvalidDefinitionError: There is no bound, the bounds cross, or an asset stands twice.
    """
    if min_value is None and max_value is None:
        raise InvalidDefinitionError(
            "At least one of `min_value` or `max_value` must be set.", mend="write min_value=1, for instance."
        )
    if min_value is not None and max_value is not None and min_value > max_value:
        raise InvalidDefinitionError(
            f"`min_value` may not be greater than `max_value`, but {min_value} is greater than {max_value}.",
            mend="swap them.",
        )
    bounds = []
    if min_value is not None:
        bounds.append(f"greater than {'' if exclusive_min else 'or equal to '}{min_value}")
    if max_value is not None:
        bounds.append(f"less than {'' if exclusive_max else 'or equal to '}{max_value}")
    specs = [
        AssetCheckSpec(
            re.sub(r"[^A-Za-z0-9_]", "_", metadata_key) + "_bounds_check",
            asset=key,
            description=f"Checks that the latest materialization has metadata value `{metadata_key}` {' and '.join(bounds)}",
        )
        for key in distinct_asset_keys(assets, builder="build_metadata_bounds_checks")
    ]

    def judge(context: Any, key: AssetKey) -> AssetCheckResult:
        latest = _materializations(context.instance, key, 1)
        if not latest:
            return _verdict(False, "Asset has not been materialized", severity)
        if metadata_key not in latest[0].metadata:
            return _verdict(False, f"Metadata key `{metadata_key}` not found", severity)
        value = latest[0].metadata[metadata_key].value
        if not isinstance(value, int | float):
            return _verdict(False, f"Value `{value}` is not a number", severity)
        if min_value is not None and (value <= min_value if exclusive_min else value < min_value):
            beyond = "less than or equal to" if exclusive_min else "less than"
            return _verdict(False, f"Value `{value}` is {beyond} {min_value}", severity)
        if max_value is not None and (value >= max_value if exclusive_max else value > max_value):
            beyond = "greater than or equal to" if exclusive_max else "greater than"
            return _verdict(False, f"Value `{value}` is {beyond} {max_value}", severity)
        if value != value:
            return _verdict(False, f"Value `{value}` is not a number", severity)
        return _verdict(True, f"Value `{value}` is within range", severity)

    return build_checks("asset_check", specs, judge)


def _materializations(instance: Any, key: AssetKey, count: int) -> list[AssetMaterialization]:
    """Return the latest materializations of an asset, newest first."""
    return [record.asset_materialization for record in instance.fetch_materializations(key, limit=count).records]


def _schema_of(materialization: AssetMaterialization) -> TableSchema | None:
    told: Any = materialization.metadata
    name = next((each for each in _SCHEMA_NAMES if each in told), None)
    schema = None if name is None else told[name].value
    return schema if isinstance(schema, TableSchema) else None


def _verdict(passed: bool, description: str, severity: AssetCheckSeverity) -> AssetCheckResult:
    return AssetCheckResult(passed=passed, description=description, severity=severity)
