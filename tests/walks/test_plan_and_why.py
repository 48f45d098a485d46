"""Plan, apply, why, diff, accept: a project is changed on the disk, and the commands say what that means."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.command import run_command

PROJECT = """
from orrery import Config, Definitions, asset

FACTOR = 2


class Limits(Config):
    limit: int = 3
    api_token: str = "hidden"


def scale(x):
    return x * FACTOR


@asset
def raw():
    return [1, 2, 3]


@asset
def scaled(raw, config: Limits):
    return [scale(each) for each in raw if each <= config.limit]


@asset
def total(scaled):
    return sum(scaled)


defs = Definitions(assets=[raw, scaled, total])
"""

Orrery = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.walk


@pytest.fixture
def orrery(tmp_path: Path) -> Orrery:
    """Return a function that runs the command in a folder with the project."""
    (tmp_path / "project.py").write_text(PROJECT)
    (tmp_path / "home").mkdir()

    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ORRERY_HOME": str(tmp_path / "home")}
        done = run_command(*arguments, "-f", "project.py", cwd=tmp_path, env=environment)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def edit(folder: Path, old: str, new: str) -> None:
    """Change the project."""
    path = folder / "project.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def actions(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what a plan in JSON says of each asset."""
    return {
        step["assets"][0]: (step["action"], step["reasons"][0]["kind"]) for step in json.loads(done.stdout)["steps"]
    }


def test_a_plan_is_made_looked_at_and_carried_out(orrery: Orrery, tmp_path: Path) -> None:
    """What the plan says is what happens."""
    assert actions(orrery("plan", "--json", code=3)) == dict.fromkeys(
        ("raw", "scaled", "total"), ("run", "never_materialized")
    )
    orrery("materialize", "*", "--reuse")
    assert "0 steps to run; 3 current" in orrery("plan").stdout
    edit(tmp_path, "def scale(x):", "def scale(x):\n    # cosmetic\n    'Scale.'")
    orrery("plan")
    edit(tmp_path, "FACTOR = 2", "FACTOR = 4")
    assert actions(orrery("plan", "--json", "-o", "plan.json", code=3)) == {
        "raw": ("skip", "current"),
        "scaled": ("run", "code_changed"),
        "total": ("run", "upstream_will_run"),
    }
    done = orrery("apply", "plan.json")
    assert "2 done, 1 skipped" in done.stdout
    orrery("plan")


def test_a_run_that_skips_all_starts_no_other_process(orrery: Orrery, tmp_path: Path) -> None:
    """Worker processes have a cost, which only a step is worth: nobody else imports the code."""
    project = tmp_path / "project.py"
    note = "\nimport os\nfrom pathlib import Path\nPath('importers', str(os.getpid())).touch()\n"
    workers = "\nfrom orrery import multiprocess_executor\ndefs = Definitions([raw, scaled, total], executor=multiprocess_executor)\n"
    project.write_text(project.read_text() + note + workers)
    importers = tmp_path / "importers"
    importers.mkdir()
    orrery("materialize", "*", "--reuse")
    assert len(list(importers.iterdir())) > 1
    for each in importers.iterdir():
        each.unlink()
    assert "3 skipped" in orrery("materialize", "*", "--reuse").stdout
    assert len(list(importers.iterdir())) == 1


def test_a_plan_is_refused_when_the_world_moved(orrery: Orrery, tmp_path: Path) -> None:
    """It says what moved, and nothing runs."""
    orrery("materialize", "*")
    edit(tmp_path, "FACTOR = 2", "FACTOR = 4")
    orrery("plan", "-o", "plan.json", code=3)
    edit(tmp_path, "return sum(scaled)", "return max(scaled)")
    told = orrery("apply", "plan.json", code=1).stderr
    assert "total: code changed: project:total" in told
    edit(tmp_path, "return max(scaled)", "return sum(scaled)")
    orrery("materialize", "raw")
    assert "raw: was materialized by run" in orrery("apply", "plan.json", code=1).stderr
    edit(tmp_path, "assets=[raw, scaled, total]", "assets=[raw, scaled]")
    assert "total: is not there any more, or is of another project" in orrery("apply", "plan.json", code=1).stderr


