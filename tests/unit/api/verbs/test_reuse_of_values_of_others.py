"""Values that something else has stored since: another event log over the same place, or the same one that wrote elsewhere."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from upath import UPath

from orrery import (
    AssetKey,
    BackfillPolicy,
    BlobIOManager,
    CachedIOManager,
    CachePolicy,
    DeltaLakeIOManager,
    DuckDBIOManager,
    FilesystemIOManager,
    IcebergIOManager,
    Instance,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    ParquetIOManager,
    StaticPartitionsDefinition,
    UPathIOManager,
    asset,
    build_input_context,
    materialize,
    plan_materialization,
)
from orrery.adapters.io.seal import Seal, append_seal, seal_name
from orrery.api.verbs.plan import accept_materializations
from orrery.base.errors import InvariantViolationError
from orrery.definitions.parts.types import ANY

OTHER = "is not the one that was recorded last"
CITIES = StaticPartitionsDefinition(["oslo", "rome"])


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[tuple[Instance, Instance]]:
    """Two event logs that know nothing of each other."""
    with Instance.local_temp(str(tmp_path / "mine")) as mine, Instance.local_temp(str(tmp_path / "theirs")) as theirs:
        yield mine, theirs


class Stored:
    """One kind of files or tables, in one place for all, of values that are numbers."""

    def __init__(self, place: Path, kind: str) -> None:
        self.kind = kind
        self.place = place
        self.is_pickle = kind.endswith("signed")

    def manager(self, place: Path | None = None) -> Any:
        folder = str(place or self.place)
        if self.is_pickle:
            return FilesystemIOManager(base_dir=folder, allow_unsigned=self.kind == "unsigned")
        if self.kind == "duckdb":
            return DuckDBIOManager(f"{folder}/values.duckdb")
        kinds = {"parquet": ParquetIOManager, "delta": DeltaLakeIOManager, "iceberg": IcebergIOManager}
        return kinds[self.kind](folder)

    def value(self, number: int) -> Any:
        return number if self.is_pickle else pl.DataFrame({"n": [number]})

    def number(self, value: Any) -> int:
        return int(value) if self.is_pickle else int(value["n"][0])

    def read(self, name: str) -> int:
        """Return what is stored of an asset, whoever stored it."""
        if self.is_pickle:
            return int(pickle.loads((self.place / f"{name}.pickle").read_bytes()))
        context = build_input_context(asset_key=AssetKey(name), dagster_type=ANY)
        return self.number(self.manager().load_input(context))


FILES = ["parquet", "unsigned", "signed"]
TABLES = ["duckdb", "delta", "iceberg"]


@pytest.fixture(params=[*FILES, *TABLES])
def stored(tmp_path: Path, request: pytest.FixtureRequest) -> Stored:
    return Stored(tmp_path / "values", request.param)


def numbers(stored: Stored, first: int, **options: Any) -> list[Any]:
    """A number, and ten times that."""

    @asset(code_version=str(first), **options)
    def up() -> Any:
        return stored.value(first)

    @asset(code_version="1", **options)
    def down(up: Any) -> Any:
        return stored.value(10 * stored.number(up))

    return [up, down]


def run(assets: list[Any], instance: Instance, manager: Any, **options: Any) -> list[str]:
    """Materialize with reuse; return the steps that ran."""
    options.setdefault("reuse", True)
    result = materialize(
        assets, instance=instance, resources={"io_manager": manager}, on_event=lambda entry: None, **options
    )
    assert result.success
    return [each.step_key or "" for each in result.all_events if each.event_type_value == "STEP_START"]


def reasons(plan: Any) -> dict[str, str]:
    return {name: step.decision.told for step in plan.steps for name in step.assets}


@pytest.mark.parametrize("verify", ["exists", "digest"])
def test_a_value_that_another_event_log_records_is_not_ours(
    instances: tuple[Instance, Instance], stored: Stored, verify: Any
) -> None:
    mine, theirs = instances
    policy = CachePolicy(verify=verify)
    assert run(numbers(stored, 1), mine, stored.manager(), reuse=policy) == ["up", "down"]
    assert run(numbers(stored, 2), theirs, stored.manager(), reuse=policy) == ["up", "down"]
    plan = plan_materialization(
        numbers(stored, 1), instance=mine, resources={"io_manager": stored.manager()}, reuse=policy
    )
    told = reasons(plan)
    wanted = "another instance signed it" if stored.kind == "signed" else OTHER
    assert wanted in told["up"] and str(stored.place) in told["up"]
    assert wanted in told["down"]
    assert run(numbers(stored, 1), mine, stored.manager(), reuse=policy) == ["up", "down"]
    assert (stored.read("up"), stored.read("down")) == (1, 10)
    assert run(numbers(stored, 1), mine, stored.manager(), reuse=policy) == []


def test_what_is_not_looked_after_is_believed(instances: tuple[Instance, Instance], stored: Stored) -> None:
    """As it always was: ``verify="none"``, and runs without reuse."""
    mine, theirs = instances
    run(numbers(stored, 1), mine, stored.manager())
    run(numbers(stored, 2), theirs, stored.manager())
    assert run(numbers(stored, 1), mine, stored.manager(), reuse=CachePolicy(verify="none")) == []
    if stored.kind != "signed":
        assert run(numbers(stored, 1), mine, stored.manager(), reuse=False, selection="down") == ["down"]
        assert stored.read("down") == 20


def test_a_manager_that_wrote_elsewhere_comes_back_to_an_older_value(
    instances: tuple[Instance, Instance], stored: Stored, tmp_path: Path
) -> None:
    mine, _ = instances
    run(numbers(stored, 1), mine, stored.manager())
    assert run(numbers(stored, 2), mine, stored.manager(tmp_path / "elsewhere")) == ["up", "down"]
    assert run(numbers(stored, 2), mine, stored.manager()) == ["up", "down"]
    assert stored.read("down") == 20


@pytest.mark.parametrize("kind", [*FILES, "duckdb", "delta"])
def test_values_that_were_copied_whole_are_the_same(
    instances: tuple[Instance, Instance], kind: str, tmp_path: Path
) -> None:
    mine, _ = instances
    stored = Stored(tmp_path / "values", kind)
    run(numbers(stored, 1), mine, stored.manager())
    shutil.copytree(stored.place, tmp_path / "copy")
    assert run(numbers(stored, 1), mine, stored.manager(tmp_path / "copy")) == []


def test_of_another_event_log_that_stored_the_same_bytes_nothing_runs(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    mine, theirs = instances
    stored = Stored(tmp_path / "values", "parquet")
    run(numbers(stored, 1), mine, stored.manager())
    run(numbers(stored, 1), theirs, stored.manager())
    assert run(numbers(stored, 1), mine, stored.manager()) == []


def test_a_partition_of_another_event_log_alone_is_made_again(
    instances: tuple[Instance, Instance], stored: Stored
) -> None:
    mine, theirs = instances
    for city in CITIES.get_partition_keys():
        run(numbers(stored, 1, partitions_def=CITIES), mine, stored.manager(), partition_key=city)
    run(numbers(stored, 2, partitions_def=CITIES), theirs, stored.manager(), partition_key="rome")
    again = {
        city: run(numbers(stored, 1, partitions_def=CITIES), mine, stored.manager(), partition_key=city)
        for city in CITIES.get_partition_keys()
    }
    assert again == {"oslo": [], "rome": ["up", "down"]}


def test_several_partitions_of_one_run_are_told_apart(instances: tuple[Instance, Instance], stored: Stored) -> None:
    mine, theirs = instances
    keys = CITIES.get_partition_keys()
    made: list[tuple[str, ...]] = []

    def several(number: int) -> Any:
        @asset(partitions_def=CITIES, backfill_policy=BackfillPolicy.single_run(), code_version=str(number))
        def each(context: Any) -> Any:
            made.append(tuple(context.partition_keys))
            values = {key: stored.value(number) for key in context.partition_keys}
            return values if len(values) > 1 else values[context.partition_key]

        return each

    def both(instance: Instance, number: int) -> list[str]:
        tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
        return run([several(number)], instance, stored.manager(), tags=tags)

    assert both(mine, 1) == ["each"]
    assert both(mine, 1) == []
    run([several(2)], theirs, stored.manager(), partition_key="rome")
    assert run([several(1)], mine, stored.manager(), partition_key="oslo") == []
    assert run([several(1)], mine, stored.manager(), partition_key="rome") == ["each"]


def test_what_a_run_takes_from_outside_has_to_be_what_was_recorded(
    instances: tuple[Instance, Instance], stored: Stored
) -> None:
    mine, theirs = instances
    run(numbers(stored, 1), mine, stored.manager())
    run(numbers(stored, 2), theirs, stored.manager())
    result = materialize(
        numbers(stored, 1),
        instance=mine,
        resources={"io_manager": stored.manager()},
        selection="down",
        force="down",
        reuse=True,
        raise_on_error=False,
        on_event=lambda entry: None,
    )
    assert not result.success
    (failure,) = [each for each in result.all_events if each.is_step_failure]
    told = str(failure.step_failure_data.error)
    if stored.kind == "signed":
        assert "another instance signed it" in told
    else:
        assert OTHER in told and "orrery materialize up --reuse" in told
        assert run(numbers(stored, 1), mine, stored.manager()) == ["up", "down"]
        assert stored.read("down") == 10


def test_a_plan_says_that_what_a_run_takes_from_outside_is_another(
    instances: tuple[Instance, Instance], stored: Stored
) -> None:
    mine, theirs = instances
    run(numbers(stored, 1), mine, stored.manager())
    given: dict[str, Any] = {
        "instance": mine,
        "resources": {"io_manager": stored.manager()},
        "selection": "down",
        "force": "down",
    }
    assert plan_materialization(numbers(stored, 1), **given).lacking == ()
    run(numbers(stored, 2), theirs, stored.manager())
    assert plan_materialization(numbers(stored, 1), **given).lacking == ("up",)


def test_a_partition_of_several_dimensions_is_looked_for_where_its_io_manager_puts_it(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    class Folders(UPathIOManager):
        extension = ".txt"

        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            path.write_text(str(obj))

        def load_from_path(self, context: Any, path: Any) -> int:
            return int(path.read_text())

        def get_path_for_partition(self, context: Any, path: Any, partition: str) -> Any:
            return path / partition

    mine, theirs = instances
    stored = Stored(tmp_path / "values", "unsigned")
    days = MultiPartitionsDefinition({"city": CITIES, "day": StaticPartitionsDefinition(["1", "2"])})
    chosen = {"partition_key": MultiPartitionKey({"city": "oslo", "day": "1"}), "reuse": True}
    manager = Folders(UPath(tmp_path / "values"))
    run(numbers(stored, 1, partitions_def=days), mine, manager, **chosen)
    run(numbers(stored, 2, partitions_def=days), theirs, manager, **chosen)
    result = materialize(
        numbers(stored, 1, partitions_def=days),
        instance=mine,
        resources={"io_manager": manager},
        selection="down",
        force="down",
        raise_on_error=False,
        on_event=lambda entry: None,
        **chosen,
    )
    (failure,) = [each for each in result.all_events if each.is_step_failure]
    assert OTHER in str(failure.step_failure_data.error)


def test_a_value_that_was_announced_and_not_stored_changes_nothing(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    """As where a process died between the two: the bytes are asked, too."""
    mine, _ = instances
    stored = Stored(tmp_path / "values", "parquet")
    run(numbers(stored, 1), mine, stored.manager())
    append_seal(f"{stored.place}/up.parquet", Seal.of(b"never stored"), 1)
    assert run(numbers(stored, 1), mine, stored.manager()) == []


@pytest.mark.parametrize("is_one_moment", [False, True])
def test_of_two_files_that_are_stored_at_once_each_log_takes_its_own_alone(
    instances: tuple[Instance, Instance], tmp_path: Path, is_one_moment: bool
) -> None:
    """The seal of theirs is noted first, and their file gets the name last; in one moment both bear the same time."""
    mine, theirs = instances
    kept = tmp_path / "kept.parquet"
    stored = Stored(tmp_path / "values", "parquet")
    up = stored.place / "up.parquet"
    run(numbers(stored, 2)[:1], theirs, stored.manager())
    shutil.copy2(up, kept)
    run(numbers(stored, 1)[:1], mine, stored.manager())
    if is_one_moment:
        length, mine_written, theirs_written = up.stat().st_size, up.stat().st_mtime_ns, kept.stat().st_mtime_ns
        assert kept.stat().st_size == length
        seals = Path(seal_name(str(up)))
        seals.write_text(seals.read_text().replace(str(theirs_written), str(mine_written)))
        os.utime(kept, ns=(mine_written, mine_written))
    os.replace(kept, up)
    assert run(numbers(stored, 2)[:1], theirs, stored.manager()) == []
    assert run(numbers(stored, 1)[:1], mine, stored.manager()) == ["up"]


def test_a_file_that_was_changed_in_its_place_is_damaged(instances: tuple[Instance, Instance], tmp_path: Path) -> None:
    mine, _ = instances
    stored = Stored(tmp_path / "values", "parquet")
    run(numbers(stored, 1), mine, stored.manager())
    up = stored.place / "up.parquet"
    data = bytearray(up.read_bytes())
    data[len(data) // 2] ^= 1
    up.write_bytes(data)
    plan = plan_materialization(numbers(stored, 1), instance=mine, resources={"io_manager": stored.manager()})
    assert "is damaged" in reasons(plan)["up"]
    assert run(numbers(stored, 1), mine, stored.manager()) == ["up"]  # and what it gives is as before


def test_a_file_whose_seal_is_of_a_release_that_noted_no_time_stays_current(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    mine, theirs = instances
    stored = Stored(tmp_path / "values", "parquet")
    run(numbers(stored, 1), mine, stored.manager())
    for seals in stored.place.glob(".*.seal"):
        seals.write_text("".join(f"{line}\n" for line in seals.read_text().split("\n") if not line.startswith("@")))
    assert run(numbers(stored, 1), mine, stored.manager()) == []
    run(numbers(stored, 2), theirs, stored.manager())
    assert run(numbers(stored, 1), mine, stored.manager()) == ["up", "down"]


def test_accepted_values_are_still_told_from_others(instances: tuple[Instance, Instance], stored: Stored) -> None:
    mine, theirs = instances
    run(numbers(stored, 1), mine, stored.manager())
    changed = numbers(stored, 3)
    plan = plan_materialization(changed, instance=mine, resources={"io_manager": stored.manager()}, reuse=True)
    assert accept_materializations(mine, plan) == ("up",)
    assert run(changed, mine, stored.manager()) == []
    run(numbers(stored, 2), theirs, stored.manager())
    assert "up" in run(changed, mine, stored.manager())


def test_what_another_run_of_the_same_log_made_meanwhile_is_ours(
    instances: tuple[Instance, Instance], stored: Stored, tmp_path: Path
) -> None:
    """The run had read before how the value was made last."""
    mine, _ = instances
    meanwhile: list[Callable[[], object]] = []

    @asset(code_version="1")
    def other() -> Any:
        return stored.value(5)

    def assets(version: str) -> list[Any]:
        @asset(code_version=version)
        def first() -> Any:
            for each in meanwhile:
                each()
            return stored.value(1)

        @asset(code_version="1", deps=[first])
        def second(other: Any) -> Any:
            return stored.value(stored.number(other) + len(meanwhile))

        return [other, first, second]

    run(assets("1"), mine, stored.manager())

    def make_second() -> None:
        with Instance.local_temp(str(tmp_path / "mine")) as again:
            meanwhile.clear()
            assert run(assets("1"), again, stored.manager(), force="second") == ["second"]

    meanwhile.append(make_second)
    ran = run(assets("2"), mine, stored.manager())
    assert ran == ["first"]


def in_store(folder: Path, *, is_cached: bool, local: str = "local") -> Any:
    """Return an IO manager over a content-addressed store of pickles that each event log signs with a key of its own."""
    remote = BlobIOManager(folder / "store", format="pickle")
    return CachedIOManager(remote, local=folder / local) if is_cached else remote


@pytest.mark.parametrize("is_cached", [False, True])
def test_an_older_value_in_a_store_is_not_taken_for_the_latest(
    instances: tuple[Instance, Instance], tmp_path: Path, is_cached: bool
) -> None:
    mine, _ = instances
    stored = Stored(tmp_path / "values", "signed")
    run(numbers(stored, 1), mine, in_store(tmp_path, is_cached=is_cached))
    run(numbers(stored, 2), mine, in_store(tmp_path / "elsewhere", is_cached=is_cached))
    result = materialize(
        numbers(stored, 2),
        instance=mine,
        resources={"io_manager": in_store(tmp_path, is_cached=is_cached, local="another")},
        selection="down",
        force="down",
        reuse=True,
        raise_on_error=False,
        on_event=lambda entry: None,
    )
    (failure,) = [each for each in result.all_events if each.is_step_failure]
    assert OTHER in str(failure.step_failure_data.error)
    assert run(numbers(stored, 2), mine, in_store(tmp_path, is_cached=is_cached, local="another")) == ["up", "down"]


@pytest.mark.parametrize("is_cached", [False, True])
def test_the_same_bytes_in_a_store_are_made_again_where_another_instance_signed_them(
    instances: tuple[Instance, Instance], tmp_path: Path, is_cached: bool
) -> None:
    """Nobody here could load them."""
    mine, theirs = instances
    stored = Stored(tmp_path / "values", "signed")
    manager = in_store(tmp_path, is_cached=is_cached)
    run(numbers(stored, 1), mine, manager)
    run(numbers(stored, 1), theirs, in_store(tmp_path, is_cached=is_cached, local="theirs"))
    plan = plan_materialization(numbers(stored, 1), instance=mine, resources={"io_manager": manager})
    assert "another instance signed it" in reasons(plan)["up"]
    assert run(numbers(stored, 1), mine, manager) == ["up", "down"]
    assert run(numbers(stored, 1), mine, manager, force="down", selection="down") == ["down"]


def test_the_same_bytes_of_several_partitions_in_a_store_stay(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    @asset(partitions_def=CITIES, backfill_policy=BackfillPolicy.single_run(), code_version="1")
    def each(context: Any) -> Any:
        return {key: len(key) for key in context.partition_keys}

    @asset(code_version="1")
    def total(each: Any) -> Any:
        return sum(each.values())

    mine, theirs = instances
    manager, both = BlobIOManager(tmp_path / "store", format="json"), {"partition_key_range": ("oslo", "rome")}
    for instance in (mine, theirs):
        assert run([each], instance, manager, **both) == ["each"]
    assert run([each], mine, manager, **both) == []
    assert run([total, each], mine, manager, selection="total", reuse=False) == ["total"]


def test_two_schemas_of_one_database_are_two_places(instances: tuple[Instance, Instance], tmp_path: Path) -> None:
    """As those of development and production are."""
    mine, theirs = instances
    stored = Stored(tmp_path / "values", "duckdb")
    ours, others = (DuckDBIOManager(tmp_path / "one.duckdb", schema=each) for each in ("dev", "main"))
    oslo, rome = ({"partition_key": each} for each in CITIES.get_partition_keys())
    cut = numbers(stored, 1, partitions_def=CITIES)
    assert run(cut, mine, ours, **oslo) == ["up", "down"]
    assert run(cut, theirs, others, **oslo) == run(cut, theirs, others, **rome) == ["up", "down"]
    assert run(cut, mine, ours, **oslo) == []
    assert run(cut, mine, ours, **rome) == ["up", "down"]


def test_a_table_of_a_schema_that_was_written_down_by_asset_alone_stays(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    """So releases before this one did."""
    mine, _ = instances
    stored = Stored(tmp_path / "values", "duckdb")
    manager = DuckDBIOManager(tmp_path / "one.duckdb", schema="dev")
    cut = numbers(stored, 1, partitions_def=CITIES)
    for city in CITIES.get_partition_keys():
        run(cut, mine, manager, partition_key=city)
    with duckdb.connect(str(tmp_path / "one.duckdb")) as connection:
        connection.execute("UPDATE main.orrery_partitions SET asset = replace(asset, '\"dev\", ', '')")
        connection.execute("DROP TABLE main.orrery_contents")
    assert run(cut, mine, manager, partition_key="oslo") == []
    assert run(cut, mine, manager, partition_key="oslo", force=True) == ["up", "down"]
    assert run(cut, mine, manager, partition_key="rome") == []


@pytest.mark.parametrize("name", ["orrery_contents", "Orrery_Partitions"])
def test_no_asset_is_stored_where_a_database_tells_what_it_has(
    instances: tuple[Instance, Instance], tmp_path: Path, name: str
) -> None:
    @asset(name=name)
    def one() -> Any:
        return pl.DataFrame({"n": [1]})

    mine, _ = instances
    with pytest.raises(InvariantViolationError, match="writes down what it has stored"):
        run([one], mine, DuckDBIOManager(tmp_path / "one.duckdb"))
    manager = DuckDBIOManager(tmp_path / "two.duckdb", schema="dev")
    assert run([one], mine, manager) == [name]
    assert run([one], mine, manager) == []
