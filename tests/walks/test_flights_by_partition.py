"""The partitioned flights on real data: ``examples/flights/flights/by_partition.py``, some days of it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import orrery as og

pl = pytest.importorskip("polars", reason="the example reads with polars: pip install 'orrery[examples]'")
pytest.importorskip("pyarrow", reason="tables are cut into partitions with pyarrow: pip install 'orrery[examples]'")

PROJECT = Path(__file__).resolve().parents[2] / "examples" / "flights"
JANUARY = "2013-01-01...2013-01-31"

pytestmark = pytest.mark.walk


@pytest.fixture(scope="module")
def project() -> Iterator[Any]:
    """The example's module, imported as its users import it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROJECT))
        import flights.by_partition

        yield flights.by_partition
    for name in [name for name in sys.modules if name.partition(".")[0] == "flights"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def january(project: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """
    January, made as the README says: its days in one run, then what follows in a backfill.

    Gives the instance, the backfill, and the folder of the values.
    """
    folder = tmp_path_factory.mktemp("home")
    instance = og.Instance.local_temp(str(folder))
    defs = project.defs
    tables = defs.get_implicit_global_asset_job_def()
    assert tables.execute_in_process(
        instance=instance, asset_selection=[og.AssetKey(name) for name in ("raw_flights", "raw_airlines", "flights")]
    ).success
    first, last = JANUARY.split("...")
    days = tables.execute_in_process(
        instance=instance,
        asset_selection=[og.AssetKey("flights_of_day")],
        tags={"orrery/asset_partition_range_start": first, "orrery/asset_partition_range_end": last},
    )
    assert days.success
    followed = og.backfill(
        defs,
        downstream_of("punctuality_of_month"),
        partitions="2013-01-01",
        partitions_of="punctuality_of_month",
        instance=instance,
    )
    return instance, followed, Path(instance.storage_directory())


def downstream_of(asset: str) -> og.AssetSelection:
    """Return an asset and all that is made of it."""
    return og.AssetSelection.assets(asset).downstream()


def table(folder: Path, asset: str) -> Any:
    """Return all partitions of an asset that lie on the disk, as one table."""
    return pl.read_parquet(str(folder / asset / "**" / "*.parquet"))


def test_year_is_planned_as_the_readme_says(project: Any) -> None:
    with og.Instance.local_temp() as instance:
        plan = og.plan_backfill(project.defs, instance=instance)
    sizes = {key.to_user_string(): len(subset) for key, subset in plan.targets.items()}
    assert plan.size == 1_164
    assert sum(plan.count_of_runs(group) for group in plan.groups) == 370
    assert sizes["flights_of_day"] == 365
    assert sizes["punctuality_by_origin"] == 16 * 12 * 3


def test_each_day_is_a_file_with_the_rows_of_that_day(january: Any) -> None:
    _, _, folder = january
    files = sorted(folder.joinpath("flights_of_day").glob("partition=*.parquet"))
    assert len(files) == 31
    whole = pl.read_parquet(folder / "flights.parquet")
    first = pl.read_parquet(files[0])
    assert first.height == whole.filter(pl.col("date") == pl.date(2013, 1, 1)).height == 842
    assert table(folder, "flights_of_day").height == 27_004


def test_rollups_of_rollups_lose_no_flight(january: Any) -> None:
    _, _, folder = january
    for asset in ("punctuality_of_month", "punctuality_by_origin", "punctuality_by_carrier"):
        assert table(folder, asset)["flights"].sum() == 27_004, asset


def test_what_follows_is_made_in_one_run_for_each_cut(january: Any) -> None:
    _, followed, _ = january
    made = {name: len(followed.made(name)) for name in ("punctuality_by_origin", "punctuality_by_carrier")}
    assert made == {"punctuality_by_origin": 48, "punctuality_by_carrier": 16}
    assert len(followed.runs) == 4


def test_year_is_not_made_of_one_month(january: Any) -> None:
    _, followed, folder = january
    assert not followed.success
    assert len(followed.failed("punctuality_of_year")) == 16
    assert not folder.joinpath("punctuality_of_year").exists()


def test_corrected_day_takes_along_only_what_is_made_of_it(project: Any, january: Any) -> None:
    instance, _, _ = january
    plan = og.plan_backfill(
        project.defs, downstream_of("flights_of_day"), partitions="2013-01-03", which="all", instance=instance
    )
    assert [len(subset) for subset in plan.targets.values()] == [1, 1, 48, 16, 16]


def test_days_in_single_runs_are_the_same_as_in_one(project: Any, january: Any) -> None:
    instance, _, folder = january
    path = folder / "flights_of_day" / "partition=2013-01-02.parquet"
    before = pl.read_parquet(path)
    again = og.backfill(
        project.defs, "flights_of_day", partitions="2013-01-02,2013-01-03", which="all", instance=instance
    )
    assert again.success
    assert len(again.runs) == 2
    assert pl.read_parquet(path).equals(before)


def test_command_of_the_readme_says_what_it_would_make(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "orrery", "backfill", "*", "-m", "flights.by_partition", "--dry-run"],
        cwd=PROJECT,
        env={"ORRERY_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "1,164 items in 370 runs"
