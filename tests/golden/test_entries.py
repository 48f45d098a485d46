"""
The stored form of entries does not change by accident.

``entries.v1.txt`` holds one line per kind: its name and its JSON. If a change is meant, raise the
version or see that the old lines can still be read, then write the file anew:
``python tests/golden/test_entries.py``.
"""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from entries import ENTRIES, EVENTS  # noqa: E402

from orrery.model.events import build, payloads  # noqa: E402
from orrery.model.events.entry import decode_entry, encode_entry  # noqa: E402

GOLDEN = HERE / "entries.v1.txt"


def lines() -> dict[str, str]:
    return dict(line.split(" ", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_is_written_as_it_always_was(name: str) -> None:
    assert encode_entry(ENTRIES[name]).decode() == lines()[name]


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_that_was_written_is_read(name: str) -> None:
    assert decode_entry(lines()[name]) == ENTRIES[name]


def test_no_line_is_left_over() -> None:
    assert lines().keys() == ENTRIES.keys()


def test_every_builder_is_among_them() -> None:
    assert set(build.__all__) - {"StepRef"} <= {name.split("_of_")[0] for name in EVENTS} | EVENTS.keys()


def test_every_payload_is_among_them() -> None:
    shown = {type(event.event_specific_data).__name__ for event in EVENTS.values()}
    every = {kind.__name__ for kind in payloads.EventPayload.__args__}
    assert every - shown == {"UnknownData"}


if __name__ == "__main__":
    text = "".join(f"{name} {encode_entry(entry).decode()}\n" for name, entry in ENTRIES.items())
    GOLDEN.write_text(text, encoding="utf-8")
