"""Runs that use again what is current: what runs, what is skipped, and what is recorded."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from tests.support.reusing import ran, run

from orrery.adapters.io.parquet import ParquetIOManager
from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.plan import plan_materialization
from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.unresolved_asset_job import define_asset_job
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.parts.io_manager import IOManager
from orrery.definitions.project.definitions import Definitions
from orrery.model.config.pythonic import Config
from orrery.model.events.data_version import DataVersion
from orrery.model.events.user import AssetMaterialization, AssetObservation, MaterializeResult, Output
from orrery.runtime.instance.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk, and forget what ran."""
    ran.clear()
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


def chain(factor: int = 2, base: int = 1) -> list[Any]:
    """Return three assets, each of the one before."""

    @asset
    def first() -> int:
        ran.append("first")
        return base

    @asset
    def second(first: int) -> int:
        ran.append("second")
        return first * factor

    @asset
    def third(second: int) -> int:
        ran.append("third")
        return second + 1

    return [first, second, third]


def test_nothing_runs_where_nothing_changed(instance: Instance) -> None:
    """All three are skipped, and say so."""
    assert run(chain(), instance) == ["first", "second", "third"]
    assert run(chain(), instance) == []


def test_without_reuse_all_that_is_asked_for_runs(instance: Instance) -> None:
    """As always."""
    run(chain(), instance)
    assert run(chain(), instance, reuse=False) == ["first", "second", "third"]


def test_a_run_without_reuse_is_as_good_as_one_with(instance: Instance) -> None:
    """What it made is recorded."""
    run(chain(), instance, reuse=False)
    assert run(chain(), instance) == []


def test_a_change_runs_what_it_touches_and_what_follows(instance: Instance) -> None:
    """What comes before does not run."""
    run(chain(), instance)
    assert run(chain(factor=3), instance) == ["second", "third"]
    assert run(chain(factor=3), instance) == []


def test_what_follows_is_skipped_where_the_value_is_the_same(instance: Instance) -> None:
    """Twice two is two times two: an early cut-off."""
    run(chain(factor=2, base=2), instance)
    assert run(chain(factor=2, base=2), instance, force="first") == ["first"]
    assert run(chain(factor=4, base=1), instance) == ["first", "second"]


def test_force_runs_all_or_a_selection(instance: Instance) -> None:
    """Whatever is current."""
    run(chain(), instance)
    assert run(chain(), instance, force=True) == ["first", "second", "third"]
    assert run(chain(), instance, force="second*") == ["second", "third"]


def test_a_value_that_is_gone_is_made_again(instance: Instance) -> None:
    """What follows is not."""
    run(chain(), instance)
    os.remove(os.path.join(instance.storage_directory(), "second.pickle"))
    assert run(chain(), instance) == ["second"]


def test_a_damaged_value_is_made_again_where_the_policy_looks(instance: Instance) -> None:
    """By its digest."""
    run(chain(), instance)
    path = Path(instance.storage_directory()) / "second.pickle"
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    assert run(chain(), instance, reuse=CachePolicy(verify="digest")) == ["second"]


def test_an_asset_follows_its_own_policy(instance: Instance) -> None:
    """Also where the run says nothing; one without a policy runs."""

    @asset(cache=CachePolicy(), op_tags={"team": "a"})
    def kept() -> int:
        ran.append("kept")
        return 1

    @asset(op_tags=CachePolicy(always=True).as_tags())
    def never_kept() -> int:
        ran.append("never_kept")
        return 1

    @asset
    def plain() -> int:
        ran.append("plain")
        return 1

    everything = [kept, never_kept, plain]
    assert sorted(run(everything, instance, reuse=False)) == ["kept", "never_kept", "plain"]
    assert sorted(run(everything, instance, reuse=False)) == ["never_kept", "plain"]
    assert sorted(run(everything, instance)) == ["never_kept"]


def test_a_policy_that_is_none_and_two_policies_are_refused() -> None:
    """Where the asset is declared, and in its words."""
    wrong: Any = 60
    with pytest.raises(InvalidDefinitionError, match=r"cache=60"):
        asset(cache=wrong)(lambda: 1)
    with pytest.raises(InvalidDefinitionError, match="another one by the tag orrery/cache"):
        asset(cache=CachePolicy(), op_tags=CachePolicy(ttl=1).as_tags())(lambda: 1)
    with pytest.raises(InvalidDefinitionError, match=r"define_asset_job\(cache=60\): that is no policy"):
        define_asset_job("nightly", cache=wrong)
    with pytest.raises(InvalidDefinitionError, match=r"define_asset_job .* by the tag orrery/cache in run_tags"):
        define_asset_job("nightly", cache=CachePolicy(), run_tags=CachePolicy().as_tags())


