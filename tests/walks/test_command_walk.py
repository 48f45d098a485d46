"""
A person walks through a small project with the command: look, run, fail, look again.

Every step is a process of its own, as it is for that person; what one leaves, the next finds.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.walk

ORRERY = Path(sys.executable).with_name("orrery")

SHOP = """
import os
import signal

import orrery as og


class Discount(og.Config):
    percent: int = 0


@og.asset(group_name="raw")
def orders():
    return [10, 20, 30]


@og.asset(group_name="reports")
def revenue(context, config: Discount, orders: list):
    total = sum(orders) * (100 - config.percent) // 100
    context.add_output_metadata({"total": total})
    return total


@og.asset_check(asset=revenue)
def positive(revenue):
    return og.AssetCheckResult(passed=revenue > 0)


@og.asset(group_name="reports")
def broken(orders):
    raise ValueError("the printer is out of ink")


@og.asset
def reader_of_broken(broken):
    return broken


@og.asset
def endless():
    with open("begun", "w"):
        pass
    signal.pause()


defs = og.Definitions(
    assets=[orders, revenue, broken, reader_of_broken, endless],
    asset_checks=[positive],
    jobs=[og.define_asset_job("daily", selection=["orders", "revenue"])],
)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project of one file, in a folder of its own."""
    (tmp_path / "pyproject.toml").write_text('[tool.orrery]\nmodule_name = "shop"\n', encoding="utf-8")
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    return tmp_path


def orrery(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in *folder*."""
    environment = {name: value for name, value in os.environ.items() if name != "ORRERY_HOME"}
    return subprocess.run(
        [str(ORRERY), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def told(folder: Path, *arguments: str) -> Any:
    """Run the command with ``--json`` and return the last line it prints."""
    done = orrery(folder, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_what_one_process_made_the_next_one_reads(shop: Path) -> None:
    assert told(shop, "materialize", "orders")["status"] == "success"
    assert told(shop, "materialize", "revenue")["status"] == "success"
    shown = told(shop, "show", "revenue")
    assert shown["materialization"]["metadata"]["total"] == 60
    assert [check["state"] for check in shown["checks"]] == ["passed"]
    runs = told(shop, "runs", "list")["runs"]
    assert [run["status"] for run in runs] == ["success", "success"]
    assert runs[0]["run_id"] == shown["materialization"]["run_id"]


def test_job_takes_config_and_tags(shop: Path) -> None:
    (shop / "half.yaml").write_text("ops:\n  revenue:\n    config:\n      percent: 50\n", encoding="utf-8")
    done = told(shop, "job", "run", "daily", "--config", "half.yaml", "--tag", "by=hand")
    assert done["status"] == "success"
    assert told(shop, "show", "revenue")["materialization"]["metadata"]["total"] == 30
    assert told(shop, "runs", "list")["runs"][0]["tags"]["by"] == "hand"


def test_failed_asset_ends_with_code_1_and_leaves_the_rest(shop: Path) -> None:
    done = orrery(shop, "materialize", "orders", "revenue", "broken", "reader_of_broken")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "the printer is out of ink" in said
    assert "shop.py" in said
    assert told(shop, "show", "revenue")["materialization"]["metadata"]["total"] == 60
    assert told(shop, "show", "broken")["materialization"] is None
    assert told(shop, "runs", "list")["runs"][0]["status"] == "failure"


def test_log_of_a_run_is_kept(shop: Path) -> None:
    orrery(shop, "materialize", "orders", "broken", "reader_of_broken")
    said = orrery(shop, "runs", "logs", "latest").stdout
    assert "the printer is out of ink" in said
    assert "reader_of_broken" in said


def test_unknown_asset_ends_with_code_2_and_the_nearest_name(shop: Path) -> None:
    done = orrery(shop, "materialize", "order")
    assert done.returncode == 2
    assert "orders" in done.stderr


def test_wrong_config_runs_nothing(shop: Path) -> None:
    (shop / "wrong.yaml").write_text("ops:\n  revenue:\n    config:\n      percnt: 50\n", encoding="utf-8")
    done = orrery(shop, "materialize", "orders", "revenue", "--config", "wrong.yaml")
    assert done.returncode != 0
    assert "percent" in done.stdout + done.stderr
    assert told(shop, "show", "orders")["materialization"] is None


def test_interrupted_run_ends_with_code_130_and_is_recorded(shop: Path) -> None:
    os.mkfifo(shop / "begun")
    environment = {name: value for name, value in os.environ.items() if name != "ORRERY_HOME"}
    with subprocess.Popen(
        [str(ORRERY), "materialize", "endless"],
        cwd=shop,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        (shop / "begun").read_bytes()  # the asset has begun
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    (run,) = told(shop, "runs", "list")["runs"]
    assert run["status"] in ("canceled", "failure")


def test_trace_of_a_run_is_a_file_that_perfetto_opens(shop: Path) -> None:
    done = orrery(shop, "materialize", "orders", "revenue", "--trace-out", "trace.json")
    assert done.returncode == 0, done.stderr
    trace = json.loads((shop / "trace.json").read_text(encoding="utf-8"))
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    names = " ".join(event["name"] for event in events)
    for name in ("orders", "revenue", "load_input", "handle_output"):
        assert name in names


def test_definitions_are_checked_without_running(shop: Path) -> None:
    assert orrery(shop, "check", "defs").returncode == 0
    (shop / "shop.py").write_text(
        SHOP.replace('@og.asset(group_name="raw")', '@og.asset(deps=["revenue"], group_name="raw")')
    )
    done = orrery(shop, "check", "defs")
    assert done.returncode == 1
    assert "orders" in done.stdout + done.stderr
    assert "revenue" in done.stdout + done.stderr


def test_folder_without_definitions_is_told_how_to_name_them(tmp_path: Path) -> None:
    done = orrery(tmp_path, "list", "assets")
    assert done.returncode == 2
    assert "tool.orrery" in done.stderr


def test_new_project_runs_at_once(tmp_path: Path) -> None:
    assert orrery(tmp_path, "init", "garden").returncode == 0
    project = tmp_path / "garden"
    assert told(project, "materialize", "*")["status"] == "success"
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout
