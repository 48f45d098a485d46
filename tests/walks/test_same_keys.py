"""What a value is made from has one name in all processes: other hash seeds, working folders and places of the project."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCES = str(Path(__file__).parents[2] / "src")

HELPERS = """
WEIGHTS = {"b": 2, "a": 1, "c": {"deep": {3, 1, 2}}}
NAMES = frozenset({"north", "south", "east", "west", "up", "down"})


class Scale:
    factor = 3

    def of(self, number):
        return number * self.factor


def weighed(number):
    return Scale().of(number) + sum(WEIGHTS[each] for each in ("a", "b"))
"""

PROJECT = """
import json
import os
import sys

import pyarrow

from helpers import NAMES, WEIGHTS, weighed
from orrery import Config, Definitions, Instance, asset, materialize


class Settings(Config):
    limits: dict[str, int] = {"y": 2, "x": 1}


NUMBER = {"int": 1, "float": 1.0, "bool": True}


@asset
def names() -> dict:
    return {name: len(name) for name in NAMES}  # in the order of the hashes


@asset
def unordered() -> set:
    return set(NAMES)


@asset
def frame() -> pyarrow.Table:
    rows = pyarrow.table({"number": list(range(100)), "name": ["a", "b"] * 50})
    size = int(os.environ.get("CHUNK", "100"))
    return pyarrow.concat_tables([rows.slice(start, size) for start in range(0, 100, size)])


@asset
def number() -> object:
    return NUMBER[os.environ.get("NUMBER", "int")]


def band(low, *, among=WEIGHTS):
    @asset(name=f"band_{low}")
    def made(names, unordered, frame, number, config: Settings) -> int:
        return weighed(low) + len(names) + len(unordered) + frame.num_rows + len(among) + sum(config.limits.values())

    return made


bands = [band(low) for low in (1, 2)]

if __name__ == "__main__":
    home, force = sys.argv[1], json.loads(sys.argv[2])
    with Instance.local_temp(home) as instance:
        config = {"ops": {each.key.to_user_string(): {"config": {"limits": json.loads(sys.argv[3])}} for each in bands}}
        result = materialize(
            [names, unordered, frame, number, *bands],
            instance=instance,
            reuse=True,
            force=force,
            run_config=config,
            on_event=lambda entry: None,
        )
    print(json.dumps(sorted(each.step_key for each in result.all_events if each.event_type_value == "STEP_START")))
"""


def ran(
    project: Path, home: Path, cwd: Path, seed: str, force: Any = None, limits: str = '{"x": 1, "y": 2}', **more: str
) -> Any:
    """Bring the project up to date in a process of its own, and return the names of what ran."""
    done = subprocess.run(
        [sys.executable, project / "project.py", home, json.dumps(force), limits],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": SOURCES, "PYTHONHASHSEED": seed, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of a project."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "helpers.py").write_text(HELPERS)
    (folder / "project.py").write_text(PROJECT)
    return folder


def test_keys_are_the_same_in_all_processes(project: Path, tmp_path: Path) -> None:
    """What one process made, another one uses; values count by content, and 1, 1.0 and True are three."""
    home, here, there = tmp_path / "home", tmp_path, tmp_path / "elsewhere"
    home.mkdir()
    shutil.copytree(project, there)
    bands = ["band_1", "band_2"]
    roots = ["frame", "names", "number", "unordered"]
    assert ran(project, home, project, "0") == [*bands, *roots]
    assert ran(project, home, here, "1", limits='{"y": 2, "x": 1}') == []
    assert ran(there, home, there, "4242") == []
    assert ran(project, home, here, "7", force=roots, CHUNK="7") == roots
    assert ran(project, home, here, "8", force="number", NUMBER="float") == [*bands, "number"]
    assert ran(project, home, here, "9", force="number", NUMBER="bool") == [*bands, "number"]
    assert ran(project, home, here, "random", limits='{"x": 1, "y": 3}') == bands