def test_why_names_the_reason_and_what_the_value_is_made_from(orrery: Orrery, tmp_path: Path) -> None:
    """Secrets in the config are not shown."""
    orrery("materialize", "*")
    assert "scaled is current" in orrery("why", "scaled").stdout
    edit(tmp_path, "return x * FACTOR", "return x + FACTOR")
    told = orrery("why", "scaled", code=3).stdout
    assert "scaled is out of date" in told
    assert "code changed: project:scale (project.py:12-13)" in told
    assert "api_token" in told
    assert "hidden" not in told
    assert "scaled runs first, and may change" in orrery("why", "total", code=3).stdout
    (tmp_path / "config.yaml").write_text("ops: {scaled: {config: {limit: 2}}}")
    assert "config changed: limit was 3, is 2" in orrery("why", "scaled", "--config", "config.yaml", code=3).stdout


def test_why_tells_what_the_value_was_made_from_though_all_of_it_changed(orrery: Orrery, tmp_path: Path) -> None:
    """What it would be made from now is in the reasons; of a value that was never made nothing else is known."""
    assert "\nWould be made from\n" in orrery("why", "scaled", code=3).stdout
    orrery("materialize", "*")
    before = orrery("why", "scaled").stdout.partition("\nMade from\n")[2]
    assert re.search(r"code +project:FACTOR +2\n", before)
    edit(tmp_path, "FACTOR = 2", "FACTOR = 5")
    edit(tmp_path, "limit: int = 3", "limit: int = 4")
    edit(tmp_path, "[1, 2, 3]", "[1, 2]")
    orrery("materialize", "raw")
    assert orrery("why", "scaled", code=3).stdout.partition("\nMade from\n")[2] == before


def test_a_plan_is_refused_when_a_stored_value_went(orrery: Orrery, tmp_path: Path) -> None:
    """Of what it would skip and of what it might run alike, with the reason; nothing runs."""
    orrery("materialize", "*")
    orrery("plan", "-o", "plan.json")
    value = tmp_path / "home" / "storage" / "total.pickle"
    kept = value.read_bytes()
    value.unlink()
    told = orrery("apply", "plan.json", code=1).stderr
    assert "total: would skip, would run now: the stored value is missing" in told
    value.write_bytes(kept)
    edit(tmp_path, "FACTOR = 2", "FACTOR = 3")
    orrery("plan", "-o", "plan.json", code=3)  # total only if scaled turns out otherwise
    value.unlink()
    assert "total: the stored value is missing" in orrery("apply", "plan.json", code=1).stderr
    assert not value.exists()


def test_a_plan_names_what_it_takes_and_is_not_stored(orrery: Orrery, tmp_path: Path) -> None:
    """Though nobody selected it; and a plan that was saved before it went is refused."""
    orrery("materialize", "*")
    edit(tmp_path, "return sum(scaled)", "return max(scaled)")
    orrery("plan", "total", "-o", "plan.json", code=3)
    value = tmp_path / "home" / "storage" / "scaled.pickle"
    kept = value.read_bytes()
    value.unlink()
    assert json.loads(orrery("plan", "total", "--json", code=3).stdout)["lacking"] == ["scaled"]
    assert "not selected, taken, and not stored: scaled" in orrery("plan", "total", code=3).stdout
    assert "scaled: its value is taken, and is missing or damaged" in orrery("apply", "plan.json", code=1).stderr
    value.write_bytes(kept[:-3] + b"???")
    assert "scaled: its value is taken, and is missing or damaged" in orrery("apply", "plan.json", code=1).stderr
    assert json.loads(orrery("plan", "*", "--json", code=3).stdout)["lacking"] == []
    value.write_bytes(kept)
    assert "1 done" in orrery("apply", "plan.json").stdout


PARTED = """
from orrery import asset, Definitions, StaticPartitionsDefinition

@asset(partitions_def=StaticPartitionsDefinition(["a", "b", "c"]))
def part(context):
    return context.partition_key

@asset
def whole(part):
    return "".join(sorted(part.values()))

defs = Definitions([part, whole])
"""


def test_a_plan_names_the_partitions_that_it_takes_and_that_are_not_stored(orrery: Orrery, tmp_path: Path) -> None:
    """A plan that was saved before they went, or were damaged, is refused."""
    (tmp_path / "project.py").write_text(PARTED)
    orrery("backfill", "*")
    told = json.loads(orrery("plan", "whole", "--force", "whole", "-o", "plan.json", "--json", code=3).stdout)
    assert told["lacking"] == []
    value = tmp_path / "home" / "storage" / "part" / "partition=b.pickle"
    kept = value.read_bytes()
    value.write_bytes(kept[:-3] + b"???")
    expected = "part[b]: its value is taken, and is missing or damaged"
    assert expected in orrery("apply", "plan.json", code=1).stderr
    value.unlink()
    assert expected in orrery("apply", "plan.json", code=1).stderr
    assert "not stored: part[b];" in orrery("plan", "whole", "--force", "whole", code=3).stdout
    value.write_bytes(kept)
    assert "1 done" in orrery("apply", "plan.json").stdout


