"""
What a plan takes from assets that it does not make: whether their values are stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orrery.api.verbs.asset_values import AssetValueLoader
from orrery.base.keys import AssetKey

__all__ = ["MOST_LOOKED_AT", "lacking_of"]

MOST_LOOKED_AT = 500
"""Of so many partitions of an asset, at most, it is looked whether their values are stored."""


def lacking_of(
    taken: Mapping[AssetKey, Sequence[str] | None], values: AssetValueLoader, *, is_verified: bool = False
) -> tuple[str, ...]:
    """
    Return those values, as people write them, that are not stored; where an IO manager cannot tell, nothing is said.

    Args:
        taken: The assets, each with the partitions that are taken of it; None for one without partitions.
        values: Looks at them.
        is_verified: Read the values: those that are damaged are not stored, either.
    """
    lacking: list[str] = []
    for key, partitions in taken.items():
        name = key.to_user_string()
        if partitions is None:
            if values.has_asset_value(key, is_verified=is_verified) is False:
                lacking.append(name)
            continue
        for partition in partitions[:MOST_LOOKED_AT]:
            if values.has_asset_value(key, partition_key=partition, is_verified=is_verified) is False:
                lacking.append(f"{name}[{partition}]")
    return tuple(sorted(lacking))
