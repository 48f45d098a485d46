"""
Damage between decision and load, as a law: what is wanted is made again, and nothing else runs.

Graphs of assets, files of which any are deleted or overwritten, and steps of which any are forced; the decision does not
look at the files, as if they were damaged after it.
"""

import os
import random
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.plan import plan_materialization
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


def drawn(chance: random.Random, share: float) -> frozenset[int]:
    return frozenset(number for number in range(SIZE) if chance.random() < share)


def restless(number: int, parents: frozenset[int], moods: list[int], ran: list[int]) -> Any:
    """Return an asset that adds its mood, which its code does not tell, to the sum of its parents."""

    @asset(name=f"a{number}", ins={f"x{each}": AssetIn(f"a{each}") for each in parents}, code_version="1")
    def function(**values: int) -> int:
        ran.append(number)
        return sum(values.values()) + moods[number]

    return function


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_what_stands_on_a_value_that_was_made_again_with_other_content_is_made_too_or_named(seed: int) -> None:
    """
    Each step runs once at most; the next plan runs what the run named, and what stands on that, and no more.

    Drawn by a seed: small sets, which are tried first otherwise, leave nothing to find.
    """
    chance = random.Random(seed)
    graph = [frozenset(chance.randrange(n) for _ in range(chance.randint(1, 3)) if n) for n in range(SIZE)]
    gone, moody, forced = drawn(chance, 0.5), drawn(chance, 0.6), drawn(chance, 0.3) - {0}
    ran: list[int] = []
    moods = [100**number for number in range(SIZE)]
    assets = [restless(number, parents, moods, ran) for number, parents in enumerate(graph)]
    trusting = CachePolicy(verify="none")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, Instance.local_temp(folder) as instance:
        materialize(assets, instance=instance)
        for number in gone:
            (Path(instance.storage_directory()) / f"a{number}.pickle").unlink()
        for number in moody:
            moods[number] += 1
        ran.clear()
        force = [f"a{number}" for number in forced]
        result = materialize(assets, instance=instance, reuse=trusting, force=" or ".join(force) if force else False)
        assert result.success
        assert len(set(ran)) == len(ran)
        lines = [each.event_log_entry.user_message for each in instance.get_records_for_run(result.run_id).records]
        told = next((each for each in lines if each.startswith("These were made, or used")), None)
        named = set() if told is None else set(told.partition("content: ")[2].partition(".")[0].split(", "))
        plan = plan_materialization(assets, instance=instance, reuse=trusting)
        changed = {
            step.step_key
            for step in plan.steps
            if any(reason.kind == "input_changed" for reason in step.decision.reasons)
        }
        assert named == changed
        below = {number for number, parents in enumerate(graph) if any(f"a{each}" in named for each in parents)}
        for name in named:
            children = {number for number in below if int(name[1:]) in graph[number]}
            assert int(name[1:]) in ran or children & set(ran)  # it was made, or loaded, and cannot be decided anew
        for number in range(SIZE):
            there = all(each in ran or each not in gone for each in (number, *graph[number]))
            if there and not changed and (number not in moody or number in ran):
                value = result.output_for_node(f"a{number}")
                assert value == sum(result.output_for_node(f"a{each}") for each in graph[number]) + moods[number]