def test_a_plan_takes_the_options_of_the_run_that_it_is_of(orrery: Orrery, tmp_path: Path) -> None:
    """What is refreshed, and what lies between; saved, it is carried out so."""
    orrery("materialize", "*")
    told = json.loads(orrery("plan", "total", "--refresh", "raw", "-o", "plan.json", "--json", code=3).stdout)
    assert [(step["assets"], step["action"], step["is_certain"]) for step in told["steps"]] == [
        (["raw"], "run", True),
        (["scaled"], "run", False),
        (["total"], "run", False),
    ]
    assert "1 done, 2 skipped" in orrery("apply", "plan.json").stdout
    assert "say what to run" in orrery("plan", "--partition", "a", "--partition-range", "a...b", code=2).stderr


def test_accepted_values_are_current(orrery: Orrery, tmp_path: Path) -> None:
    """Until the next change."""
    orrery("materialize", "*")
    edit(tmp_path, "FACTOR = 2", "FACTOR = 2.0")
    before = json.loads(orrery("why", "scaled", "--json", code=3).stdout)["last"]
    assert json.loads(orrery("accept", "*", "--json").stdout) == {"accepted": ["scaled"], "left_out": {}}
    (line,) = [each for each in orrery("plan").stdout.splitlines() if " scaled " in each]
    run = before["run_id"][:8]
    assert re.search(rf"skip +scaled +current: accepted (just now|\d+ s ago), made \d+ s ago by run {run} ", line)
    told = orrery("why", "scaled").stdout
    assert re.search(
        rf"(?m)^Made last  20.* by run {run}, data version .*\nAccepted   20.*, as current for the code of that", told
    )
    accepted = json.loads(orrery("why", "scaled", "--json").stdout)["last"]
    assert (accepted["time"], accepted["run_id"]) == (before["time"], before["run_id"])  # it is no younger for that
    assert accepted["accepted"]["time"] > accepted["time"]
    edit(tmp_path, "FACTOR = 2.0", "FACTOR = 3")
    orrery("plan", code=3)


def test_what_cannot_be_accepted_is_told(orrery: Orrery) -> None:
    """With the reason: nothing is there to be called current."""
    assert "left out scaled: never materialized" in orrery("accept", "scaled").stdout


def test_two_runs_of_an_asset_are_compared(orrery: Orrery, tmp_path: Path) -> None:
    """By what they were made from, and by the value."""
    orrery("materialize", "*")
    edit(tmp_path, "FACTOR = 2", "FACTOR = 3")
    orrery("materialize", "*")
    first = json.loads(orrery("why", "scaled", "--json").stdout)["last"]["run_id"]
    edit(tmp_path, "FACTOR = 3", "FACTOR = 4")
    orrery("materialize", "*")
    second = json.loads(orrery("why", "scaled", "--json").stdout)["last"]["run_id"]
    told = json.loads(orrery("diff", "scaled", first, second[:8], "--json").stdout)
    assert [reason["subject"] for reason in told["reasons"]] == ["project:FACTOR"]
    assert told["data_versions"][0] != told["data_versions"][1]
    assert json.loads(orrery("diff", "scaled", "--json").stdout) == told
    assert json.loads(orrery("diff", "scaled", first, "--json").stdout) == told
    assert "Run 'nobody' did not make asset 'scaled'" in orrery("diff", "scaled", first, "nobody", code=2).stderr


def test_refresh_runs_an_asset_above_and_only_what_its_change_touches(orrery: Orrery, tmp_path: Path) -> None:
    """Its value is the same here, so nothing else runs."""
    orrery("materialize", "*")
    assert "1 done, 2 skipped" in orrery("materialize", "total", "--reuse", "--refresh", "raw").stdout
    assert "without --reuse all runs" in orrery("materialize", "total", "--force", "raw", code=2).stderr


