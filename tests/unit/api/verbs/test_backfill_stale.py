"""``which="stale"``: what is out of date by the records of the honest cache, and nothing that is good."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import orrery as og
from orrery.api.verbs.backfill import request_backfill
from orrery.base.errors import InvalidConfigError
from orrery.runtime.instance import Instance

LETTERS = og.StaticPartitionsDefinition(["a", "b", "c"])


def value_of(letter: str) -> int:
    """Return what the world outside gives for a letter: no code, so that nobody sees it change."""
    return int(os.environ[f"VALUE_OF_{letter}"])


def project(factor: int = 2, cache: og.CachePolicy | None = None) -> og.Definitions:
    """Return a project in which ``part`` and ``double`` are cut by letter, and ``total`` takes all."""

    @og.asset(partitions_def=LETTERS)
    def part(context: og.AssetExecutionContext) -> int:
        return value_of(context.partition_key)

    @og.asset(partitions_def=LETTERS, cache=cache)
    def double(part: int) -> int:
        return part * factor

    @og.asset
    def total(double: dict[str, int]) -> int:
        return sum(double.values())

    return og.Definitions(assets=[part, double, total])


@pytest.fixture(params=["in memory", "on disk"])
def instance(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    for number, letter in enumerate("abc"):
        monkeypatch.setenv(f"VALUE_OF_{letter}", str(number))
    made = Instance.ephemeral() if request.param == "in memory" else Instance.local_temp(str(tmp_path))
    with made:
        yield made


def stale(defs: og.Definitions, instance: Instance, selection: str = "*", **given: Any) -> dict[str, list[str]]:
    plan = og.plan_backfill(defs, selection, which="stale", instance=instance, **given)
    return {key.to_user_string(): list(subset) for key, subset in plan.targets.items()}


def test_what_is_current_is_left_alone_and_what_is_missing_is_made(instance: Instance) -> None:
    og.backfill(project(), "part", partitions="a,b", instance=instance)
    assert stale(project(), instance, "part") == {"part": ["c"]}
    og.backfill(project(), instance=instance)
    assert stale(project(), instance) == {}


def test_changed_code_makes_all_of_its_asset_stale_and_what_needs_it(instance: Instance) -> None:
    """Without any code_version; what stands before it is good."""
    og.backfill(project(2), instance=instance)
    assert stale(project(3), instance) == {"double": ["a", "b", "c"], "total": [""]}


def test_a_policy_that_ignores_code_is_heard(instance: Instance) -> None:
    policy = og.CachePolicy(on_code="ignore")
    og.backfill(project(2, policy), instance=instance)
    assert stale(project(3, policy), instance) == {}


def test_a_partition_that_was_made_again_with_the_same_value_changes_nothing_below(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    og.backfill(project(), instance=instance)
    og.backfill(project(), "part", partitions="b", which="all", instance=instance)
    assert stale(project(), instance) == {}
    monkeypatch.setenv("VALUE_OF_b", "20")
    og.backfill(project(), "part", partitions="b", which="all", instance=instance)
    assert stale(project(), instance) == {"double": ["b"], "total": [""]}
    result = og.backfill(project(), which="stale", instance=instance)
    assert result.made("double") == ["b"]
    assert stale(project(), instance) == {}


def test_another_config_makes_what_it_is_of_stale(instance: Instance) -> None:
    @og.asset(partitions_def=LETTERS, config_schema={"add": og.Field(int, default_value=0)})
    def shifted(context: og.AssetExecutionContext) -> int:
        return value_of(context.partition_key) + int(context.op_config["add"])

    defs = og.Definitions(assets=[shifted])
    one = {"ops": {"shifted": {"config": {"add": 1}}}}
    og.backfill(defs, instance=instance, run_config=one)
    assert stale(defs, instance, run_config=one) == {}
    assert stale(defs, instance) == {"shifted": ["a", "b", "c"]}
    with pytest.raises(InvalidConfigError):
        stale(defs, instance, run_config={"ops": {"shifted": {"config": {"ad": 1}}}})


def test_of_what_nothing_is_recorded_the_version_of_the_code_counts(instance: Instance) -> None:
    """Materializations that were reported, and not made here, tell no more."""

    @og.asset(partitions_def=LETTERS, code_version="2")
    def reported() -> None: ...

    defs = og.Definitions(assets=[reported])
    for key, version in {"a": "1", "b": "2"}.items():
        event = og.AssetMaterialization("reported", partition=key, tags={"orrery/code_version": version})
        instance.report_runless_asset_event(event)
    assert stale(defs, instance) == {"reported": ["a", "c"]}


def test_partitions_made_by_one_run_are_left_alone(instance: Instance) -> None:
    @og.asset(partitions_def=LETTERS, backfill_policy=og.BackfillPolicy.single_run())
    def first(context: og.AssetExecutionContext) -> dict[str, int]:
        return {key: value_of(key) for key in context.partition_keys}

    @og.asset(partitions_def=LETTERS, backfill_policy=og.BackfillPolicy.single_run())
    def second(first: dict[str, int]) -> dict[str, int]:
        return first

    defs = og.Definitions(assets=[first, second])
    og.backfill(defs, instance=instance)
    assert stale(defs, instance) == {}


class TestWhatIsTaken:
    """What takes other partitions than it took is out of date, though nothing that it needs is newer."""

    def test_a_key_that_is_gone(self, instance: Instance) -> None:
        cities = og.DynamicPartitionsDefinition(name="cities")

        @og.asset(partitions_def=cities)
        def city() -> int:
            return 1

        @og.asset
        def guide(city: dict[str, int]) -> list[str]:
            return sorted(city)

        defs = og.Definitions(assets=[city, guide])
        instance.add_dynamic_partitions("cities", ["oslo", "rome"])
        og.backfill(defs, instance=instance)
        assert stale(defs, instance) == {}
        instance.delete_dynamic_partition("cities", "oslo")
        assert stale(defs, instance) == {"guide": [""]}
        og.backfill(defs, which="stale", instance=instance)
        assert stale(defs, instance) == {}

    def mapped(self, mapping: og.PartitionMapping, deps: list[str]) -> og.Definitions:
        @og.asset
        def plain() -> int:
            return 1

        @og.asset(partitions_def=LETTERS)
        def part(context: og.AssetExecutionContext) -> str:
            return str(context.partition_key)

        @og.asset(ins={"part": og.AssetIn(partition_mapping=mapping)}, deps=deps, partitions_def=LETTERS)
        def of_some(part: object) -> None: ...

        return og.Definitions(assets=[plain, part, of_some])

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (["a"], ["b"]),
            (["a", "c"], ["b", "c"]),  # as many, and the one that was made last is among them
            (["a", "b"], ["a"]),
            (None, ["a"]),
            (["a"], None),
        ],
    )
    def test_another_mapping(self, instance: Instance, before: list[str] | None, after: list[str] | None) -> None:
        def mapping(keys: list[str] | None) -> og.PartitionMapping:
            return og.IdentityPartitionMapping() if keys is None else og.SpecificPartitionsPartitionMapping(keys)

        og.backfill(self.mapped(mapping(before), []), instance=instance)
        assert stale(self.mapped(mapping(before), []), instance) == {}
        same = ["a"] if None in (before, after) else []  # for this one it comes to the same
        found = stale(self.mapped(mapping(after), []), instance)
        assert found == {"of_some": [each for each in "abc" if each not in same]}

    def test_what_no_longer_depends_on_another(self, instance: Instance) -> None:
        identity = og.IdentityPartitionMapping()
        og.backfill(self.mapped(identity, ["plain"]), instance=instance)
        assert stale(self.mapped(identity, ["plain"]), instance) == {}
        assert stale(self.mapped(identity, []), instance) == {"of_some": ["a", "b", "c"]}

    def test_an_input_whose_latest_run_was_deleted(self, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        defs = project()
        og.backfill(defs, instance=instance)
        monkeypatch.setenv("VALUE_OF_b", "20")
        made = og.backfill(defs, "part", partitions="b", which="all", instance=instance)
        og.backfill(defs, which="stale", instance=instance)
        assert stale(defs, instance) == {}
        instance.delete_run(made.runs[0].run_id)
        assert stale(defs, instance).get("double") == ["b"]


class TestItsOwnYesterday:
    """What needs its own partition before is out of date with it."""

    @staticmethod
    def project(number: int) -> og.Definitions:
        yesterday = og.TimeWindowPartitionMapping(
            start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True
        )

        @og.asset(
            partitions_def=og.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05"),
            ins={"total": og.AssetIn(partition_mapping=yesterday)},
        )
        def total(total: int | None) -> int:
            return min((total or 0) + number, 7)

        return og.Definitions(assets=[total])

    def test_what_other_code_made_first_is_made_after_what_it_needs(self, instance: Instance) -> None:
        og.backfill(self.project(1), instance=instance)
        defs = self.project(2)
        og.materialize([*defs.assets], instance=instance, partition_key="2024-01-02", reuse=True)
        assert stale(defs, instance) == {"total": [f"2024-01-0{day}" for day in (1, 2, 3, 4)]}
        og.backfill(defs, which="stale", instance=instance)
        values = [
            defs.load_asset_value("total", instance=instance, partition_key=f"2024-01-0{day}") for day in range(1, 5)
        ]
        assert values == [2, 4, 6, 7]
        assert stale(defs, instance) == {}

    def test_the_days_after_one_that_was_made_again(self, instance: Instance) -> None:
        defs = self.project(2)
        og.backfill(defs, instance=instance)
        og.backfill(defs, partitions="2024-01-02", which="all", instance=instance)
        assert stale(defs, instance) == {}
        instance.wipe_asset_partitions(og.AssetKey("total"), ["2024-01-02"])
        assert stale(defs, instance) == {"total": ["2024-01-02", "2024-01-03", "2024-01-04"]}
        result = og.backfill(defs, which="stale", instance=instance)
        assert result.made("total") == ["2024-01-02"]
        assert result.current("total") == ["2024-01-03", "2024-01-04"]


@pytest.mark.parametrize("which", ["missing", "stale"])
def test_what_can_only_be_made_together_is(instance: Instance, which: str) -> None:
    """Of one of the two a partition is missing; what takes the other waits for it, too."""

    @og.multi_asset(outs={"left": og.AssetOut(), "right": og.AssetOut()}, partitions_def=LETTERS)
    def both() -> tuple[int, int]:
        return 1, 2

    @og.asset(partitions_def=LETTERS)
    def of_left(left: int) -> int:
        return left

    defs = og.Definitions(assets=[both, of_left])
    og.backfill(defs, instance=instance)
    instance.wipe_asset_partitions(og.AssetKey("right"), ["b"])
    result = og.backfill(defs, which=which, instance=instance)
    assert [result.made(name) for name in ("left", "right", "of_left")] == [["b"], ["b"], []]
    assert result.current("of_left") == (["b"] if which == "stale" else [])
    assert stale(defs, instance) == {}


class TestSources:
    """What lies outside is looked at, and what was observed counts, as for a run with reuse."""

    MADE_FROM_PROBES = (
        og.AssetSpec("rate", probe=lambda: str(value_of("a"))),
        og.AssetSpec("part", partitions_def=LETTERS, probe=lambda letter: str(value_of(letter))),
    )

    def project(self, *sources: Any) -> og.Definitions:
        @og.asset(deps=["rate"], partitions_def=LETTERS)
        def rated() -> None: ...

        @og.asset(deps=["part"], partitions_def=LETTERS)
        def double() -> None: ...

        @og.asset(deps=[og.AssetDep("part", partition_mapping=og.SpecificPartitionsPartitionMapping(["b", "c"]))])
        def some() -> None: ...

        return og.Definitions(assets=[*sources, rated, double, some])

    def test_what_follows_from_a_probe_that_tells_another_version_is_made(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        defs = self.project(*self.MADE_FROM_PROBES)
        og.backfill(defs, instance=instance)
        assert stale(defs, instance) == {}
        monkeypatch.setenv("VALUE_OF_a", "9")
        assert stale(defs, instance) == {"rated": ["a", "b", "c"], "double": ["a"]}
        assert stale(defs, instance, partitions="b", partitions_of="rated") == {"rated": ["b"]}
        og.backfill(defs, which="stale", instance=instance)
        monkeypatch.setenv("VALUE_OF_c", "9")
        assert stale(defs, instance) == {"double": ["c"], "some": [""]}
        assert og.backfill(defs, which="stale", instance=instance).counts.made == 2
        assert stale(defs, instance) == {}

    def test_what_another_run_saw_first_is_not_lost(self, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        defs = self.project(*self.MADE_FROM_PROBES)
        og.backfill(defs, instance=instance)
        monkeypatch.setenv("VALUE_OF_b", "9")
        og.backfill(defs, "some", which="stale", instance=instance)
        assert stale(defs, instance) == {"double": ["b"]}

    def test_what_was_observed_counts(self, instance: Instance) -> None:
        seen = {"a": "1", "b": "1", "c": "1"}

        @og.observable_source_asset
        def rate() -> og.DataVersion:
            return og.DataVersion(seen["a"])

        @og.observable_source_asset(partitions_def=LETTERS)
        def part() -> og.DataVersionsByPartition:
            return og.DataVersionsByPartition(seen)

        def look() -> None:
            for each in (rate, part):
                og.observe([each], instance=instance)

        defs = self.project(rate, part)
        look()
        og.backfill(defs, instance=instance)
        look()
        assert stale(defs, instance) == {}
        seen["a"] = "2"
        look()
        assert stale(defs, instance) == {"rated": ["a", "b", "c"], "double": ["a"]}

    def test_a_probe_that_fails_keeps_it_from_beginning(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        defs = self.project(*self.MADE_FROM_PROBES)
        og.backfill(defs, instance=instance)
        monkeypatch.delenv("VALUE_OF_b")
        with pytest.raises(og.ProbeFailedError, match="'part', partition 'b'"):
            stale(defs, instance)
        assert stale(defs, instance, "rated") == {}

    def test_a_policy_that_ignores_sources_is_heard(self, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        @og.asset(deps=["rate"], partitions_def=LETTERS, cache=og.CachePolicy(sources="ignore"))
        def rated() -> None: ...

        defs = og.Definitions(assets=[self.MADE_FROM_PROBES[0], rated])
        og.backfill(defs, instance=instance)
        monkeypatch.setenv("VALUE_OF_a", "9")
        assert stale(defs, instance) == {}


class TestWhatIsCurrentWhenItsTurnComes:
    """What needs what is made now is planned, and left alone where that turns out the same."""

    def test_only_what_an_other_value_reaches_is_made(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        og.backfill(rounded(1), instance=instance)
        monkeypatch.setenv("VALUE_OF_c", "14")
        assert stale(rounded(2), instance)["double"] == ["a", "b", "c"]
        result = og.backfill(rounded(2), which="stale", instance=instance)
        assert (result.made("part"), result.current("part")) == (["a", "b", "c"], [])
        assert (result.made("double"), result.current("double")) == (["c"], ["a", "b"])
        assert (result.made("total"), result.current("total")) == ([""], [])
        assert result.counts == (3 + 1 + 3 + 1, 2, 0, 0, 0)
        assert instance.get_latest_materialization_event(og.AssetKey("total")) is not None
        assert stale(rounded(2), instance) == {}

    def test_all_that_follows_is_left_alone_where_nothing_is_another(self, instance: Instance) -> None:
        og.backfill(rounded(1), instance=instance)
        result = og.backfill(rounded(2), which="stale", instance=instance)
        assert result.success
        assert result.current("double") == ["a", "b", "c"]
        assert result.current("total") == [""]
        assert len(instance.fetch_materializations(og.AssetKey("double"), limit=100).records) == 3

    def test_what_was_left_alone_has_not_failed_where_another_asset_of_its_run_has(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        og.backfill(rounded(1), instance=instance)
        monkeypatch.setenv("DOUBT", "b")
        failed = og.backfill(rounded(2), "part or double or doubted", which="stale", instance=instance)
        assert not failed.success
        assert failed.failed("double") == []
        assert failed.current("double") == ["a", "b", "c"]
        assert failed.failed("doubted") == ["b"]
        monkeypatch.delenv("DOUBT")
        again = og.retry_backfill(failed.backfill_id, rounded(2), instance=instance)
        assert again.success
        assert again.made("doubted") == ["a", "b", "c"]

    def test_other_backfills_make_all_that_they_were_asked_for(self, instance: Instance) -> None:
        og.backfill(rounded(1), instance=instance)
        result = og.backfill(rounded(1), which="all", instance=instance)
        assert result.made("double") == ["a", "b", "c"]

    def test_it_is_so_after_a_stop(self, instance: Instance) -> None:
        """What is recorded of the backfill says it."""
        og.backfill(rounded(1), instance=instance)
        asked = request_backfill(
            og.plan_backfill(rounded(2), which="stale", instance=instance), rounded(2), instance=instance
        )
        result = og.resume_backfill(asked.backfill_id, rounded(2), instance=instance)
        assert result.current("double") == ["a", "b", "c"]


def rounded(version: int) -> og.Definitions:
    """Return a project in which another version of ``part`` gives, as a rule, the same."""

    @og.asset(partitions_def=LETTERS, code_version=str(version))
    def part(context: og.AssetExecutionContext) -> int:
        return value_of(context.partition_key) // 10

    @og.asset(partitions_def=LETTERS)
    def double(part: int) -> int:
        return part * 2

    @og.asset(partitions_def=LETTERS, code_version=str(version))
    def doubted(context: og.AssetExecutionContext, double: int) -> int:
        if context.partition_key == os.environ.get("DOUBT"):
            raise ValueError("no")
        return double

    @og.asset
    def total(double: dict[str, int]) -> int:
        return sum(double.values())

    return og.Definitions(assets=[part, double, doubted, total])