def test_the_assets_of_one_function_follow_its_policy(instance: Instance) -> None:
    """They are skipped together, and run together where the value of one is gone."""

    @multi_asset(outs={"left": AssetOut(), "right": AssetOut()}, cache=CachePolicy(), op_tags={"team": "a"})
    def both() -> tuple[int, int]:
        ran.append("both")
        return 1, 2

    assert both.op.tags["team"] == "a"
    assert run([both], instance, reuse=False) == ["both"]
    assert run([both], instance, reuse=False) == []
    (Path(instance.storage_directory()) / "right.pickle").unlink()
    assert run([both], instance, reuse=False) == ["both"]


@pytest.mark.parametrize("tags", [{}, {"tags": {"team": "a"}}, {"run_tags": {"team": "a"}}])
def test_the_runs_of_a_job_follow_its_policy(instance: Instance, tags: dict[str, Any]) -> None:
    """Where an asset has none of its own."""

    @asset
    def plain() -> int:
        return 1

    @asset(cache=CachePolicy(always=True))
    def never_kept() -> int:
        return 1

    made = define_asset_job("nightly", [plain, never_kept], cache=CachePolicy(), **tags)
    job = Definitions(assets=[plain, never_kept], jobs=[made]).resolve_job_def("nightly")
    skipped = []
    for _ in range(2):
        result = job.execute_in_process(instance=instance)
        skipped.append([event.step_key for event in result.all_events if event.is_step_skipped])
        assert result.dagster_run.tags.get("team") == ("a" if tags else None)
    assert skipped == [[], ["plain"]]


class Limits(Config):
    """Config of an asset."""

    limit: int = 3


def test_config_counts_with_its_defaults(instance: Instance) -> None:
    """Saying the default is no change."""

    @asset
    def limited(config: Limits) -> int:
        ran.append("limited")
        return config.limit

    def config(limit: int) -> dict[str, Any]:
        return {"ops": {"limited": {"config": {"limit": limit}}}}

    assert run([limited], instance) == ["limited"]
    assert run([limited], instance, run_config=config(3)) == []
    assert run([limited], instance, run_config=config(4)) == ["limited"]
    assert run([limited], instance, run_config=config(4)) == []


