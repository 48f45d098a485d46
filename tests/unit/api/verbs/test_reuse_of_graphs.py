"""Assets that a graph of ops makes: which of the ops run again, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery import (
    AssetIn,
    AssetOut,
    CachePolicy,
    Config,
    DailyPartitionsDefinition,
    Definitions,
    DynamicOut,
    DynamicOutput,
    In,
    Instance,
    Nothing,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    config_mapping,
    define_asset_job,
    execute_job,
    graph,
    graph_asset,
    graph_multi_asset,
    materialize,
    observable_source_asset,
    op,
    plan_materialization,
    reconstructable,
)
from orrery.api.verbs.plan import accept_materializations
from orrery.base.errors import DamagedValueError, InvalidDefinitionError
from orrery.model.events.data_version import DataVersion

LIMIT = [1]
FACTOR = [2]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk; the constants that ops read are what they were."""
    LIMIT[:], FACTOR[:] = [1], [2]
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


def run(assets: list[Any], instance: Instance, **options: Any) -> list[str]:
    """Materialize with reuse and return the steps that ran."""
    options.setdefault("reuse", True)
    result = materialize(assets, instance=instance, on_event=lambda entry: None, **options)
    assert result.success
    return [each.step_key or "" for each in result.all_events if each.event_type_value == "STEP_START"]


def reasons(assets: list[Any], instance: Instance, **options: Any) -> dict[str, str]:
    """Return what a plan says of each asset."""
    plan = plan_materialization(assets, instance=instance, **options)
    return {name: step.decision.told for step in plan.steps for name in step.assets}


@asset
def left() -> int:
    return 1


@asset
def right() -> int:
    return 2


@op
def plus_limit(x: int) -> int:
    return x + LIMIT[0]


@op
def times(x: int, y: int) -> int:
    return x * y * FACTOR[0]


@graph_asset
def joined(left: int, right: int) -> int:
    return times(plus_limit(left), right)


@asset
def below(joined: int) -> int:
    return joined + 1


CHAIN = [left, right, joined, below]


def test_what_is_current_is_skipped_with_all_of_its_ops(instance: Instance) -> None:
    """And what follows loads the stored value."""
    assert run(CHAIN, instance) == ["left", "right", "joined.plus_limit", "joined.times", "below"]
    assert run(CHAIN, instance) == []
    (told,) = {each.partition(":")[0] for each in reasons(CHAIN, instance).values()}
    assert told == "current"
    assert plan_materialization(CHAIN, instance=instance).is_current
    assert run(CHAIN, instance, selection=[below], reuse=False) == ["below"]
    assert run(CHAIN, instance, selection=[joined]) == []


def test_without_a_policy_it_runs_and_what_it_is_made_from_is_recorded(instance: Instance) -> None:
    """So that a later run with reuse knows."""
    assert run(CHAIN, instance, reuse=False) == run(CHAIN, instance, reuse=False)
    assert run(CHAIN, instance) == []


def test_code_that_an_op_reaches_is_its_code(instance: Instance) -> None:
    """Of the first op or the last; the reason names it."""
    run(CHAIN, instance)
    FACTOR[0] = 3
    assert "FACTOR" in reasons(CHAIN, instance)["joined"]
    assert run(CHAIN, instance) == ["joined.plus_limit", "joined.times", "below"]
    LIMIT[0] = 4
    assert "LIMIT" in reasons(CHAIN, instance)["joined"]
    assert run(CHAIN, instance) == ["joined.plus_limit", "joined.times", "below"]


def test_another_way_to_join_the_same_ops_is_other_code(instance: Instance) -> None:
    """Though they reach the same functions."""

    def made(swapped: bool) -> list[Any]:
        @op
        def minus(x: int, y: int) -> int:
            return x - y

        @graph_asset
        def difference(left: int, right: int) -> int:
            return minus(right, left) if swapped else minus(left, right)

        return [left, right, difference]

    run(made(False), instance)
    assert run(made(False), instance) == []
    assert reasons(made(True), instance)["difference"] == "code changed: how its ops are joined"
    assert run(made(True), instance) == ["difference.minus"]


