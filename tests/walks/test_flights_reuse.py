"""``make demo`` for the second time: what did not change is not run, and a change runs exactly what it touches."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.command import run_command

pytest.importorskip("polars", reason="the example reads with polars: pip install 'orrery[examples]'")
pytest.importorskip("numpy", reason="the example reckons with numpy: pip install 'orrery[examples]'")
pytest.importorskip("matplotlib", reason="the example draws with matplotlib: pip install 'orrery[examples]'")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flights"
BANDS = {f"delayed_{band}/flights_with_weather" for band in ("15_to_30", "30_to_60", "60_and_more")}

pytestmark = pytest.mark.walk


CHECKS = 10
ASSETS = 18 if shutil.which("node") else 17
"""Steps that make assets; one of them is a program for Node."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the example after its first run."""
    root = tmp_path_factory.mktemp("repository")
    copy = root / "examples" / "flights"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns(".orrery", "__pycache__"))
    client = Path("packages", "orrery-pipes-js")  # the program for Node finds it where it is in the repository
    shutil.copytree(EXAMPLE.parents[1] / client, root / client, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "home").mkdir()
    assert orrery(copy, "materialize", "*", "--reuse", "--json")[-1]["done"] == ASSETS + CHECKS
    return copy


def orrery(folder: Path, *arguments: str, code: int = 0) -> list[Any]:
    """Run the command and return the JSON documents that it prints."""
    environment = {**os.environ, "ORRERY_HOME": str(folder / "home")}
    done = run_command(*arguments, cwd=folder, env=environment, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def edit(folder: Path, file: str, old: str, new: str) -> None:
    """Change a file of the copy."""
    path = folder / "flights" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_the_second_run_skips_all_and_says_what_that_saved(folder: Path) -> None:
    """Checks are evaluated again, by the stored values."""
    result = orrery(folder, "materialize", "*", "--reuse", "--json")[-1]
    assert (result["skipped"], result["done"]) == (ASSETS, CHECKS)
    assert result["saved_seconds"] > 0


def test_a_comment_in_the_factory_runs_nothing(folder: Path) -> None:
    """Nor does a docstring."""
    edit(folder, "bands.py", "#: From (inclusive)", "# A comment.\n#: From (inclusive)")
    (plan,) = orrery(folder, "plan", "--json")
    assert plan["is_current"]


def test_a_constant_of_the_factory_runs_the_bands_and_what_follows(folder: Path) -> None:
    """Nothing else."""
    edit(folder, "bands.py", '"dep_delay") >= low', '"dep_delay") >= low + 0.5')
    (plan,) = orrery(folder, "plan", "--json", code=3)
    certain = {
        name for step in plan["steps"] if step["action"] == "run" and step["is_certain"] for name in step["assets"]
    }
    maybe = {name for step in plan["steps"] if not step["is_certain"] for name in step["assets"]}
    assert certain == BANDS
    assert maybe == {"report"}
    lines = orrery(folder, "materialize", "*", "--reuse", "--json")
    started = {line["step"] for line in lines if line["event"] == "step_started"}
    made = {step["step"] for step in lines[-1]["steps"] if step["state"] == "done" and step["step"] in started}
    assert {name.replace("/", "__") for name in BANDS} <= made
    assert "raw_flights" not in started
    assert not any("model" in name for name in started if ":" not in name)
