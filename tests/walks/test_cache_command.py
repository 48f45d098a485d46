"""``orrery cache``: what a project's caches hold, given to others and taken from them."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.command import run_command

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
    environment = {**os.environ, "ORRERY_HOME": str(folder / "home")}
    done = run_command(*arguments, "-f", "project.py", cwd=folder, env=environment)
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
        "healed": [],
        "missing": [],
        "damaged": [],
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
    pushed = document(tmp_path, "push", "second", "nobody", code=1)
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


def blob(folder: Path, size: int) -> Path:
    """Return the only blob of this size below *folder*."""
    (found,) = [path for path in (folder / "blobs").glob("*/*") if path.stat().st_size == size]
    return found


def test_what_is_damaged_or_gone_on_one_side_is_healed_from_the_other(tmp_path: Path) -> None:
    """Bytes that are gone by themselves; others where each is read. A damaged copy goes nowhere."""
    cache, shared = tmp_path / "cache", tmp_path / "shared"
    orrery(tmp_path, "materialize", "*")
    blob(shared, 4).unlink()
    told = orrery(tmp_path, "cache", "verify", "--remote", code=1)
    assert "asset 'first' is gone (first in shared, " in told
    assert "0 damaged values, 1 value gone" in told
    assert "cache push --verify" in told
    pushed = document(tmp_path, "push")
    assert (pushed["names"], pushed["healed"], pushed["bytes"]) == ([], ["first"], 4)
    assert blob(shared, 4).read_text() == "text"

    blob(shared, 4).write_text("tezt")
    assert document(tmp_path, "push")["healed"] == []
    assert document(tmp_path, "push", "--verify")["healed"] == ["first"]
    assert blob(shared, 4).read_text() == "text"

    blob(cache, 8).write_text("damaged!")
    told = orrery(tmp_path, "cache", "verify", code=1)
    assert "asset 'second' is damaged (second in cache, " in told
    assert "1 damaged value, 0 values gone" in told
    assert document(tmp_path, "push", "--verify")["damaged"] == []  # that of the remote place is good
    assert document(tmp_path, "pull", "--verify")["healed"] == ["second"]
    assert blob(cache, 8).read_text() == "texttext"

    blob(cache, 8).write_text("damaged!")
    blob(shared, 8).unlink()
    assert document(tmp_path, "push", code=1)["damaged"] == ["second"]
    assert not list(shared.glob("blobs/*/" + blob(cache, 8).name))
    assert "second is damaged or gone on both sides" in orrery(tmp_path, "cache", "pull", "--verify", code=1)


def test_what_made_room_is_told_apart_from_what_is_gone(tmp_path: Path) -> None:
    """A cache lets go of copies; a place that nothing lies over does not."""
    orrery(tmp_path, "materialize", "*")
    blob(tmp_path / "cache", 4).unlink()
    assert document(tmp_path, "verify")["faults"] == []
    assert document(tmp_path, "status")["names_without_value"] == 1
    assert "1 of them without their value" in orrery(tmp_path, "cache", "status")
    assert document(tmp_path, "pull")["healed"] == ["first"]
    assert document(tmp_path, "status")["names_without_value"] == 0


def test_what_a_process_that_died_left_unfinished_is_counted_and_removed(tmp_path: Path) -> None:
    """At any depth; that of a process which lives is not."""
    orrery(tmp_path, "materialize", "*")
    folder = blob(tmp_path / "cache", 4).parent
    died = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, sys; from orrery.runtime.files.temporary import open_temporary; "
            "fd, path, _ = open_temporary(sys.argv[1]); os.write(fd, b'half'); print(path, flush=True); os._exit(9)",
            str(folder / "value"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    left = Path(died.stdout.strip())
    assert left.is_file()
    status = document(tmp_path, "status")
    assert (status["values"], status["unfinished_files"], status["unfinished_bytes"]) == (2, 1, 4)
    assert "unfinished" in orrery(tmp_path, "cache", "status")
    told = orrery(tmp_path, "cache", "gc", "--dry-run")
    assert "1 unfinished file would go, 4 bytes" in told
    assert left.name in told
    assert left.is_file()
    assert document(tmp_path, "gc")["unfinished_files"] == [str(left)]
    assert not left.exists()


def test_a_name_that_cannot_be_read_is_told_and_its_value_stays(tmp_path: Path) -> None:
    """Nobody knows which one it means; from the other side it is written again."""
    orrery(tmp_path, "materialize", "*")
    (tmp_path / "cache" / "names" / "first.json").write_text('{"dig')
    assert "asset 'first' is damaged (first in cache, the name itself)" in orrery(tmp_path, "cache", "verify", code=1)
    told = orrery(tmp_path, "cache", "gc", "--older-than", "0")
    assert "0 values went" in told
    assert "no value goes while a name cannot be read: first" in told
    assert document(tmp_path, "pull")["names"] == ["first"]
    assert document(tmp_path, "verify")["faults"] == []


def test_a_place_that_takes_no_more_is_named(tmp_path: Path) -> None:
    """Not taken for the output of the command; a limit of the system stands for a full disk."""
    project = PROJECT.replace('"text"', '"text" * 500_000')
    orrery(tmp_path, "materialize", "*", project=project)
    shutil.rmtree(tmp_path / "cache")
    command = f"ulimit -f 1500 && exec {shlex.quote(sys.executable)} -m orrery cache pull -f project.py"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "ORRERY_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert f"{tmp_path / 'cache' / 'blobs'}/" in done.stderr and "cannot be used: File too large." in done.stderr
    assert "Standard output" not in done.stderr and "Traceback" not in done.stderr
