"""
Rows of events, read back as records.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from orrery.adapters.storage.sql.tables import events, run_keys
from orrery.model.events.compact import unpack_entry
from orrery.model.events.entry import EventLogRecord

__all__ = ["record_of", "select_records"]


def select_records() -> Select[Any]:
    """Return the selection of what a record is made of; conditions speak of ``events``."""
    columns = (events.c.id, events.c.kind, events.c.at, events.c.body, run_keys.c.run_id)
    return select(*columns).join(run_keys, run_keys.c.id == events.c.run)


def record_of(row: Any) -> EventLogRecord:
    """Return the record of a row of ``select_records``."""
    return EventLogRecord(row[0], unpack_entry(row[3], row[1], row[4], row[2]))
