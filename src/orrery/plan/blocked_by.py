"""
Which failed checks of its parents keep a step from running, where the step says so itself.

Without a word of the step, a check that is declared blocking keeps everything back that depends on its asset. The tag
``orrery/blocked_by`` names the checks that keep this step back; any others, blocking or not, do not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from orrery.base.errors import InvalidDefinitionError, nearest_hint
from orrery.base.keys import AssetKey
from orrery.definitions.parts.policies import BLOCKED_BY_TAG

__all__ = ["BlockedBy", "FailedCheck", "blocked_by", "refuse_unknown_checks"]

FailedCheck = tuple[tuple[str, ...], str]
"""An asset, by its parts, and the name of a check of it that failed."""


class BlockedBy(msgspec.Struct, frozen=True):
    """
    The checks that keep a step back.

    Attributes:
        named: Each as the parts of its asset and its name; None in place of the parts for any asset above the step.
    """

    named: tuple[tuple[tuple[str, ...] | None, str], ...]

    def names(self, check: FailedCheck) -> bool:
        """Tell whether *check* is one of them."""
        asset, name = check
        return any(known == name and parts in (None, asset) for parts, known in self.named)


def blocked_by(tags: Mapping[str, str]) -> BlockedBy | None:
    """
    Return what the tags of a step say; None if they leave it to the checks.

    Raises:
        InvalidDefinitionError: The tag is there, and names nothing.

    >>> blocked_by({"orrery/blocked_by": "no_nulls, shop/orders:fresh"})
    BlockedBy(named=((None, 'no_nulls'), (('shop', 'orders'), 'fresh')))
    >>> blocked_by({"orrery/blocked_by": "none"})
    BlockedBy(named=())
    """
    text = tags.get(BLOCKED_BY_TAG)
    if text is None:
        return None
    if text.strip() == "none":
        return BlockedBy(())
    return BlockedBy(tuple([_named(each.strip(), text) for each in text.split(",")]))


def _named(text: str, whole: str) -> tuple[tuple[str, ...] | None, str]:
    asset, colon, name = text.rpartition(":")
    if not name or (colon and not asset):
        raise InvalidDefinitionError(
            f"The tag {BLOCKED_BY_TAG} is '{whole}', which does not name checks.",
            mend="write names of checks with commas between them ('no_nulls, shop/orders:fresh'), or 'none'.",
        )
    return AssetKey.from_user_string(asset).parts if colon else None, name


def refuse_unknown_checks(
    definition: Any, tags: Mapping[str, str], made: Collection[Any], all_defs: Iterable[Any]
) -> None:
    """
    Refuse checks that no asset above a definition has.

    What the run does not make is not looked at: its checks may be declared where this run does not reach.

    Args:
        definition: The definition whose step bears the tags.
        tags: The tags.
        made: The parts of the assets that the run makes.
        all_defs: All definitions of assets and checks that are known.

    Raises:
        InvalidDefinitionError: A check is unknown, or its asset is not above the definition; the nearest name is said.
    """
    said = blocked_by(tags)
    if said is None or not said.named:
        return
    parents = {key.parts for key in definition.keys_by_input_name.values()}
    names: dict[tuple[str, ...], set[str]] = {parts: set() for parts in parents}
    for each in all_defs:
        for spec in each.check_specs_by_output_name.values():
            if spec.asset_key.parts in names:
                names[spec.asset_key.parts].add(spec.name)
    whose = f"The tag {BLOCKED_BY_TAG} of '{definition.node_def.name}'"
    for asset, name in said.named:
        if asset is not None and asset not in parents:
            raise InvalidDefinitionError(
                f"{whose} names a check of '{'/'.join(asset)}', on which it does not depend.",
                mend=nearest_hint("/".join(asset), ["/".join(parts) for parts in parents], noun="upstream asset"),
            )
        above = parents if asset is None else {asset}
        known = {check for parts in above for check in names[parts]}
        if name not in known and all(parts in made for parts in above):
            raise InvalidDefinitionError(
                f"{whose} names the check '{name}', which no asset above it has."
                if asset is None
                else f"{whose} names the check '{name}', which '{'/'.join(asset)}' does not have.",
                mend=nearest_hint(name, sorted(known), noun="check"),
            )