@pytest.mark.parametrize("changed", [1, 5])
def test_an_input_that_comes_late_counts_for_the_first_op_too(instance: Instance, changed: int) -> None:
    """It waits for all that its asset takes; the same version again makes nothing run, another all of it."""

    def made(deep: int) -> list[Any]:
        @asset
        def early() -> int:
            return 1

        @asset
        def slow(early: int) -> int:
            return deep

        @asset
        def late(slow: int) -> int:
            return slow % 4

        @graph_asset
        def both(early: int, late: int) -> int:
            return times(plus_limit(early), late)

        return [early, slow, late, both]

    run(made(1), instance)
    ran = run(made(changed + 4), instance)
    assert ran == ["slow", "late"]  # 5 % 4 and 9 % 4 are 1 again
    assert run(made(changed + 5), instance) == ["slow", "late", "both.plus_limit", "both.times"]


def test_with_a_failed_input_nothing_of_it_is_made(instance: Instance) -> None:
    """What waited for the input is not launched for nothing twice."""
    fails = [False]

    @asset
    def late(left: int) -> int:
        if fails[0]:
            raise ValueError("no")
        return 3

    @graph_asset
    def both(left: int, late: int) -> int:
        return times(plus_limit(left), late)

    assets = [left, late, both]
    run(assets, instance)
    fails[0] = True
    result = materialize(assets, instance=instance, reuse=True, raise_on_error=False)
    assert not result.success
    assert [each.step_key for each in result.all_events if each.event_type_value == "STEP_SUCCESS"] == []
    fails[0] = False
    assert run(assets, instance) == []


def test_only_what_leads_to_an_asset_that_is_out_of_date_runs(instance: Instance) -> None:
    """Of a graph that makes several."""

    @graph_multi_asset(outs={"one": AssetOut(), "two": AssetOut()}, can_subset=True)
    def several(left: int, right: int) -> dict[str, Any]:
        shared = plus_limit(left)
        return {"one": times(shared, right), "two": plus_limit.alias("again")(shared)}

    assets = [left, right, several]
    run(assets, instance)
    FACTOR[0] = 5
    assert run(assets, instance) == ["several.plus_limit", "several.times"]
    (Path(instance.storage_directory()) / "two.pickle").unlink()
    assert run(assets, instance) == ["several.plus_limit", "several.again"]
    FACTOR[0] = 6
    assert run(assets, instance, selection=["two"]) == []
    assert run(assets, instance, selection=["one"]) == ["several.plus_limit", "several.times"]


def test_an_op_from_which_no_asset_comes_counts_too(instance: Instance) -> None:
    """It runs when the asset is made, and when it changed itself."""
    told: list[int] = []

    @op
    def tells(x: int) -> None:
        told.append(x + FACTOR[0])

    @graph_asset
    def noted(left: int) -> int:
        value = plus_limit(left)
        tells(value)
        return value

    assert sorted(run([left, noted], instance)) == ["left", "noted.plus_limit", "noted.tells"]
    assert run([left, noted], instance) == []
    FACTOR[0] = 9
    assert run([left, noted], instance) == ["noted.plus_limit", "noted.tells"]
    assert told == [4, 11]


def test_dynamic_outputs_inside(instance: Instance) -> None:
    """What was never multiplied is not missed."""

    @op(out=DynamicOut())
    def fan(n: int) -> Iterator[DynamicOutput[int]]:
        for number in range(n):
            yield DynamicOutput(number, str(number))

    @op
    def gather(xs: list[int]) -> int:
        return sum(xs)

    @graph_asset
    def mapped(right: int) -> int:
        return gather(fan(right).map(plus_limit).collect())

    @asset
    def last(mapped: int) -> int:
        return mapped

    assets = [right, mapped, last]
    steps = ["mapped.fan", "mapped.plus_limit[0]", "mapped.plus_limit[1]", "mapped.gather"]
    assert run(assets, instance) == ["right", *steps, "last"]
    assert run(assets, instance) == []
    LIMIT[0] = 2
    assert run(assets, instance) == [*steps, "last"]
    (Path(instance.storage_directory()) / "mapped.pickle").write_bytes(b"garbage")
    options: dict[str, Any] = {"reuse": CachePolicy(verify="none"), "force": ["last"]}
    with pytest.raises(DamagedValueError, match="orrery materialize mapped --reuse"):  # not in this run, and not half
        run(assets, instance, **options)
    assert run(assets, instance) == steps


