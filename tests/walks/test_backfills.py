"""Partitions and backfills on the command line: real processes, a real project."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.command import run_command

pytestmark = pytest.mark.walk

PROJECT = '''
import os
import time

import orrery as og

DAYS = og.DailyPartitionsDefinition("2013-01-01", end_date="2013-02-11")
MONTHS = og.MonthlyPartitionsDefinition("2013-01-01", end_date="2013-03-01")


@og.asset(partitions_def=DAYS)
def daily(context) -> int:
    if context.partition_key in os.environ.get("BAD", "").split(","):
        raise ValueError("no data of this day")
    if os.environ.get("SLOW"):
        print("begun", flush=True)
        time.sleep(0.05)
    if os.environ.get("GATE") and context.partition_key != "2013-01-01":
        end = time.monotonic() + 60  # the second day waits: a busy machine must not be faster than who looks at it
        while not os.path.exists(os.environ["GATE"]) and time.monotonic() < end:
            time.sleep(0.02)
    return int(context.partition_key[-2:])


@og.asset(partitions_def=MONTHS, deps=[daily])
def monthly() -> int:
    return 1


@og.asset(partitions_def=DAYS, backfill_policy=og.BackfillPolicy.single_run())
def at_once() -> None:
    """All days in one run."""


@og.asset
def whole() -> int:
    return 1


@og.asset
def cities(context) -> None:
    context.instance.add_dynamic_partitions("cities", os.environ.get("CITIES", "oslo").split(","))


@og.asset(partitions_def=og.DynamicPartitionsDefinition(name="cities"), deps=[cities])
def weather(context) -> str:
    return context.partition_key


@og.op
def load(context) -> None:
    if context.partition_key in os.environ.get("BAD", "").split(","):
        raise ValueError("no data of this key")


@og.job(partitions_def=og.StaticPartitionsDefinition(["a", "b", "c"]))
def nightly() -> None:
    load()
'''


class Shop:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "project.py").write_text(PROJECT, encoding="utf-8")

    def environment(self, **variables: str) -> dict[str, str]:
        return {**os.environ, "ORRERY_HOME": str(self.folder / "home"), "COLUMNS": "200", **variables}

    def words(self, *words: str, project: bool = True) -> list[str]:
        return [*words, *(["-f", "project.py"] if project else [])]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "orrery", *self.words(*words)]

    def run(self, *words: str, code: int = 0, project: bool = True, **variables: str) -> str:
        ended = run_command(*self.words(*words, project=project), cwd=self.folder, env=self.environment(**variables))
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout if code != 2 else ended.stderr

    def json(self, *words: str, **options: Any) -> dict[str, Any]:
        lines = self.run(*words, "--json", **options).splitlines()
        found: dict[str, Any] = json.loads(lines[-1])
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_backfill_from_plan_to_retry(shop: Shop) -> None:
    plan = shop.run("backfill", "daily+", "--partitions", "2013-01-30...2013-02-10", "--dry-run")
    assert "2013-01-30...2013-02-10  12 runs" in plan
    assert "14 items in 14 runs" in plan

    failed = shop.run("backfill", "daily+", "--partitions", "2013-01-30...2013-02-10", BAD="2013-02-03", code=1)
    assert "failed  daily 2013-02-03: ValueError: no data of this day" in failed
    assert "12 made, 1 failed, 1 blocked" in failed
    assert "make again what failed: orrery backfills retry " in failed

    assert " failure " in shop.run("backfills", project=False)
    shown = shop.json("backfills", "show", "latest")
    assert shown["assets"]["daily"]["failed"] == ["2013-02-03"]

    again = shop.json("backfills", "retry", "latest")
    assert (again["status"], again["made"]) == ("success", 14)
    assert (
        shop.run("backfill", "daily", "--partitions", "2013-02-03") == "nothing is missing: there is nothing to make\n"
    )


def test_a_job_from_plan_to_retry(shop: Shop) -> None:
    plan = shop.run("backfill", "--job", "nightly", "--partitions", "a...b", "--dry-run")
    assert "job" in plan.splitlines()[0]
    assert "nightly      2  a...b       2 runs" in plan
    failed = shop.run("backfill", "--job", "nightly", BAD="b", code=1)
    assert ": 3 items of job nightly" in failed
    assert "failed  nightly b: ValueError: no data of this key" in failed
    assert " job nightly" in shop.run("backfills", project=False)
    again = shop.json("backfills", "retry", "latest")
    assert (again["status"], again["made"], again["job"]) == ("success", 3, "nightly")
    assert "nothing is missing" in shop.run("backfill", "--job", "nightly")
    assert "Both a selection of assets and --job" in shop.run("backfill", "daily", "--job", "nightly", code=2)


def test_dynamic_partitions_are_planned_found_and_made(shop: Shop) -> None:
    assert shop.run("backfill", "cities+", "--dry-run").splitlines()[-2:] == [
        "weather      0  what is found  0 runs",
        "1 item in 1 run",
    ]
    assert shop.json("backfill", "cities+")["assets"]["weather"] == {
        "items": 1,
        "made": 1,
        "current": 0,
        "failed": [],
    }
    again = shop.json("backfill", "cities+", "--discover", CITIES="oslo,rome")
    assert {name: each["made"] for name, each in again["assets"].items()} == {"cities": 1, "weather": 1}
    assert "nothing to discover" in shop.run("backfill", "weather", "--discover", code=2)


def test_ctrl_c_stops_it_and_resume_goes_on(shop: Shop) -> None:
    process = subprocess.Popen(
        shop.command("backfill", "daily", "--json"),
        cwd=shop.folder,
        env=shop.environment(SLOW="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:  # the start, then the first runs
        if json.loads(line)["event"] == "run_ended":
            break
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    ended = json.loads(output.splitlines()[-1])
    assert ended["status"] == "interrupted"
    assert 0 < ended["made"] < 41
    result = shop.json("backfills", "resume", "latest")
    assert (result["status"], result["made"]) == ("success", 41)
    assert "is finished (success)" in shop.run("backfills", "resume", "latest", code=2)


def test_cancel_ends_one_that_nobody_works_on(shop: Shop) -> None:
    process = subprocess.Popen(
        shop.command("backfill", "daily"),
        cwd=shop.folder,
        env=shop.environment(SLOW="1", GATE=str(shop.folder / "never")),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    while "interrupted" in (listed := shop.run("backfills", project=False)) or "started" not in listed:
        assert process.poll() is None
    process.kill()
    process.wait()
    assert " interrupted " in shop.run("backfills", project=False)
    assert "is canceled" in shop.run("backfills", "cancel", "latest", project=False)
    assert " canceled " in shop.run("backfills", project=False)


def test_cancel_stops_one_with_its_run(shop: Shop) -> None:
    process = subprocess.Popen(
        shop.command("backfill", "daily", "--json"),
        cwd=shop.folder,
        env=shop.environment(GATE=str(shop.folder / "never")),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "backfill_started"
    assert json.loads(process.stdout.readline())["event"] == "run_ended"
    assert "begins no further one" in shop.run("backfills", "cancel", "latest", project=False)
    output, _ = process.communicate(timeout=50)  # the second day would wait for a minute
    assert process.returncode == 1
    ended = json.loads(output.splitlines()[-1])
    assert ended["status"] == "canceled"
    assert [run["state"] for run in ended["runs"]] == ["success", *["given_up"] * (len(ended["runs"]) - 1)]
    assert ended["made"] == 1
    assert {run["status"] for run in shop.json("runs", project=False)["runs"]} <= {"canceled", "success"}


def test_partitions_are_drawn_as_a_calendar(shop: Shop) -> None:
    shop.run("materialize", "at_once", "--partition-range", "2013-01-30...2013-02-05")
    shop.run("materialize", "daily", "--partition", "2013-01-02")
    shown = shop.run("partitions", "at_once")
    assert "at_once  41 partitions: 7 made, 34 missing" in shown
    assert f"2013-01  {'.' * 29}##" in shown
    assert f"2013-02  {'#' * 5}{'.' * 5}" in shown
    document = shop.json("partitions", "daily")
    assert document["ranges"]["made"] == [["2013-01-02", "2013-01-02"]]
    assert document["counts"]["missing"] == 40


def test_wrong_words_are_told_before_anything_runs(shop: Shop) -> None:
    assert "Could not find a partition with key `2013-01-99`" in shop.run(
        "backfill", "daily", "--partitions", "2013-01-99", code=2
    )
    assert "'2013-01-05' to '2013-01-03' is empty" in shop.run(
        "materialize", "daily", "--partition-range", "2013-01-05...2013-01-03", code=2
    )
    assert "is no range" in shop.run("materialize", "daily", "--partition-range", "2013-01-05", code=2)
    assert "Both --partition and --partition-range" in shop.run(
        "materialize", "daily", "--partition", "a", "--partition-range", "a...b", code=2
    )
    assert "neither job" in shop.run("materialize", "whole", "--partition-range", "a...b", code=2)
    assert "Asset 'whole' has no partitions" in shop.run("partitions", "whole", code=2)
    assert "There is no backfill 'nope'" in shop.run("backfills", "show", "nope", code=2)
    assert "nothing that is selected has partitions" in shop.run("backfill", "whole", "--partitions", "a", code=2)
    assert "no backfills are recorded" in shop.run("backfills", project=False)
