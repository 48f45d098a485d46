"""
The compact stored form of entries does not change by accident.

``entries.v2.txt`` holds one line per kind: its name and its row. If a change is meant, raise the version or see that the
old rows can still be read, then write the file anew: ``python tests/golden/test_compact_entries.py``.
"""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from entries import ENTRIES  # noqa: E402

from orrery.base.errors import StorageError  # noqa: E402
from orrery.model.events.compact import pack_entry, unpack_entry  # noqa: E402
from orrery.model.events.entry import EventLogEntry  # noqa: E402
from orrery.model.events.payloads import UnknownData  # noqa: E402

GOLDEN = HERE / "entries.v2.txt"


def lines() -> dict[str, str]:
    return dict(line.split(" ", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())


def read(body: str, entry: EventLogEntry) -> EventLogEntry:
    kind = None if entry.dagster_event is None else entry.dagster_event.event_type_value
    return unpack_entry(body.encode(), kind, entry.run_id, entry.timestamp)


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_is_written_as_it_always_was(name: str) -> None:
    assert pack_entry(ENTRIES[name]).decode() == lines()[name]


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_that_was_written_is_read(name: str) -> None:
    assert read(lines()[name], ENTRIES[name]) == ENTRIES[name]


def test_no_line_is_left_over() -> None:
    assert lines().keys() == ENTRIES.keys()


def test_a_payload_of_a_newer_release_is_kept() -> None:
    """As it is; so is a member that a newer release put at the end."""
    row = '[2,10,"","s","j",[{"type":"telepathy","who":"me"},0,0,0,0,null,null,null,null],null,"new"]'
    entry = unpack_entry(row.encode(), "STEP_TELEPATHY", "run-1", 1.0)
    assert entry.get_dagster_event().event_specific_data == UnknownData(kind="telepathy", data={"who": "me"})
    assert entry.get_dagster_event().step_key == entry.get_dagster_event().node_handle == "s"


@pytest.mark.parametrize("row", [b"[", b"[3,1]", b'[2,"x"]', b"[2,10]", b'[2,10,"","s","j",[7],null]', b"\xff", b""])
def test_a_damaged_row_is_told(row: bytes) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        unpack_entry(row, "STEP_START", "run-1", 1.0)


if __name__ == "__main__":
    text = "".join(f"{name} {pack_entry(entry).decode()}\n" for name, entry in ENTRIES.items())
    GOLDEN.write_text(text, encoding="utf-8")