def test_nested_graphs_and_config(instance: Instance) -> None:
    """Config that a mapping hands down is that of the asset; the reason names the op within."""

    class Much(Config):
        much: int = 1

    @op
    def add(config: Much, x: int) -> int:
        return x + config.much

    @graph
    def inner(x: int) -> Any:
        return add(plus_limit(x))

    @config_mapping(config_schema={"much": int})
    def handed(value: dict[str, int]) -> dict[str, Any]:
        return {"inner": {"ops": {"add": {"config": {"much": value["much"] * 10}}}}}

    @graph_asset(config=handed)
    def configured(left: int) -> Any:
        return inner(left)

    assets = [left, configured]

    def config(much: int) -> dict[str, Any]:
        return {"run_config": {"ops": {"configured": {"config": {"much": much}}}}}

    assert run(assets, instance, **config(1)) == ["left", "configured.inner.plus_limit", "configured.inner.add"]
    assert run(assets, instance, **config(1)) == []
    assert reasons(assets, instance, **config(2))["configured"] == (
        "config changed: inner.add.config.much was 10, is 20"
    )
    assert run(assets, instance, **config(2)) == ["configured.inner.plus_limit", "configured.inner.add"]


def test_versions_that_people_give(instance: Instance) -> None:
    """Of the asset: it says all. Of an op: it stands for the code of this op."""

    def made(of_asset: str | None, of_op: str | None, limit: int) -> list[Any]:
        @op(code_version=of_op)
        def counts(x: int) -> int:
            return x + limit

        @graph_asset(code_version=of_asset)
        def counted(left: int) -> int:
            return plus_limit(counts(left))

        return [left, counted]

    run(made("1", None, 1), instance)
    assert run(made("1", None, 2), instance) == []
    assert run(made("2", None, 2), instance) == ["counted.counts", "counted.plus_limit"]
    run(made(None, "1", 2), instance)
    assert run(made(None, "1", 3), instance) == []
    assert run(made(None, "2", 3), instance) == ["counted.counts", "counted.plus_limit"]
    LIMIT[0] = 7
    assert run(made(None, "2", 3), instance) == ["counted.counts", "counted.plus_limit"]


def test_a_policy_of_its_own(instance: Instance) -> None:
    """As for any other asset, without a word of the run."""

    @graph_asset(cache=CachePolicy())
    def kept(left: int) -> int:
        return plus_limit(left)

    @graph_multi_asset(outs={"one": AssetOut()}, cache=CachePolicy(ttl=0))
    def expired(left: int) -> dict[str, Any]:
        return {"one": plus_limit(left)}

    assets = [left, kept, expired]
    run(assets, instance, reuse=False)
    assert run(assets, instance, reuse=False) == ["left", "expired.plus_limit"]
    assert run(assets, instance, reuse=False, selection=[kept]) == []
    with pytest.raises(InvalidDefinitionError, match=r"@graph_asset\(cache=60\)"):
        graph_asset(cache=60)(lambda: plus_limit())  # type: ignore[call-overload]


def test_forced_and_always(instance: Instance) -> None:
    """By name, and by policy."""
    run(CHAIN, instance)
    assert run(CHAIN, instance, force=["joined"]) == ["joined.plus_limit", "joined.times"]
    assert run(CHAIN, instance, reuse=CachePolicy(salt="a")) == [
        "left",
        "right",
        "joined.plus_limit",
        "joined.times",
        "below",
    ]


def test_a_value_that_turns_out_to_be_damaged_is_made_again_with_all_of_its_ops(instance: Instance) -> None:
    """In the run that had skipped them: what they hand on inside of the graph was never stored for this run."""
    run(CHAIN, instance)
    (Path(instance.storage_directory()) / "joined.pickle").write_bytes(b"garbage")
    ran = run(CHAIN, instance, reuse=CachePolicy(verify="none"), force=["below"])
    assert ran == ["below", "joined.plus_limit", "joined.times", "below"]
    assert run(CHAIN, instance) == []


