"""What ``orrery cache`` tells of several stores, of which one cannot be used."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.cache.blobs import BlobStore
from orrery.adapters.cache.stored import BlobIOManager
from orrery.cli.app import run

PROJECT = """
from orrery import BlobIOManager, CachedIOManager, Definitions

stores = {"a": CachedIOManager("there-a", local="a"), "b": CachedIOManager("there-b", local="b"), "c": BlobIOManager("c")}
defs = Definitions(assets=[], resources=stores)
"""

Command = Callable[..., int]


@pytest.fixture
def orrery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return the command, in the folder of a project with three stores of one value each; the names of ``b`` cannot be listed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORRERY_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "project.py").write_text(PROJECT)
    for name in ("a", "b", "c"):
        BlobIOManager(name).keep("value", b"bytes", "bytes", run_id=None)
    (tmp_path / "b" / "names").rename(tmp_path / "b" / "names-elsewhere")
    (tmp_path / "b" / "names").symlink_to("names")
    return lambda *words: run(["cache", *words, "-f", "project.py"])


@pytest.mark.parametrize(
    ("words", "told_of"),
    [
        (["status"], ["a", "c"]),
        (["gc", "--older-than", "0"], ["a", "c"]),
        (["verify"], ["c"]),
        (["push"], ["a"]),
        (["pull"], ["a"]),
    ],
)
def test_an_error_of_one_store_hides_nothing_of_the_others(
    orrery: Command, words: list[str], told_of: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes last, names the store, and the exit code is 1."""
    if words == ["verify"]:
        next(Path("c/blobs").glob("*/*")).write_text("other")
    if words == ["pull"]:
        for name in ("a", "b"):
            os.rename(name, f"there-{name}")
    assert orrery(*words) == 1
    told = capsys.readouterr()
    for name in told_of:
        assert any(line.startswith((f"{name}:", f"{name} ")) for line in told.out.splitlines())
    assert told.err.startswith("Error: b: It is refused to list ")

    assert orrery(*words, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert {*told_of} <= {store["resource"] for store in document["stores"]}
    (error,) = document["errors"]
    assert (error["resource"], error["code"]) == ("b", "remote-value")
    assert "It is refused to list" in error["message"]


def test_what_went_before_an_error_is_told(orrery: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Names are told as they are copied: those that went before a place could not be read went."""
    BlobIOManager("a").keep("later", b"more", "bytes", run_id=None)
    Path("there-a/names/value.json").mkdir(parents=True)
    assert orrery("push") == 1
    told = capsys.readouterr()
    assert "a: later\n" in told.out
    assert "a: 1 name, 4 bytes" in told.out
    assert "Error: a: " in told.err
    assert orrery("push", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert [error["resource"] for error in document["errors"]] == ["a", "b"]


def test_without_errors_there_is_none_in_the_document(orrery: Command, capsys: pytest.CaptureFixture[str]) -> None:
    Path("b/names").unlink()
    Path("b/names-elsewhere").rename("b/names")
    assert orrery("status", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["errors"] == []
    assert [(store["resource"], store["names"], store["values"]) for store in document["stores"]] == [
        (name, 1, 1) for name in ("a", "b", "c")
    ]


def test_nothing_is_collected_where_the_names_cannot_be_listed(orrery: Command) -> None:
    """No name is not what that means."""
    assert orrery("gc", "--older-than", "0") == 1
    assert len(BlobStore("b").blobs()) == 1


def test_a_store_is_listed_once_for_its_status(orrery: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its names and its values; so is what each name stands for read."""
    listed: list[str] = []
    read: list[str] = []
    files, pointer = BlobStore._files, BlobStore.read_pointer

    def listing(store: BlobStore, folder: str) -> Any:
        listed.append(os.path.relpath(folder))
        return files(store, folder)

    def reading(store: BlobStore, name: str) -> Any:
        read.append(name)
        return pointer(store, name)

    monkeypatch.setattr(BlobStore, "_files", listing)
    monkeypatch.setattr(BlobStore, "read_pointer", reading)
    orrery("status")
    assert [each for each in listed if each.startswith("c/")] == ["c/names", "c/blobs"]
    assert len(read) == 2  # of a and c


@pytest.mark.parametrize("given", ["-1", "nan", "inf", "-inf", "1e400", "", " ", "a day", "1h", "-0.001"])
def test_what_is_no_number_of_seconds_is_refused_before_anything_goes(
    orrery: Command, given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told with the option, and what to write."""
    kept = BlobStore("c")
    kept.remove_pointer("value")
    assert orrery("gc", f"--older-than={given}") == 2
    told = capsys.readouterr().err
    assert told.startswith(
        f"Error: Invalid value for '--older-than': '{given}' is no number of seconds from zero on.\n"
    )
    assert "  Try: write --older-than 60 for a minute" in told
    assert "orrery cache gc --help" in told
    assert len(kept.blobs()) == 1


def test_seconds_may_be_none_and_parts_of_one(orrery: Command) -> None:
    kept = BlobStore("c")
    kept.remove_pointer("value")
    orrery("gc", "--older-than", "0.5e4")
    assert len(kept.blobs()) == 1
    orrery("gc", "--older-than", "0")
    assert len(kept.blobs()) == 0


PARTITIONED = """
from orrery import BlobIOManager, Definitions, StaticPartitionsDefinition, asset


@asset(key=["Sales", "by day"], partitions_def=StaticPartitionsDefinition(["a/b", "c"]))
def sales(context):
    return f"sales of {context.partition_key}"


@asset
def report():
    return "report"


defs = Definitions(assets=[sales, report], resources={"io_manager": BlobIOManager("values")})
"""


def test_a_fault_names_the_asset_and_the_partition_that_the_event_log_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name alone is told where it knows none; where it cannot be read, that is told, too."""
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    monkeypatch.setenv("ORRERY_HOME", str(home))
    home.mkdir()
    Path("project.py").write_text(PARTITIONED)
    for partition in ("a/b", "c"):
        assert run(["materialize", "*", "--partition", partition, "-f", "project.py"]) == 0
    store = BlobIOManager("values")
    store.keep("strange", b"strange", "bytes", run_id=None)
    damaged = {"sales of a/b": "Sales/by day", "report": "report", "strange": None}
    for blob in Path("values/blobs").glob("*/*"):
        if blob.read_text() in damaged:
            blob.write_text("damage")
    capsys.readouterr()

    assert run(["cache", "verify", "-f", "project.py"]) == 1
    told = capsys.readouterr().out
    assert (
        "io_manager: asset 'Sales/by day', partition 'a/b' is damaged (%53ales/by%20day/partition=a%2fb in values, "
        in told
    )
    assert "io_manager: asset 'report' is damaged (report in values, " in told
    assert "io_manager: strange is damaged (in values, " in told

    assert run(["cache", "verify", "-f", "project.py", "--json"]) == 1
    (told_of,) = json.loads(capsys.readouterr().out)["stores"]
    assert sorted(
        (value for fault in told_of["faults"] for value in fault["values"]), key=lambda each: each["name"]
    ) == [
        {"name": "%53ales/by%20day/partition=a%2fb", "asset": "Sales/by day", "partition": "a/b"},
        {"name": "report", "asset": "report", "partition": None},
        {"name": "strange", "asset": None, "partition": None},
    ]

    (home / "orrery.db").write_bytes(b"no database")
    assert run(["cache", "verify", "-f", "project.py"]) == 1
    told_last = capsys.readouterr()
    assert "io_manager: report is damaged" in told_last.out
    assert "3 damaged values" in told_last.out
    assert told_last.err.startswith("Error: event log: ")
