"""
Define assets and plan the run of all of them: define_and_plan.py MODULE SHAPE N.

A few assets have been defined and planned before the watch starts, so that no side pays here for modules it loads late;
which asset takes which is drawn before, too.
"""

import random
from typing import Any

from common_api import StopWatch, asset_job, execution_plan, run


def chain(n: int) -> list[list[int]]:
    """Each asset takes the one before it."""
    return [[i - 1] if i else [] for i in range(n)]


def fan(n: int) -> list[list[int]]:
    """All assets take the first one."""
    return [[0] if i else [] for i in range(n)]


def layers(n: int) -> list[list[int]]:
    """Layers as wide as deep; each asset takes five random ones of the layer above."""
    chance = random.Random(7)
    width = max(10, int(n**0.5))
    return [
        chance.sample(range(start, start + width), 5) if (start := (i // width - 1) * width) >= 0 else []
        for i in range(n)
    ]


def define(og: Any, parents: list[list[int]]) -> list[Any]:
    """Return an asset for each list of the numbers of its parents."""
    asset, asset_in = og.asset, og.AssetIn
    return [_asset(asset, asset_in, number, above) for number, above in enumerate(parents)]


def _asset(asset: Any, asset_in: Any, number: int, parents: list[int]) -> Any:
    ins = {letter: asset_in(f"asset_{parent}") for letter, parent in zip("abcde", parents, strict=False)}
    if len(parents) == 0:

        def compute():
            return 1
    elif len(parents) == 1:

        def compute(a):
            return a
    else:

        def compute(a, b, c, d, e):
            return a + b + c + d + e

    return asset(name=f"asset_{number}", ins=ins)(compute)


def main(og: Any, shape: str, count: str) -> None:
    watch = StopWatch()
    n = int(count)
    parents = {"chain": chain, "fan": fan, "layers": layers}[shape](n)
    execution_plan(og, asset_job(og, define(og, layers(30))))
    with watch.part("total"):
        with watch.part("define"):
            assets = define(og, parents)
        with watch.part("plan"):
            plan = execution_plan(og, asset_job(og, assets))
    steps = plan.get_steps() if hasattr(plan, "get_steps") else plan.steps
    assert len(list(steps)) == n, len(list(steps))
    watch.report()


if __name__ == "__main__":
    run(main)
