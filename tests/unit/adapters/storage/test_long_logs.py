"""The log of a long run is read without pauses."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.testing.conformance.samples import materialized


def test_the_garbage_collector_waits_while_a_long_log_is_read(tmp_path: Path) -> None:
    """All entries stay, so that looking through them frees nothing; afterwards it works as before."""
    storage = SqliteStorage(str(tmp_path / "orrery.db"))
    storage.store_entries([materialized("a", partition=str(number)) for number in range(3_000)])
    storage.flush()
    collections: list[str] = []

    def note(phase: str, _info: dict[str, Any]) -> None:
        collections.append(phase)

    gc.collect()
    gc.callbacks.append(note)
    try:
        read = storage.get_records_for_run("run-1").records
        during = [phase for phase in collections if phase == "start"]
    finally:
        gc.callbacks.remove(note)
    assert len(read) == 3_000
    assert len(during) <= 1  # one may follow at once when it works again
    assert gc.isenabled()
    storage.dispose()
