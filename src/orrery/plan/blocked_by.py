"""
Which failed checks of its parents keep a step from running.

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
from orrery.plan.step import ExecutionStep

__all__ = ["BlockedBy", "EvaluatedChecks", "FailedCheck", "blocked_by", "refuse_unknown_checks"]

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


class EvaluatedChecks:
    """
    The checks that the steps of a run have evaluated.

    Attributes:
        named: The checks that keep back each step which says so itself, by its key in the plan.
        failed: The checks with severity ERROR that did not pass, of each step that evaluated any.
    """

    __slots__ = ("_blocking", "_evaluations", "failed", "named")

    def __init__(self) -> None:
        self.named: dict[str, BlockedBy] = {}
        self.failed: dict[str, set[FailedCheck]] = {}
        self._blocking: dict[str, dict[tuple[str, ...], list[str]]] = {}
        self._evaluations: dict[str, int] = {}

    def read(self, step: ExecutionStep) -> None:
        """Take in what the tags of a step of the plan say."""
        said = blocked_by(step.tags)
        if said is not None:
            self.named[step.key] = said

    def note(self, step_key: str, check: FailedCheck, *, blocks: bool, failed: bool) -> None:
        """Note that a step evaluated *check*: whether it did not pass, and blocks; whether it did not, with severity ERROR."""
        if failed:
            self.failed.setdefault(step_key, set()).add(check)
        self._evaluations[step_key] = self._evaluations.get(step_key, 0) + 1
        if blocks:
            asset, name = check
            self._blocking.setdefault(step_key, {}).setdefault(asset, []).append(name)

    def forget(self, step_key: str) -> None:
        """Forget what a step evaluated, which is not loaded by any other."""
        self._blocking.pop(step_key, None)
        self._evaluations.pop(step_key, None)
        self.failed.pop(step_key, None)

    def blocked_assets(self, step: ExecutionStep) -> dict[tuple[str, ...], list[str]] | None:
        """Return the assets whose blocking checks made the step fail; None if it failed otherwise."""
        blocking = self._blocking.get(step.key)
        if blocking is None:
            return None
        wanted = sum(1 for each in step.outputs.values() if each.check_spec is not None and each.is_selected)
        return blocking if self._evaluations[step.key] >= wanted else None

    def is_kept_back(self, step: ExecutionStep, failed: ExecutionStep) -> bool:
        """Tell whether a failed parent keeps a step back: by its checks, only of assets that it depends on."""
        blocked = self.blocked_assets(failed) if self._blocking else None
        if blocked is not None and step.template_key in self.named:
            return False  # what it is kept back by, it has said: see :meth:`reason`
        return blocked is None or not blocked.keys().isdisjoint(_assets_above(step))

    def reason(self, step: ExecutionStep, parents: Iterable[str]) -> str | None:
        """Return which failed checks of its parents, of those that the step names itself, keep it back."""
        said = self.named.get(step.template_key)
        if said is None:
            return None
        wanted = _assets_above(step)
        found = {
            check
            for parent in parents
            for check in self.failed.get(parent, ())
            if said.names(check) and (not wanted or check[0] in wanted)
        }
        if not found:
            return None
        named = ", ".join(f"'{name}' of asset '{'/'.join(asset)}'" for asset, name in sorted(found))
        return f"check {named} failed, by which this step asks to be blocked"

    def blame(self, step: ExecutionStep, failed: ExecutionStep) -> str | None:
        """Return which blocking checks of a parent keep the step back; None if the parent failed otherwise."""
        blocked = self.blocked_assets(failed)
        if blocked is None:
            return None
        wanted = _assets_above(step)
        names = ", ".join(
            f"'{name}' of asset '{'/'.join(asset)}'"
            for asset, checks in sorted(blocked.items())
            if asset in wanted
            for name in checks
        )
        return f"blocking check {names} failed"


def _assets_above(step: ExecutionStep) -> set[tuple[str, ...]]:
    """Return the assets that the step, or the definition around it, depends on."""
    found = {each.asset_key.parts for each in step.inputs.values() if each.asset_key is not None}
    if step.assets_def is not None and not step.is_whole_asset:
        found |= {key.parts for key in step.assets_def.keys_by_input_name.values()}
    return found


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
