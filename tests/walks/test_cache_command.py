"""``orrery cache``: what a project's caches hold, given to others and taken from them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = """
from orrery import CachedIOManager, Definitions, asset


@asset
def first():
    return "text"


@asset
def second(first):
    return first * 2


defs = Definitions(assets=[first, second], resources={"io_manager": CachedIOManager("shared", local="cache")})
"""

pytestmark = pytest.mark.walk


def orrery(folder: Path, *arguments: str, code: int = 0, project: str = PROJECT) -> str:
    """Run the command in *folder*."""
    (folder / "home").mkdir(exist_ok=True)
    (folder / "project.py").write_text(project)
    done = subprocess.run(
        [sys.executable, "-m", "orrery", *arguments, "-f", "project.py"],
        cwd=folder,
        env={**os.environ, "ORRERY_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def document(folder: Path, *arguments: str, code: int = 0) -> Any:
    """Return the one store of the JSON document that the command prints."""
    (store,) = json.loads(orrery(folder, "cache", *arguments, "--json", code=code))["stores"]
    return store


def test_values_are_kept_verified_collected_and_copied(tmp_path: Path) -> None:
    """From the first run to a cache that was lost."""
    orrery(tmp_path, "materialize", "*")
    kept = document(tmp_path, "status")
    assert (kept["names"], kept["values"], kept["bytes"]) == (2, 2, 12)
    assert kept["remote"] == str(tmp_path / "shared")
    assert document(tmp_path, "verify")["damaged"] == []
    (tmp_path / "cache" / "names" / "second.json").unlink()
    assert document(tmp_path, "gc", "--dry-run", "--older-than", "0")["bytes"] == 8
    assert document(tmp_path, "gc", "--older-than", "0")["values"] == 1
    pulled = document(tmp_path, "pull")
    assert pulled == {
        "resource": "io_manager",
        "names": ["second"],
        "bytes": 8,
        "missing": [],
        "recorded": [],
        "refused": [],
    }
    (blob,) = [path for path in (tmp_path / "cache" / "blobs").glob("*/*") if path.stat().st_size == 4]
    blob.write_text("tezt")
    assert document(tmp_path, "verify", code=1)["damaged"] == [blob.name]
    (there,) = [path for path in (tmp_path / "shared" / "blobs").glob("*/*") if path.stat().st_size == 8]
    there.write_text("texttexd")
    assert document(tmp_path, "verify", "--remote", code=1)["damaged"] == sorted([blob.name, there.name])
    there.write_text("texttext")
    for path in (tmp_path / "shared" / "names").iterdir():
        path.unlink()
    pushed = document(tmp_path, "push", "second", "nobody")
    assert (pushed["names"], pushed["bytes"], pushed["missing"]) == (["second"], 0, ["nobody"])
    assert "io_manager" in orrery(tmp_path, "cache", "status")


def test_a_machine_with_a_home_of_its_own_skips_what_another_one_made(tmp_path: Path) -> None:
    """After a push there and a pull here; a change of the code counts as it does at home."""
    first, second = tmp_path / "first", tmp_path / "second"
    for each in (first, second):
        each.mkdir()
        (each / "shared").symlink_to(tmp_path / "shared")
    (tmp_path / "shared").mkdir()
    orrery(first, "materialize", "*")
    assert document(first, "push")["recorded"] == ["first", "second"]
    assert "2 steps to run" in orrery(second, "plan", code=3)
    assert document(second, "pull")["recorded"] == ["first", "second"]
    assert "2 skipped" in orrery(second, "materialize", "*", "--reuse")
    assert "pulled" in orrery(second, "why", "second")
    orrery(first, "materialize", "*")  # a later run: what was pushed is not its record
    assert document(second, "pull")["recorded"] == []


def test_a_pull_says_what_is_refused_here(tmp_path: Path) -> None:
    """Pickles that another instance signed, by name; nothing is said of other formats."""
    first, second = tmp_path / "first", tmp_path / "second"
    for each in (first, second):
        each.mkdir()
        (each / "shared").symlink_to(tmp_path / "shared")
    (tmp_path / "shared").mkdir()
    pickles = PROJECT.replace("first * 2", "[first]")
    orrery(first, "materialize", "*", project=pickles)
    assert "second is a pickle that this instance did not sign" in orrery(second, "cache", "pull", project=pickles)