def test_a_project_with_and_without_partitions_is_planned_as_one(orrery: Orrery, tmp_path: Path) -> None:
    """No partition is named: of assets that have some it is told how they stand."""
    edit(tmp_path, "from orrery import Config, Definitions, asset", "from orrery import *")
    edit(tmp_path, "assets=[raw, scaled, total]", "assets=[raw, scaled, total, weighed, named]")
    edit(
        tmp_path,
        "defs =",
        "@asset(partitions_def=StaticPartitionsDefinition(['a', 'b', 'c']))\n"
        "def weighed(context, raw):\n    return scale(len(context.partition_key))\n\n\n"
        "@asset(partitions_def=StaticPartitionsDefinition(['x']))\ndef named(context):\n    return 1\n\n\ndefs =",
    )
    orrery("materialize", "raw", "named", "--partition", "x")
    orrery("materialize", "weighed", "--partition", "b")
    told = orrery("plan", code=3).stdout
    assert "weighed  3 partitions: 2 missing (a, c), 1 current" in told
    assert "named    1 partition: all current" in told
    assert "2 steps to run; 1 current" in told
    assert "2 partitions to make, by: orrery backfill '*' --stale" in told
    assert (
        "by: orrery backfill weighed 'named or raw' --stale" in orrery("plan", "weighed", "named or raw", code=3).stdout
    )
    document = json.loads(orrery("plan", "--json", code=3).stdout)
    (weighed,) = [each for each in document["partitions"] if each["asset"] == "weighed"]
    assert weighed["counts"] == {"current": 1, "missing": 2, "out_of_date": 0}
    assert weighed["ranges"]["missing"] == [["a", "a"], ["c", "c"]]
    assert "orrery why weighed a" in orrery("why", "weighed", code=3).stdout
    assert "weighed [b] is current" in orrery("why", "weighed", "b").stdout
    assert "no run makes this plan" in orrery("plan", "-o", "plan.json", code=2).stderr
    assert not (tmp_path / "plan.json").exists()
    assert "accept each by --partition KEY" in orrery("accept", "*").stdout
    orrery("backfill", "*", "--stale")
    assert "0 partitions to make" in orrery("plan").stdout
    edit(tmp_path, "FACTOR = 2", "FACTOR = 2.0")
    told = json.loads(orrery("accept", "weighed", "--partition-range", "a...b", "--json").stdout)
    assert told == {"accepted": ["weighed[a]", "weighed[b]"], "left_out": {}}
    assert "1 out of date (c), 2 current" in orrery("plan", "weighed", code=3).stdout
    assert "say what to run" in orrery("accept", "*", "--partition", "a", "--partition-range", "a...b", code=2).stderr
    assert "'y'" in orrery("accept", "named", "--partition-range", "x...y", code=2).stderr
    assert "have partitions" in orrery("accept", "raw", "--partition-range", "a...b", code=2).stderr


def test_a_plan_of_partitions_looks_at_sources(orrery: Orrery, tmp_path: Path) -> None:
    edit(tmp_path, "from orrery import Config, Definitions, asset", "from orrery import *")
    edit(tmp_path, "assets=[raw, scaled, total]", "assets=[raw, scaled, total, prices, report]")
    edit(
        tmp_path,
        "defs =",
        "prices = AssetSpec('prices', probe=file_probe('prices.csv'))\n\n\n"
        "@asset(partitions_def=StaticPartitionsDefinition(['a', 'b']), deps=[prices])\n"
        "def report():\n    return open('prices.csv').read()\n\n\ndefs =",
    )
    prices = tmp_path / "prices.csv"
    prices.write_text("1")
    orrery("backfill", "report")
    assert "report  2 partitions: all current" in orrery("plan", "report").stdout
    prices.write_text("two")
    assert "report  2 partitions: 2 out of date" in orrery("plan", "report", code=3).stdout
    assert "2 made" in orrery("backfill", "report", "--stale").stdout
    prices.unlink()
    assert "prices.csv" in orrery("plan", "report", code=1).stderr


def test_why_knows_what_can_only_be_made_together(orrery: Orrery, tmp_path: Path) -> None:
    """Above the asset stands one of two that one function makes."""
    edit(tmp_path, "from orrery import Config, Definitions, asset", "from orrery import *")
    edit(tmp_path, "assets=[raw, scaled, total]", "assets=[both, middle, last]")
    edit(
        tmp_path,
        "defs =",
        "@multi_asset(outs={'left': AssetOut(), 'right': AssetOut()}, partitions_def=StaticPartitionsDefinition(['x']))\n"
        "def both():\n    return 1, 2\n\n\n"
        "@asset\ndef middle(left: dict):\n    return 1\n\n\n"
        "@asset(partitions_def=StaticPartitionsDefinition(['a']))\ndef last(middle):\n    return 1\n\n\ndefs =",
    )
    orrery("backfill", "*")
    assert "middle is current" in orrery("why", "middle").stdout
    assert "last [a] is current" in orrery("why", "last", "a").stdout
