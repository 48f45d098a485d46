"""What is known of the heads of files, while these are what they were."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from orrery.runtime.files.known_heads import Head, KnownHeads


class Files:
    """A folder, and how often a head was read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read: list[str] = []

    def write(self, name: str, text: str, *, seconds_ago: float = 0.0) -> None:
        (self.folder / name).write_text(text)
        if not seconds_ago:
            return
        time.sleep(seconds_ago)  # nobody can set the time of the last change of any kind

    def of(self, known: KnownHeads, name: str) -> str | None:
        def read(path: str) -> Head | None:
            self.read.append(os.path.basename(path))
            return Head(Path(path).read_text())

        found = known.among(str(self.folder), (name,), read).get(name)
        return None if found is None else found.content


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "values").mkdir()
    return Files(tmp_path / "values")


def test_a_head_is_read_once_until_the_file_changes(files: Files) -> None:
    known = KnownHeads(None)
    files.write("a", "one", seconds_ago=0.05)
    assert [files.of(known, "a"), files.of(known, "a")] == ["one", "one"]
    assert files.read == ["a"]
    files.write("a", "two", seconds_ago=0.05)  # of the same length, in the same file
    assert [files.of(known, "a"), files.of(known, "a")] == ["two", "two"]
    assert files.read == ["a", "a"]
    (files.folder / "other").write_text("six")
    os.replace(files.folder / "other", files.folder / "a")
    assert files.of(known, "a") == "six"


def test_a_file_that_has_just_changed_is_read_again(files: Files) -> None:
    """The next change might bear the same time."""
    known = KnownHeads(None)
    for text in ("one", "two", "six"):
        files.write("a", text)
        assert files.of(known, "a") == text
    assert len(files.read) == 3


def test_what_is_not_there_has_no_head(files: Files) -> None:
    known = KnownHeads(None)
    assert files.of(known, "a") is None
    files.write("a", "one", seconds_ago=0.05)
    assert files.of(known, "a") == "one"
    os.unlink(files.folder / "a")
    assert files.of(known, "a") is None
    files.write("b", "one")
    assert known.among(str(files.folder / "b"), ("below a file",), lambda path: Head("")) == {}


def test_later_processes_know_what_was_read(files: Files, tmp_path: Path) -> None:
    place = str(tmp_path / "known")
    first = KnownHeads(place)
    for number in range(5):
        files.write(f"{number}", f"{number}")
    time.sleep(0.05)
    assert [files.of(first, f"{number}") for number in range(5)] == [str(number) for number in range(5)]
    first.save()
    files.read.clear()
    second = KnownHeads(place)
    assert [files.of(second, f"{number}") for number in range(5)] == [str(number) for number in range(5)]
    assert files.read == []
    Path(place).write_bytes(b"damaged")
    assert files.of(KnownHeads(place), "3") == "3"
    assert files.read == ["3"]
