"""Any graph of assets: who takes whose value, who only waits for whom, and what each must come to."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.decorators.asset import asset

__all__ = ["DrawnAssets", "asset_graphs"]


@dataclass(frozen=True)
class DrawnAsset:
    """
    One asset of a drawn graph.

    Attributes:
        key: Its key.
        takes: Assets whose values its function takes.
        waits_for: Assets that come before without their values.
    """

    key: AssetKey
    takes: tuple[AssetKey, ...]
    waits_for: tuple[AssetKey, ...]


@dataclass(frozen=True)
class DrawnAssets:
    """
    A drawn graph of assets.

    Attributes:
        members: The assets, each after those it depends on.
    """

    members: tuple[DrawnAsset, ...]

    @property
    def parents(self) -> Mapping[AssetKey, frozenset[AssetKey]]:
        """Return what each asset depends on."""
        return {each.key: frozenset(each.takes + each.waits_for) for each in self.members}

    @property
    def expected(self) -> Mapping[AssetKey, Any]:
        """Return the value that each asset must have: what plain calls of the functions give."""
        values: dict[AssetKey, Any] = {}
        for each in self.members:
            values[each.key] = _value(each, [values[key] for key in each.takes])
        return values

    def definitions(self, order: Sequence[int] | None = None) -> list[AssetsDefinition]:
        """
        Return the assets as definitions.

        Args:
            order: In which order to list them, by place; that of :attr:`members` if not given.
        """
        made = [_definition(each) for each in self.members]
        return made if order is None else [made[at] for at in order]


def _value(drawn: DrawnAsset, taken: Sequence[Any]) -> Any:
    return (drawn.key.to_user_string(), zlib.crc32(repr(list(taken)).encode()))


def _definition(drawn: DrawnAsset) -> AssetsDefinition:
    names = [f"x{at}" for at in range(len(drawn.takes))]

    def function(**inputs: Any) -> Any:
        return _value(drawn, [inputs[name] for name in names])

    function.__name__ = drawn.key.path[-1]
    vars(function)["__signature__"] = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    )
    return asset(
        key=drawn.key,
        ins={name: AssetIn(key=key) for name, key in zip(names, drawn.takes, strict=True)},
        deps=list(drawn.waits_for),
    )(function)


@st.composite
def asset_graphs(draw: st.DrawFn, *, max_size: int = 8) -> DrawnAssets:
    """
    Draw a graph of assets.

    Args:
        draw: Given by hypothesis.
        max_size: At most so many assets.
    """
    members: list[DrawnAsset] = []
    for number in range(draw(st.integers(1, max_size))):
        prefix = draw(st.sampled_from([[], ["raw"], ["deep", "down"]]))
        earlier = [each.key for each in members]
        before = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=4)) if earlier else []
        taken = draw(st.integers(0, len(before)))
        members.append(DrawnAsset(AssetKey([*prefix, f"asset{number}"]), tuple(before[:taken]), tuple(before[taken:])))
    return DrawnAssets(tuple(members))
