"""
Damage between decision and load, as a law: what is wanted is made again, and nothing else runs.

Graphs of assets, files of which any are deleted or overwritten, and steps of which any are forced; the decision does not
look at the files, as if they were damaged after it.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.api.verbs.materialize import materialize
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.runtime.instance.instance import Instance

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a folder of its own is made there
SIZE = 6


def made(number: int, parents: frozenset[int], ran: list[int]) -> Any:
    """Return an asset that adds one to the sum of its parents."""

    @asset(name=f"a{number}", ins={f"x{each}": AssetIn(f"a{each}") for each in parents}, code_version="1")
    def function(**values: int) -> int:
        ran.append(number)
        return sum(values.values()) + 1

    return function


graphs = st.tuples(
    *(st.frozensets(st.integers(0, n - 1), max_size=2) if n else st.just(frozenset()) for n in range(SIZE))
)
chosen = st.frozensets(st.integers(0, SIZE - 1))


@settings(max_examples=40)
@given(graphs, chosen, chosen, chosen)
def test_what_is_found_damaged_is_made_again_and_nothing_else_runs(
    graph: tuple[frozenset[int], ...], gone: frozenset[int], altered: frozenset[int], forced: frozenset[int]
) -> None:
    """All that runs was forced, or its value was wanted by what ran; each runs once, and every value is right."""
    ran: list[int] = []
    assets = [made(number, parents, ran) for number, parents in enumerate(graph)]
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, Instance.local_temp(folder) as instance:
        first = materialize(assets, instance=instance)
        right = [first.output_for_node(f"a{number}") for number in range(SIZE)]
        for number in altered:
            (Path(instance.storage_directory()) / f"a{number}.pickle").write_bytes(b"garbage")
        for number in gone:
            (Path(instance.storage_directory()) / f"a{number}.pickle").unlink()
        ran.clear()
        force = [f"a{number}" for number in forced]
        result = materialize(
            assets, instance=instance, reuse=CachePolicy(verify="none"), force=" or ".join(force) if force else False
        )
        assert result.success
        expected, waiting = set(forced), list(forced)
        while waiting:
            for parent in graph[waiting.pop()]:
                if parent in gone | altered and parent not in expected:
                    expected.add(parent)
                    waiting.append(parent)
        assert sorted(ran) == sorted(expected)
        for number in expected:
            assert result.output_for_node(f"a{number}") == right[number]
