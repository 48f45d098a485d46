"""
What the checks that are built, not written, have in common: one function for many assets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.assets_definition import AssetChecksDefinition
from orrery.definitions.decorators.asset_check import multi_asset_check
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.model.events.checks import AssetCheckResult

__all__ = ["build_checks", "distinct_asset_keys"]

Judge = Callable[[Any, AssetKey], AssetCheckResult]
"""Takes the context of the run and an asset; says what was found of it."""


def distinct_asset_keys(assets: Sequence[Any], *, builder: str) -> list[AssetKey]:
    """
    Return the keys of *assets*: keys, texts, or definitions of one or several assets.

    Raises:
        InvalidDefinitionError: An asset stands twice, or something is no asset.
    """
    keys: list[AssetKey] = []
    for each in assets:
        several = getattr(each, "keys", None)
        keys.extend(several if several is not None else [AssetKey.from_coercible_or_definition(each)])
    twice = sorted({key.to_user_string() for key in keys if keys.count(key) > 1})
    if twice:
        raise InvalidDefinitionError(
            f"Found duplicate assets in {builder}: {', '.join(twice)}.", mend="name each asset once."
        )
    return keys


def build_checks(prefix: str, specs: Sequence[AssetCheckSpec], judge: Judge) -> list[AssetChecksDefinition]:
    """
    Return one definition that makes all of *specs*, those that are asked for alone as well.

    Args:
        prefix: What the name of the step begins with; the rest follows from the checks.
        specs: The checks.
        judge: Called for each asset when its check is made.
    """
    digest = hashlib.sha256("\n".join(sorted(spec.key.to_user_string() for spec in specs)).encode()).hexdigest()

    @multi_asset_check(specs=specs, can_subset=True, name=f"{prefix}_{digest[:8]}")
    def checks(context):  # type: ignore[no-untyped-def]  # an annotated context is one of a floor above
        wanted = context.selected_asset_check_keys
        for spec in specs:
            if spec.key in wanted:
                found = judge(context, spec.asset_key)
                yield AssetCheckResult(
                    passed=found.passed,
                    asset_key=spec.asset_key,
                    check_name=spec.name,
                    metadata=found.metadata,
                    severity=found.severity,
                    description=found.description,
                )

    return [checks]
