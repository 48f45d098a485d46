"""A job on real data: ``examples/monthly_flights``, mapped over the months, with retries and a failure hook."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import orrery as og

pl = pytest.importorskip("polars", reason="the example reads with polars: pip install 'orrery[examples]'")

PROJECT = Path(__file__).resolve().parents[2] / "examples" / "monthly_flights"

pytestmark = pytest.mark.walk


@pytest.fixture(scope="module")
def project() -> Iterator[Any]:
    """The example's module, imported as its users import it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROJECT))
        import monthly_flights

        yield monthly_flights
    del sys.modules["monthly_flights"]


@pytest.fixture(scope="module")
def run(project: Any) -> Any:
    """The job, as it is; all facts below are facts about this run unless they make their own."""
    return project.monthly.execute_in_process()


def attempts(run: Any) -> Counter[str]:
    """Return how often each step began."""
    began = (og.EventType.STEP_START, og.EventType.STEP_RESTARTED)
    return Counter(event.step_key for event in run.all_events if event.event_type in began)


def three_months(alerts: Path, failing_reads: dict[str, int]) -> dict[str, Any]:
    """Return the config of a run of June to August, in which reads fail as said."""
    return {
        "ops": {"split_by_month": {"config": {"first": 6, "last": 8}}},
        "resources": {
            "monthly_files": {"config": {"failing_reads": failing_reads, "wait_seconds": 0}},
            "alerts": {"config": {"path": str(alerts)}},
        },
    }


def test_each_month_is_one_mapped_step(run: Any) -> None:
    months = [f"summarize[2013_{number:02}]" for number in range(1, 13)]
    assert run.success
    assert sorted(attempts(run)) == ["collect_year", "split_by_month", *months]


def test_no_flight_is_lost_between_the_files_and_the_table(run: Any, project: Any) -> None:
    table = run.output_for_node("collect_year")
    whole = project.read_flights()
    assert table.height == 36
    assert table["flights"].sum() == whole.height == 336_776
    assert table["cancelled"].sum() == whole["dep_time"].null_count() == 8_255
    assert table["late"].sum() == whole.filter(pl.col("dep_delay") >= 15).height


def test_only_the_step_whose_resource_gave_up_runs_again(run: Any) -> None:
    """March fails twice and is mended by the resource; August fails four times, one more than it tries."""
    again = {step: times for step, times in attempts(run).items() if times > 1}
    assert again == {"summarize[2013_08]": 2}


def test_lost_month_is_told_once_and_keeps_the_others(project: Any, tmp_path: Path) -> None:
    alerts = tmp_path / "alerts.txt"
    config = three_months(alerts, {"2013-08": 100})
    run = project.monthly.execute_in_process(run_config=config, raise_on_error=False)
    assert not run.success
    assert alerts.read_text() == "monthly, summarize[2013_08]: the folder did not answer for 2013-08\n"
    assert attempts(run)["summarize[2013_08]"] == 3
    assert sorted(run.output_for_node("summarize")) == ["2013_06", "2013_07"]
    assert [event.step_key for event in run.all_events if event.event_type == og.EventType.STEP_SKIPPED] == [
        "collect_year"
    ]


def test_months_outside_the_limits_are_refused_before_anything_runs(project: Any, tmp_path: Path) -> None:
    config = three_months(tmp_path / "alerts.txt", {})
    config["ops"]["split_by_month"]["config"]["last"] = 13
    with pytest.raises(og.InvalidConfigError, match="last"):
        project.monthly.execute_in_process(run_config=config)


def test_folder_is_gone_when_the_run_has_ended(project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = three_months(tmp_path / "alerts.txt", {"2013-07": 100})
    assert not project.monthly.execute_in_process(run_config=config, raise_on_error=False).success
    assert [path.name for path in tmp_path.iterdir()] == ["alerts.txt"]


def test_command_runs_it_and_keeps_its_record(tmp_path: Path) -> None:
    """As a user does it: the job is named, the config is a file, the record is there afterwards."""
    config = tmp_path / "june.yaml"
    config.write_text("ops: {split_by_month: {config: {first: 6, last: 6}}}\n")
    home = {"ORRERY_HOME": str(tmp_path / "home")}
    ended = orrery(["job", "run", "monthly", "--config", str(config)], home)
    assert ended.returncode == 0, ended.stderr
    assert "3 done" in ended.stdout
    assert "monthly" in orrery(["runs"], home).stdout


def orrery(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command in the example's folder."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("orrery")), *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