def test_a_source_counts_by_what_was_observed(instance: Instance) -> None:
    """Unless the policy ignores it."""

    class Anything(IOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            raise NotImplementedError

        def load_input(self, context: Any) -> int:
            return 7

    source = SourceAsset("outside", io_manager_key="anything")

    @asset
    def reader(outside: int) -> int:
        ran.append("reader")
        return outside

    def read(**options: Any) -> list[str]:
        return run([reader, source], instance, resources={"anything": Anything()}, **options)

    assert read() == ["reader"]
    assert read() == []
    instance.report_runless_asset_event(AssetObservation("outside", tags={"orrery/data_version": "2"}))
    assert read(reuse=CachePolicy(sources="ignore")) == []
    assert read() == ["reader"]
    assert read() == []


def test_an_asset_that_stores_itself_is_new_after_each_run_unless_it_gives_a_version(instance: Instance) -> None:
    """Nobody else knows what it wrote."""

    def assets(version: str | None) -> list[Any]:
        @asset
        def written() -> MaterializeResult[Any]:
            ran.append("written")
            return MaterializeResult(data_version=None if version is None else DataVersion(version))

        @asset(deps=[written])
        def after() -> int:
            ran.append("after")
            return 1

        return [written, after]

    assert run(assets(None), instance) == ["written", "after"]
    assert run(assets(None), instance) == []
    assert run(assets(None), instance, force="written") == ["written", "after"]
    run(assets("v1"), instance)
    assert run(assets("v1"), instance, force="written") == ["written"]


def test_assets_of_one_function_run_together(instance: Instance) -> None:
    """If one of them is gone, both are made."""

    @multi_asset(outs={"left": AssetOut(), "right": AssetOut()})
    def both() -> tuple[int, int]:
        ran.append("both")
        return 1, 2

    assert run([both], instance) == ["both"]
    assert run([both], instance) == []
    os.remove(os.path.join(instance.storage_directory(), "right.pickle"))
    assert run([both], instance) == ["both"]


def test_equal_tables_have_equal_versions(instance: Instance, tmp_path: Path) -> None:
    """Those of Parquet files by their bytes."""
    import pandas as pd

    @asset
    def table() -> pd.DataFrame:
        ran.append("table")
        return pd.DataFrame({"a": [1, 2], "b": ["x", None]})

    @asset
    def rows(table: pd.DataFrame) -> int:
        ran.append("rows")
        return len(table)

    resources = {"io_manager": ParquetIOManager(tmp_path / "tables")}
    pickled = run([table, rows], instance)
    assert pickled == ["table", "rows"]
    assert run([table, rows], instance, force="table") == ["table"]
    assert run([table], instance, resources=resources) == ["table"]
    first = instance.get_latest_materialization_event(AssetKey("table"))
    assert run([table], instance, resources=resources, force=True) == ["table"]
    second = instance.get_latest_materialization_event(AssetKey("table"))
    assert first is not None and second is not None
    one, other = first.asset_materialization, second.asset_materialization
    assert one is not None and other is not None
    assert one.data_version == other.data_version is not None


def test_a_materialization_tells_what_it_was_made_from(instance: Instance) -> None:
    """In tags as the reference has them, and in full beside them."""
    run(chain(), instance)
    record = instance.get_latest_materialization_event(AssetKey("second"))
    assert record is not None and record.dagster_event is not None
    data: Any = record.dagster_event.event_specific_data
    upstream = instance.get_latest_materialization_event(AssetKey("first"))
    assert upstream is not None and upstream.asset_materialization is not None
    assert data.materialization.tags["orrery/input_data_version/first"] == upstream.asset_materialization.data_version
    assert data.provenance.inputs["first"].version == upstream.asset_materialization.data_version
    assert set(data.provenance.code) == {
        f"{__name__}:chain.<locals>.second",
        f"{__name__}:chain.<locals>.second.factor",
        "parameter types",
    }


def test_what_a_function_logs_of_another_asset_is_not_touched(instance: Instance) -> None:
    """It is recorded as it was given."""

    @asset
    def mine(context: Any) -> Output[int]:
        context.log_event(AssetMaterialization("other", tags={"x": "y"}))
        return Output(1)

    run([mine], instance)
    record = instance.get_latest_materialization_event(AssetKey("other"))
    assert record is not None and record.asset_materialization is not None
    assert dict(record.asset_materialization.tags or {}) == {"x": "y"}


def test_reuse_takes_a_truth_value_or_a_policy(instance: Instance) -> None:
    """Anything else is refused before a run is made."""
    with pytest.raises(InvalidInvocationError, match="neither True nor False"):
        run(chain(), instance, reuse="often")
    assert instance.get_runs_count() == 0


def test_the_value_of_an_asset_that_was_skipped_is_loaded_when_it_is_asked_for(instance: Instance) -> None:
    """From where it is stored."""
    assets = chain()
    run(assets, instance)
    result = materialize(assets, instance=instance, reuse=True, on_event=lambda entry: None)
    assert result.asset_value("third") == 3
    assert result.output_for_node("second") == 2


def test_the_settings_of_the_instance_carry_policies_for_groups_and_for_all(tmp_path: Path) -> None:
    """What an asset, a job or a run says goes before; what is no policy is refused."""

    @asset(group_name="raw")
    def fetched() -> int:
        ran.append("fetched")
        return 1

    @asset
    def reckoned() -> int:
        ran.append("reckoned")
        return 2

    settings: dict[str, Any] = {"cache": {"default": {}, "groups": {"raw": {"always": True}}}}
    with Instance.local_temp(str(tmp_path / "home"), overrides=settings) as instance:
        assert run([fetched, reckoned], instance, reuse=False) == ["fetched", "reckoned"]
        assert run([fetched, reckoned], instance, reuse=False) == ["fetched"]
        assert run([fetched, reckoned], instance, reuse=CachePolicy()) == []
    with (
        Instance.local_temp(str(tmp_path / "other"), overrides={"cache": {"ttl": 3}}) as instance,
        pytest.raises(InvalidDefinitionError, match="under 'cache' hold no cache policies"),
    ):
        run([fetched], instance)


def test_a_run_plans_to_make_what_it_makes(instance: Instance) -> None:
    """What turns out to be current was never planned; what runs was, before it began; what was not come to, at the end."""
    run(chain(), instance)

    def planned(result: Any) -> list[str]:
        log = instance.get_records_for_run(result.run_id).records
        told = [
            (event.event_type_value, event.step_key)
            for record in log
            if (event := record.event_log_entry.dagster_event) is not None and event.step_key is not None
        ]
        names = [name for kind, name in told if kind == "ASSET_MATERIALIZATION_PLANNED"]
        for name in names:
            if ("STEP_START", name) in told:
                assert told.index(("ASSET_MATERIALIZATION_PLANNED", name)) < told.index(("STEP_START", name))
        return names

    options: dict[str, Any] = {"instance": instance, "on_event": lambda entry: None, "reuse": True}
    assert planned(materialize(chain(), **options)) == []
    assert planned(materialize(chain(factor=3), **options)) == ["second", "third"]
    assert planned(materialize(chain(factor=3), instance=instance, on_event=lambda entry: None)) == [
        "first",
        "second",
        "third",
    ]


def test_what_was_not_come_to_is_planned_all_the_same(instance: Instance) -> None:
    """An asset whose parent failed was to be made."""

    @asset
    def broken() -> int:
        raise ValueError("no")

    @asset
    def below(broken: int) -> int:
        return broken

    result = materialize([broken, below], instance=instance, reuse=True, raise_on_error=False)
    kinds = [
        (event.event_type_value, event.step_key)
        for record in instance.get_records_for_run(result.run_id).records
        if (event := record.event_log_entry.dagster_event) is not None
    ]
    assert ("ASSET_MATERIALIZATION_PLANNED", "broken") in kinds
    assert ("ASSET_MATERIALIZATION_PLANNED", "below") in kinds


@pytest.mark.parametrize("count", [5, 50])
def test_the_records_are_asked_once_whatever_the_number_of_assets(instance: Instance, count: int) -> None:
    """A plan reads all facts by two statements, and in the same process decodes no entry twice."""

    def numbered(number: int) -> Any:
        @asset(name=f"asset_{number}", deps=[f"asset_{number - 1}"] if number else [])
        def made() -> int:
            return number

        return made

    assets = [numbered(number) for number in range(count)]
    run(assets, instance)
    asked: list[str] = []

    def follow(connection: Any, *_rest: Any) -> None:
        connection.set_trace_callback(asked.append)

    sqlalchemy.event.listen(sqlalchemy.Pool, "checkout", follow)
    try:
        for expected in (1, 0):
            asked.clear()
            assert plan_materialization(assets, instance=instance).is_current
            assert sum("FROM events" in each for each in asked) == expected
            assert sum("FROM assets" in each for each in asked) == 1
    finally:
        sqlalchemy.event.remove(sqlalchemy.Pool, "checkout", follow)


def tied(inputs: dict[str, AssetIn]) -> list[Any]:
    """Return two assets, and one that subtracts one from the other."""

    @asset
    def big() -> int:
        return 5

    @asset
    def small() -> int:
        return 3

    @asset(ins=inputs)
    def difference(x: int, y: int) -> int:
        ran.append(f"difference {x - y}")
        return x - y

    return [big, small, difference]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x": AssetIn("small"), "y": AssetIn("big")}, ["difference -2"]),
        ({"x": AssetIn("big", metadata={"columns": ["a"]}), "y": AssetIn("small")}, ["difference 2"]),
        ({"x": AssetIn("big"), "y": AssetIn("small")}, []),
    ],
    ids=["exchanged", "read otherwise", "as before"],
)
def test_which_asset_a_parameter_takes_counts(
    instance: Instance, change: dict[str, AssetIn], expected: list[str]
) -> None:
    """The function and the versions of its inputs are the same."""
    assert run(tied({"x": AssetIn("big"), "y": AssetIn("small")}), instance) == ["difference 2"]
    assert run(tied(change), instance) == expected


def test_which_asset_an_output_is_counts(instance: Instance) -> None:
    def both(first: str, second: str) -> Any:
        @multi_asset(outs={"one": AssetOut(key=first), "two": AssetOut(key=second)})
        def made() -> Any:
            ran.append("made")
            return 1, 2

        return made

    assert run([both("a", "b")], instance) == ["made"]
    assert run([both("a", "b")], instance) == []
    assert run([both("b", "a")], instance) == ["made"]
