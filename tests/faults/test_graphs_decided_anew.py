"""Stored values that are found damaged in runs with graphs of ops, and with dynamic outputs: what is made again, and what is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery import AssetIn, CachePolicy, DynamicOut, DynamicOutput, Instance, asset, graph_asset, materialize, op

TRUSTING = CachePolicy(verify="none")
TOLD = {"STEP_START", "STEP_UP_FOR_RETRY", "STEP_FAILURE", "STEP_SUCCESS", "STEP_SKIPPED"}
MADE_AGAIN = ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
NAMED = "These were made, or used as they were stored, before an input of theirs was found damaged"


class World:
    """``base`` is what the world is like; ``probe`` finds it damaged; ``middle`` was current; ``top`` waits for both."""

    def __init__(self, base: str = "plain", middle: str = "plain", top: str = "plain", aside: bool = False) -> None:
        self.now = 1
        self.assets: list[Any] = [
            self._made("base", base, []),
            self._made("middle", middle, ["base"]),
            self._made("probe", "plain", ["base"]),
            self._made("top", top, ["middle", "probe"]),
        ]
        if aside:
            self.assets.append(self._made("aside", "dynamic", []))

    def _made(self, name: str, kind: str, above: list[str]) -> Any:
        def value(*given: int) -> int:
            return sum(given) * 10 if above else self.now

        ins = {each: AssetIn() for each in above}
        return {"plain": _plain, "graph": _graph, "late": _late, "dynamic": _dynamic}[kind](name, ins, value)

    def values(self) -> dict[str, int]:
        base = self.now
        return {"base": base, "middle": base * 10, "probe": base * 10, "top": base * 200}


def _plain(name: str, ins: dict[str, AssetIn], value: Any) -> Any:
    @asset(name=name, ins=ins, code_version="1")
    def made(**given: int) -> int:
        return int(value(*given.values()))

    return made


def _graph(name: str, ins: dict[str, AssetIn], value: Any) -> Any:
    """Its first op takes what the asset takes."""

    @op(code_version="1")
    def first(given: list[int]) -> int:
        return int(value(*given))

    @op(code_version="1")
    def second(number: int) -> int:
        return number

    @op(code_version="1")
    def alone() -> int:
        return int(value())

    return graph_asset(name=name, ins=ins)(_taking(ins, lambda given: second(first(given) if given else alone())))


def _late(name: str, ins: dict[str, AssetIn], value: Any) -> Any:
    """Its last op takes what the asset takes."""

    @op(code_version="1")
    def nought() -> int:
        return 0

    @op(code_version="1")
    def last(number: int, given: list[int]) -> int:
        return int(value(*given)) + number

    return graph_asset(name=name, ins=ins)(_taking(ins, lambda given: last(nought(), given)))


def _dynamic(name: str, ins: dict[str, AssetIn], value: Any) -> Any:
    """Its first op takes what the asset takes, and gives it in two pieces."""

    @op(out=DynamicOut(int), code_version="1")
    def split(given: list[int]) -> Iterator[DynamicOutput[int]]:
        yield DynamicOutput(int(value(*given)) - 1, mapping_key="most")
        yield DynamicOutput(1, mapping_key="one")

    @op(out=DynamicOut(int), code_version="1")
    def alone() -> Iterator[DynamicOutput[int]]:
        yield DynamicOutput(int(value()), mapping_key="all")

    @op(code_version="1")
    def each(number: int) -> int:
        return number

    @op(code_version="1")
    def join(numbers: list[int]) -> int:
        return sum(numbers)

    return graph_asset(name=name, ins=ins)(
        _taking(ins, lambda given: join((split(given) if given else alone()).map(each).collect()))
    )


def _taking(ins: dict[str, AssetIn], compose: Any) -> Any:
    """Return a function with a parameter for each input; *compose* gets them in a list."""
    if not ins:
        return lambda: compose([])
    if len(ins) == 1:
        return lambda base: compose([base])
    return lambda middle, probe: compose([middle, probe])


def story(result: Any, step: str) -> list[str]:
    return [e.event_type_value for e in result.all_events if e.step_key == step and e.event_type_value in TOLD]


def started(result: Any) -> set[str]:
    return {e.step_key.partition(".")[0] for e in result.all_events if e.event_type_value == "STEP_START"}


def run(world: World, instance: Instance, **options: Any) -> Any:
    return materialize(
        world.assets,
        instance=instance,
        raise_on_error=False,
        **{"on_event": lambda entry: None, "reuse": True, **options},
    )


def spoil(instance: Instance, name: str) -> None:
    (Path(instance.storage_directory()) / f"{name}.pickle").write_bytes(b"garbage")


def named(instance: Instance, result: Any) -> list[str]:
    told = [each.event_log_entry.user_message for each in instance.get_records_for_run(result.run_id).records]
    return [each for each in told if NAMED in each]


def check(world: World, result: Any) -> None:
    assert result.success
    assert {name: result.output_for_node(name) for name in world.values()} == world.values()


SHAPES = [
    pytest.param({"middle": "graph"}, id="a graph"),
    pytest.param({"middle": "late"}, id="a graph whose last op takes it"),
    pytest.param({"middle": "dynamic"}, id="a graph with a dynamic output"),
    pytest.param({"middle": "graph", "top": "dynamic"}, id="a graph above one with a dynamic output"),
    pytest.param({"aside": True}, id="a dynamic output elsewhere in the run"),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("base", ["plain", "graph"])
def test_what_stands_on_other_content_is_named_and_made_by_the_next_run(base: str, shape: dict[str, Any]) -> None:
    """Whether it has to be made again is not decided in the same run, where a graph or a dynamic output is at hand."""
    world = World(base=base, **shape)
    with Instance.local_temp() as instance:
        assert run(world, instance).success
        spoil(instance, "base")
        world.now = 2
        result = run(world, instance, reuse=TRUSTING, force="probe or top")
        assert result.success
        assert "base" in started(result) and "middle" not in started(result)
        assert result.output_for_node("probe") == 20
        (told,) = named(instance, result)
        assert "with other content: middle. The next run" in told
        after = run(world, instance)
        check(world, after)
        assert started(after) == {"middle", "top"}
        assert not started(run(world, instance))


@pytest.mark.parametrize("shape", SHAPES)
def test_of_equal_content_nothing_is_named(shape: dict[str, Any]) -> None:
    world = World(**shape)
    with Instance.local_temp() as instance:
        assert run(world, instance).success
        spoil(instance, "base")
        result = run(world, instance, reuse=TRUSTING, force="probe")
        assert story(result, "base") == MADE_AGAIN
        assert started(result) == {"base", "probe"}
        assert not named(instance, result)
        assert not started(run(world, instance))


@pytest.mark.parametrize("aside", [False, True], ids=["alone", "beside a dynamic output"])
@pytest.mark.parametrize("middle", ["graph", "late"])
def test_the_value_of_a_graph_is_made_again_by_all_its_ops(middle: str, aside: bool) -> None:
    """What its ops gave each other is that of another run, and of no use here."""
    world = World(middle=middle, aside=aside)
    with Instance.local_temp() as instance:
        assert run(world, instance).success
        spoil(instance, "middle")
        result = run(world, instance, reuse=TRUSTING, force="top")
        check(world, result)
        assert started(result) == {"middle", "top"}
        assert story(result, "top") == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", "STEP_SUCCESS"]
        assert not started(run(world, instance))


def test_the_value_of_a_graph_with_a_dynamic_output_is_made_by_the_next_run() -> None:
    """The error says so."""
    world = World(middle="dynamic")
    with Instance.local_temp() as instance:
        assert run(world, instance).success
        spoil(instance, "middle")
        result = run(world, instance, reuse=TRUSTING, force="top")
        assert story(result, "top") == ["STEP_START", "STEP_FAILURE"]
        told = next(event for event in result.all_events if event.is_step_failure).step_failure_data.error.to_string()
        assert "`orrery materialize middle --reuse`" in told
        after = run(world, instance)
        check(world, after)
        assert started(after) == {"middle"}