def test_it_is_accepted_after_a_cosmetic_change(instance: Instance) -> None:
    """Like any other asset."""
    run(CHAIN, instance)
    FACTOR.append(0)
    plan = plan_materialization(CHAIN, instance=instance)
    assert "FACTOR" in {name: step.decision.told for step in plan.steps for name in step.assets}["joined"]
    assert accept_materializations(instance, plan) == ("joined",)
    assert run(CHAIN, instance) == []


DAYS = DailyPartitionsDefinition("2026-01-01", end_date="2026-01-05")


def test_partitions(instance: Instance) -> None:
    """Each has its own inputs, by the mapping."""
    value = {"2026-01-01": 1, "2026-01-02": 2}

    @asset(partitions_def=DAYS)
    def daily(context: Any) -> int:
        return value[context.partition_key]

    @op
    def both_days(days: dict[str, int]) -> int:
        return sum(days.values())

    @graph_asset(
        partitions_def=DAYS, ins={"daily": AssetIn(partition_mapping=TimeWindowPartitionMapping(start_offset=-1))}
    )
    def two_days(daily: dict[str, int]) -> int:
        return both_days(daily)

    assets = [daily, two_days]
    for day in value:
        materialize([daily], instance=instance, partition_key=day)
    options: dict[str, Any] = {"partition_key": "2026-01-02", "selection": [two_days]}
    assert run(assets, instance, **options) == ["two_days.both_days"]
    assert run(assets, instance, **options) == []
    value["2026-01-01"] = 5
    materialize([daily], instance=instance, partition_key="2026-01-01")
    assert run(assets, instance, **options) == ["two_days.both_days"]
    assert run(assets, instance, **options) == []


def test_partitions_of_an_asset_in_a_list_of_values_are_an_obstacle(instance: Instance) -> None:
    """Nobody can tell which are taken; of assets without partitions their versions are."""
    keys = StaticPartitionsDefinition(["a", "b"])

    @asset(partitions_def=keys)
    def piece() -> int:
        return 1

    @op
    def together(values: list[Any]) -> int:
        return len(values)

    def made(source: Any, **options: Any) -> Any:
        @graph_asset(ins={"first": AssetIn(source.key), "second": AssetIn("right")}, **options)
        def gathered(first: Any, second: Any) -> int:
            return together([first, second])

        return gathered

    plain = [left, right, made(left)]
    run(plain, instance)
    assert run(plain, instance) == []
    values = [[1], [2]]

    @asset(key="left")
    def other() -> list[int]:
        return values[0]

    assert run([other, right, made(other)], instance) == ["left", "gathered.together"]
    materialize([right], instance=instance)
    materialize([piece], instance=instance, partition_key="a")
    parted = [piece, right, made(piece, partitions_def=keys)]
    assert reasons(parted, instance, partition_key="a")["gathered"] == (
        "it cannot be skipped: nobody can tell which partitions of an input its graph takes"
    )


def test_an_order_alone_is_an_input_too(instance: Instance) -> None:
    """As for other assets, whose `deps` count."""
    version = ["1"]

    @observable_source_asset
    def outside() -> DataVersion:
        return DataVersion(version[0])

    @op(ins={"start": In(Nothing)})
    def begins() -> int:
        return 1

    @graph_asset(ins={"start": AssetIn("outside", dagster_type=Nothing)})
    def after(start: Any) -> int:
        return begins(start)

    run([outside, after], instance)
    assert run([outside, after], instance) == []


@op
def plus_one(x: int) -> int:
    return x + 1


@graph_asset
def counted_up(left: int) -> int:
    return plus_one(plus_one.alias("first")(left))


UP = Definitions(assets=[left, counted_up], jobs=[define_asset_job("up", "*", tags=CachePolicy().as_tags())])


def up() -> Any:
    return UP.resolve_job_def("up")


def test_steps_in_processes_of_their_own(instance: Instance) -> None:
    """Decided by the run, wherever they are carried out."""
    found = []
    for _ in range(2):
        with execute_job(reconstructable(up), instance=instance) as result:
            assert result.success
            found.append([each.step_key for each in result.all_events if each.event_type_value == "STEP_START"])
    assert found == [["left", "counted_up.first", "counted_up.plus_one"], []]
