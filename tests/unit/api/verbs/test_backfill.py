"""``backfill``: many partitions, in the right order, each once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import orrery as og
from orrery.api.verbs.backfill_driver import RunNews
from orrery.base.errors import (
    BackfillNotFoundError,
    InvalidConfigError,
    InvalidInvocationError,
    InvalidSubsetError,
    InvariantViolationError,
    UnknownPartitionError,
)
from orrery.model.records.backfill import BackfillRunState, BackfillStatus
from orrery.runtime.instance import Instance

DAYS = og.DailyPartitionsDefinition("2013-01-01", end_date="2013-03-01")
MONTHS = og.MonthlyPartitionsDefinition("2013-01-01", end_date="2013-03-01")

BAD: set[str] = set()
"""Days on which ``daily`` fails."""


@og.asset(partitions_def=DAYS)
def daily(context: og.AssetExecutionContext) -> int:
    if context.partition_key in BAD:
        raise ValueError(f"no data of {context.partition_key}")
    return int(context.partition_key[-2:])


@og.asset(partitions_def=DAYS)
def doubled(daily: int) -> int:
    return 2 * daily


@og.asset(partitions_def=MONTHS)
def monthly(doubled: dict[str, int]) -> int:
    return sum(doubled.values())


@og.asset
def report(monthly: dict[str, int]) -> dict[str, int]:
    return monthly


DEFS = og.Definitions(assets=[daily, doubled, monthly, report])


@pytest.fixture(params=["in memory", "on disk"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Instance]:
    BAD.clear()
    made = Instance.ephemeral() if request.param == "in memory" else Instance.local_temp(str(tmp_path))
    with made:
        yield made
    BAD.clear()


def materializations(instance: Instance, key: str) -> list[str]:
    found = instance.fetch_materializations(og.AssetKey(key), limit=1000).records
    return sorted(record.partition_key or "" for record in found)


def test_all_is_made_once_in_the_right_order(instance: Instance) -> None:
    """Across days, months and the whole; assets that are cut alike share runs."""
    news: list[RunNews] = []
    result = og.backfill(DEFS, instance=instance, tell=news.append)
    assert result.success
    assert result.counts == (59 + 59 + 2 + 1, 0, 0, 0, 0)
    assert materializations(instance, "daily") == list(DAYS.get_partition_keys())
    assert materializations(instance, "doubled") == list(DAYS.get_partition_keys())
    assert materializations(instance, "report") == [""]
    assert len(news) == 59 + 2 + 1
    assert (news[-1].ended, news[-1].all) == (121, 121)
    january = 2 * sum(range(1, 32))
    assert DEFS.load_asset_value("report", instance=instance)["2013-01-01"] == january


def test_runs_bear_the_id_of_the_backfill(instance: Instance) -> None:
    result = og.backfill(DEFS, "daily", partitions="2013-01-01...2013-01-02", instance=instance, tags={"team": "x"})
    runs = instance.get_runs(og.RunsFilter.for_backfill(result.backfill_id))
    assert {run.tags["orrery/partition"] for run in runs} == {"2013-01-01", "2013-01-02"}
    assert {run.run_id for run in runs} == {run.run_id for run in result.runs}
    assert all(run.tags["team"] == "x" for run in runs)


def test_what_is_made_is_left_alone(instance: Instance) -> None:
    og.backfill(DEFS, "daily", partitions="2013-01-03", instance=instance)
    og.backfill(DEFS, "daily", partitions="2013-01-01...2013-01-05", instance=instance)
    assert materializations(instance, "daily") == [f"2013-01-0{day}" for day in range(1, 6)]
    assert og.plan_backfill(DEFS, "daily", partitions="2013-01-01...2013-01-05", instance=instance).size == 0


def test_a_failure_leaves_alone_what_does_not_need_it(instance: Instance) -> None:
    BAD.add("2013-01-10")
    result = og.backfill(DEFS, instance=instance)
    assert not result.success
    assert result.backfill.status is BackfillStatus.FAILURE
    assert result.failed("daily") == ["2013-01-10"]
    assert result.made("monthly") == ["2013-02-01"]
    assert result.counts == (58 + 58 + 1, 0, 2, 2, 0)  # January and the report wait


def test_retry_makes_what_failed_and_nothing_else(instance: Instance) -> None:
    BAD.update(["2013-01-10", "2013-01-12"])
    failed = og.backfill(DEFS, instance=instance)
    before = len(failed.runs)
    BAD.clear()
    result = og.retry_backfill(failed.backfill_id, DEFS, instance=instance)
    assert result.success
    assert len(result.runs) - before == 2 + 1 + 1
    assert materializations(instance, "daily") == list(DAYS.get_partition_keys())
    assert materializations(instance, "monthly") == ["2013-01-01", "2013-02-01"]
    with pytest.raises(InvariantViolationError, match="nothing to retry"):
        og.retry_backfill(failed.backfill_id, DEFS, instance=instance)


def test_failed_ones_are_chosen_in_another_backfill_too(instance: Instance) -> None:
    BAD.update(["2013-01-10"])
    og.backfill(DEFS, "daily", instance=instance)
    BAD.clear()
    plan = og.plan_backfill(DEFS, "daily", which="failed", instance=instance)
    assert list(plan.targets[og.AssetKey("daily")]) == ["2013-01-10"]


def test_stale_are_those_that_other_code_made_and_what_follows(instance: Instance) -> None:
    def project(version: str) -> og.Definitions:
        @og.asset(partitions_def=DAYS, code_version=version)
        def coded() -> int:
            return int(version)

        @og.asset(partitions_def=DAYS)
        def after(coded: int) -> int:
            return coded

        return og.Definitions(assets=[coded, after])

    og.backfill(project("1"), partitions="2013-01-01...2013-01-05", instance=instance)
    og.backfill(project("2"), "coded", partitions="2013-01-04...2013-01-05", which="all", instance=instance)
    plan = og.plan_backfill(project("2"), partitions="2013-01-01...2013-01-05", which="stale", instance=instance)
    days = [f"2013-01-0{day}" for day in range(1, 6)]
    assert {key.to_user_string(): list(subset) for key, subset in plan.targets.items()} == {
        "coded": days[:3],
        "after": days,
    }


def test_failed_are_all_partitions_of_a_range_that_failed(instance: Instance) -> None:
    lost = {"all"}

    @og.asset(partitions_def=DAYS, backfill_policy=og.BackfillPolicy.single_run())
    def ranged(context: og.AssetExecutionContext) -> dict[str, int]:
        if lost:
            raise ValueError("no data")
        return dict.fromkeys(context.partition_keys, 1)

    defs = og.Definitions(assets=[ranged])
    og.backfill(defs, partitions="2013-01-03...2013-01-06", instance=instance)
    plan = og.plan_backfill(defs, which="failed", instance=instance)
    assert list(plan.targets[og.AssetKey("ranged")]) == [f"2013-01-0{day}" for day in range(3, 7)]
    lost.clear()
    again = og.backfill(defs, which="failed", instance=instance)
    assert len(again.made("ranged")) == 4
    assert og.plan_backfill(defs, which="failed", instance=instance).size == 0


def test_runs_go_on_at_once_as_many_as_asked_for(instance: Instance) -> None:
    """Each of three waits for the two others; a fourth would break the count."""
    together = threading.Barrier(3, timeout=60)
    going: list[int] = []
    most: list[int] = []

    @og.asset(partitions_def=og.StaticPartitionsDefinition([str(number) for number in range(9)]))
    def meeting(context: og.AssetExecutionContext) -> int:
        going.append(1)
        most.append(len(going))
        together.wait()
        going.pop()
        return int(context.partition_key)

    defs = og.Definitions(assets=[meeting])
    result = og.backfill(defs, instance=instance, max_concurrent=3)
    assert result.success
    assert len(result.made("meeting")) == 9
    assert max(most) <= 3
    assert len(instance.get_runs()) == 9


def test_failures_of_runs_at_once_leave_the_others(instance: Instance) -> None:
    BAD.update(["2013-01-10", "2013-01-20"])
    result = og.backfill(DEFS, "daily", instance=instance, max_concurrent=4)
    assert result.failed("daily") == ["2013-01-10", "2013-01-20"]
    assert result.counts.made == 57


def test_no_runs_at_once_are_refused(instance: Instance) -> None:
    with pytest.raises(og.InvalidInvocationError, match="max_concurrent is 0"):
        og.backfill(DEFS, "daily", instance=instance, max_concurrent=0)
    assert instance.backfills.get_backfills() == []


def test_a_cancelled_backfill_begins_no_further_run(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orrery.api.verbs.backfill_driver._LOOK_SECONDS", 0.0)
    seen: list[RunNews] = []

    def cancel_at_the_third(news: RunNews) -> None:
        seen.append(news)
        if len(seen) == 3:
            (known,) = instance.backfills.get_backfills([BackfillStatus.STARTED])
            og.cancel_backfill(known.backfill_id, instance=instance)

    result = og.backfill(DEFS, "daily", instance=instance, tell=cancel_at_the_third)
    assert result.backfill.status is BackfillStatus.CANCELED
    assert len(materializations(instance, "daily")) == 3
    with pytest.raises(InvariantViolationError, match="is finished"):
        og.resume_backfill(result.backfill_id, DEFS, instance=instance)
    assert og.retry_backfill(result.backfill_id, DEFS, instance=instance).success
    assert materializations(instance, "daily") == list(DAYS.get_partition_keys())


def test_an_interrupted_backfill_goes_on(instance: Instance) -> None:
    """What was cut short is made again, what was done is not."""

    def interrupt(news: RunNews) -> None:
        if news.ended == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        og.backfill(DEFS, "daily", instance=instance, tell=interrupt)
    (known,) = instance.backfills.get_backfills()
    assert known.status is BackfillStatus.STARTED
    result = og.resume_backfill(known.backfill_id, DEFS, instance=instance)
    assert result.success
    assert materializations(instance, "daily") == list(DAYS.get_partition_keys())


def test_an_interrupted_backfill_is_cancelled_at_once(instance: Instance) -> None:
    def interrupt(_: RunNews) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        og.backfill(DEFS, "daily", instance=instance, tell=interrupt)
    (known,) = instance.backfills.get_backfills()
    assert og.cancel_backfill(known.backfill_id, instance=instance).status is BackfillStatus.CANCELED
    states = {run.state for run in instance.backfills.get_backfill_runs(known.backfill_id)}
    assert BackfillRunState.REQUESTED not in states


def test_only_one_works_on_a_backfill(instance: Instance) -> None:
    def go_on(news: RunNews) -> None:
        (known,) = instance.backfills.get_backfills()
        with pytest.raises(InvariantViolationError, match="is worked on by"):
            og.resume_backfill(known.backfill_id, DEFS, instance=instance)

    assert og.backfill(DEFS, "daily", partitions="2013-01-01", instance=instance, tell=go_on).success


@og.asset(partitions_def=DAYS, backfill_policy=og.BackfillPolicy.single_run())
def at_once(context: og.AssetExecutionContext) -> None:
    context.log.info(str(context.partition_key_range))


def test_a_policy_of_one_run_makes_one_run(instance: Instance) -> None:
    result = og.backfill(og.Definitions(assets=[at_once]), instance=instance)
    (run,) = result.runs
    assert (run.start, run.end) == ("2013-01-01", "2013-02-28")
    assert materializations(instance, "at_once") == list(DAYS.get_partition_keys())


def test_checks_run_with_their_assets(instance: Instance) -> None:
    @og.asset_check(asset=daily, partitions_def=DAYS)
    def positive(daily: int) -> og.AssetCheckResult:
        return og.AssetCheckResult(passed=daily > 0)

    defs = og.Definitions(assets=[daily], asset_checks=[positive])
    result = og.backfill(defs, partitions="2013-01-01", instance=instance)
    log = instance.all_logs(result.runs[0].run_id, og.EventType.ASSET_CHECK_EVALUATION)
    assert len(log) == 1


ODD_KEYS = ["..", "a'b\"c", "x' OR '1'='1", "\U0001f600", "a|b", "k" * 300, "CON", " "]


def test_dynamic_partitions_are_those_that_the_instance_has(instance: Instance) -> None:
    """Keys that come later are missing, and made by the next backfill."""

    @og.asset(partitions_def=og.DynamicPartitionsDefinition(name="files"))
    def file(context: og.AssetExecutionContext) -> str:
        return context.partition_key

    defs = og.Definitions(assets=[file])
    instance.add_dynamic_partitions("files", ["a", "b"])
    assert og.backfill(defs, instance=instance).made("file") == ["a", "b"]
    instance.add_dynamic_partitions("files", ["c"])
    assert og.backfill(defs, instance=instance).made("file") == ["c"]
    assert og.backfill(defs, partitions="a,b", which="all", instance=instance).made("file") == ["a", "b"]


CITIES = og.DynamicPartitionsDefinition(name="cities")
FOUND = ["rome"]
"""The cities that ``cities`` finds."""


@og.asset
def cities(context: og.AssetExecutionContext) -> list[str]:
    if "atlantis" in FOUND:
        raise ValueError("the atlas was wet")
    context.instance.add_dynamic_partitions("cities", FOUND)
    return FOUND


@og.asset(partitions_def=CITIES, deps=[cities])
def weather(context: og.AssetExecutionContext) -> str:
    if context.partition_key in BAD:
        raise ValueError("no weather")
    return f"sun over {context.partition_key}"


@og.asset(partitions_def=CITIES)
def clothes(weather: str) -> str:
    return f"hat for {weather}"


@og.asset
def guide(clothes: dict[str, str]) -> list[str]:
    return sorted(clothes)


ATLAS = og.Definitions(assets=[cities, weather, clothes, guide])


@pytest.mark.parametrize("at_once", [1, 3])
def test_partitions_that_are_found_on_the_way_are_made(instance: Instance, at_once: int) -> None:
    """Nothing that needs them all is made before they are known."""
    FOUND[:] = ["rome", "oslo"]
    news: list[RunNews] = []
    result = og.backfill(ATLAS, instance=instance, tell=news.append, max_concurrent=at_once)
    assert result.success
    assert result.counts == (1 + 2 + 2 + 1, 0, 0, 0, 0)
    assert [news[0].run.asset_keys, news[-1].run.asset_keys] == [(cities.key,), (guide.key,)]
    assert (news[-1].ended, news[-1].all) == (6, 6)
    assert materializations(instance, "clothes") == ["oslo", "rome"]
    assert materializations(instance, "guide") == [""]
    assert og.plan_backfill(ATLAS, instance=instance).size == 0


def test_discover_looks_again_and_makes_what_is_new(instance: Instance) -> None:
    FOUND[:] = ["rome"]
    assert og.backfill(ATLAS, "cities or weather", instance=instance).success
    FOUND[:] = ["rome", "lima"]
    result = og.backfill(ATLAS, "cities or weather", instance=instance, discover=True)
    assert result.made("weather") == ["lima"]
    assert materializations(instance, "cities") == ["", ""]
    assert materializations(instance, "weather") == ["lima", "rome"]


def test_a_failed_discovery_blocks_what_needs_all_and_is_retried(instance: Instance) -> None:
    FOUND[:] = ["atlantis"]
    failed = og.backfill(ATLAS, instance=instance)
    assert failed.counts == (0, 0, 1, 1, 0)
    FOUND[:] = ["rome", "oslo"]
    BAD.add("oslo")
    partly = og.retry_backfill(failed.backfill_id, ATLAS, instance=instance)
    assert (partly.made("weather"), partly.failed("weather")) == (["rome"], ["oslo"])
    assert partly.made("clothes") == ["rome"]  # in the same runs as the weather
    assert partly.counts == (3, 0, 2, 1, 0)
    BAD.clear()
    assert og.retry_backfill(failed.backfill_id, ATLAS, instance=instance).success
    assert materializations(instance, "cities") == [""]
    assert materializations(instance, "weather") == ["oslo", "rome"]


def test_what_was_found_before_a_crash_is_made_after_it(instance: Instance) -> None:
    """The keys are looked up again, wherever it was cut short."""
    FOUND[:] = ["rome", "oslo", "lima"]

    def interrupt(news: RunNews) -> None:
        if news.ended in (1, 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        og.backfill(ATLAS, instance=instance, tell=interrupt)
    (known,) = instance.backfills.get_backfills()
    with pytest.raises(KeyboardInterrupt):
        og.resume_backfill(known.backfill_id, ATLAS, instance=instance, tell=interrupt)
    result = og.resume_backfill(known.backfill_id, ATLAS, instance=instance)
    assert result.success
    assert result.counts.made == 8
    assert materializations(instance, "weather") == ["lima", "oslo", "rome"]


def test_one_dimension_of_several_may_be_found(instance: Instance) -> None:
    """And all found ones may be made in one run."""
    kinds = og.StaticPartitionsDefinition(["wind", "rain"])
    cut = og.MultiPartitionsDefinition({"city": CITIES, "kind": kinds})
    FOUND[:] = ["rome", "oslo"]
    instance.add_dynamic_partitions("cities", ["lima"])

    @og.asset(partitions_def=cut, deps=[cities], backfill_policy=og.BackfillPolicy.single_run())
    def measured(context: og.AssetExecutionContext) -> dict[str, int]:
        return {key: len(key) for key in context.partition_keys}

    defs = og.Definitions(assets=[cities, measured])
    result = og.backfill(defs, instance=instance)
    assert result.success
    assert len(result.made("measured")) == 6
    assert len(result.runs) == 2


def test_nothing_to_discover_is_told(instance: Instance) -> None:
    for options in ({"selection": "weather"}, {"selection": "guide"}, {"which": "failed"}):
        with pytest.raises(InvalidInvocationError, match="nothing to discover"):
            og.plan_backfill(ATLAS, instance=instance, discover=True, **options)


def test_odd_keys_are_data(instance: Instance) -> None:
    """As keys of partitions and, two by two, of dimensions: none meets another."""
    odd = og.StaticPartitionsDefinition(ODD_KEYS)
    grid = og.MultiPartitionsDefinition({"one": odd, "other": odd})

    @og.asset(partitions_def=odd)
    def keyed(context: og.AssetExecutionContext) -> str:
        return context.partition_key

    @og.asset(partitions_def=grid)
    def crossed(context: og.AssetExecutionContext) -> str:
        return repr(context.partition_key.keys_by_dimension)  # type: ignore[attr-defined]  # a key of two dimensions

    defs = og.Definitions(assets=[keyed, crossed])
    assert og.backfill(defs, instance=instance).success
    assert materializations(instance, "keyed") == sorted(ODD_KEYS)
    assert [defs.load_asset_value("keyed", instance=instance, partition_key=key) for key in ODD_KEYS] == ODD_KEYS
    crosses = grid.get_partition_keys()
    assert materializations(instance, "crossed") == sorted(crosses)
    assert [defs.load_asset_value("crossed", instance=instance, partition_key=key) for key in crosses] == [
        repr(key.keys_by_dimension) for key in crosses
    ]


def test_bad_input_is_told_before_anything_runs(instance: Instance) -> None:
    with pytest.raises(UnknownPartitionError, match="2013-13-01"):
        og.backfill(DEFS, "daily", partitions="2013-13-01", instance=instance)
    with pytest.raises(InvalidSubsetError, match=r"which='mising'.*\n.*missing"):
        og.backfill(DEFS, "daily", which="mising", instance=instance)
    with pytest.raises(InvalidConfigError):
        og.backfill(DEFS, "daily", run_config={"opps": {}}, instance=instance)
    with pytest.raises(BackfillNotFoundError, match="no backfill 'nope'"):
        og.resume_backfill("nope", DEFS, instance=instance)
    assert instance.backfills.get_backfills() == []


def test_other_partitions_than_when_it_was_asked_for_are_told(instance: Instance) -> None:
    def interrupt(_: RunNews) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        og.backfill(DEFS, "daily", instance=instance, tell=interrupt)
    (known,) = instance.backfills.get_backfills()

    @og.asset(name="daily", partitions_def=og.StaticPartitionsDefinition(["a"]))
    def otherwise() -> int:
        return 1

    with pytest.raises(InvariantViolationError, match="'daily' has other partitions"):
        og.resume_backfill(known.backfill_id, og.Definitions(assets=[otherwise]), instance=instance)
