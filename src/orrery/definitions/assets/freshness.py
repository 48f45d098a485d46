"""``apply_freshness_policy``: say how old an asset may be."""

from __future__ import annotations

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.model.automation.freshness import FreshnessPolicy

__all__ = ["apply_freshness_policy"]


def apply_freshness_policy(spec: AssetSpec, policy: FreshnessPolicy, overwrite_existing: bool = True) -> AssetSpec:
    """
    Return *spec* with a freshness policy.

    Args:
        spec: The asset.
        policy: How old it may be.
        overwrite_existing: Whether *policy* takes the place of one that is there.

    Raises:
        InvalidDefinitionError: *spec* is no spec; map over definitions with ``map_asset_specs``.

    >>> from datetime import timedelta
    >>> daily = FreshnessPolicy.time_window(fail_window=timedelta(days=1))
    >>> apply_freshness_policy(AssetSpec("orders"), daily).freshness_policy == daily
    True
    """
    if not isinstance(spec, AssetSpec):
        raise InvalidDefinitionError(
            f"apply_freshness_policy takes an AssetSpec, not {spec!r}.",
            mend="write defs.map_asset_specs(func=lambda spec: apply_freshness_policy(spec, policy)).",
        )
    if spec.freshness_policy is not None and not overwrite_existing:
        return spec
    return spec.replace_attributes(freshness_policy=policy)
