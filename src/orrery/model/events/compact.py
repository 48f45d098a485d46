"""
The compact stored form of an entry, for storages that keep run, instant and kind in columns of their own.

A row is a JSON list, without names and without what stands beside it: a third of ``encode_entry``, and quicker both
ways. What is said twice - the step and the job of an entry and of its event - is said once (``0`` stands for "the same").
``unpack_entry`` also reads rows in the long form, which earlier releases wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from orrery.base.wire import Decoder, from_wire, to_wire
from orrery.model.events.entry import EventLogEntry, as_known, damaged, decode_entry, given_text
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.event import Event, given_message
from orrery.model.events.payloads import EventPayload

__all__ = ["COMPACT_VERSION", "pack_entry", "unpack_entry"]

COMPACT_VERSION = 2
"""The first member of a row; the long form is version 1."""

_SAME = 0


# What `unpack_entry` reads; `pack_entry` writes plain tuples of the same form, which are made in half the time.


class _Event(msgspec.Struct, array_like=True, frozen=True, gc=False):
    data: EventPayload | None
    node_handle: str | int | None
    step_kind: str | int | None
    step_key: str | int | None
    job_name: str | int
    message: str | None
    pid: int | None
    step_handle: Any
    logging_tags: Mapping[str, str] | None


class _Entry(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=COMPACT_VERSION):
    level: int
    text: str
    step_key: str | None
    job_name: str | None
    event: _Event | None
    error_info: ErrorInfo | None


_encode = msgspec.json.Encoder(enc_hook=to_wire).encode
_decoder = Decoder(_Entry)


def pack_entry(entry: EventLogEntry) -> bytes:
    """
    Return what is stored of *entry* beside its run, its instant and its kind.

    >>> pack_entry(EventLogEntry(None, 20, "begin", "run-1", 0.5, "orders", "nightly"))
    b'[2,20,"begin","orders","nightly",null,null]'
    """
    event = entry.dagster_event
    step_key, job_name = entry.step_key, entry.job_name
    packed = None
    if event is not None:
        own_step, own_job, node, kind = event.step_key, event.job_name, event.node_handle, event.step_kind_value
        packed = (
            event.event_specific_data,
            _SAME if node == step_key and node is not None else node,
            _SAME if kind == "COMPUTE" else kind,
            _SAME if own_step == step_key else own_step,
            _SAME if own_job == job_name else own_job,
            given_message(event),
            event.pid,
            event.step_handle,
            event.logging_tags,
        )
    row = (COMPACT_VERSION, entry.level, given_text(entry), step_key, job_name, packed, entry.error_info)
    try:
        return _encode(row)
    except UnicodeEncodeError:
        # Text that UTF-8 cannot say (lone surrogates, as in the names of some files) is escaped.
        return json.dumps(msgspec.to_builtins(row, enc_hook=to_wire), separators=(",", ":")).encode()


def unpack_entry(body: bytes, kind: str | None, run_id: str, timestamp: float) -> EventLogEntry:
    """
    Return the entry of which *body* was stored beside the rest, in this release or another.

    Raises:
        StorageError: *body* is no such form.
    """
    if body[:1] != b"[":
        return decode_entry(body)
    try:
        row = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        row = _unpack_other(body)
    packed, step_key, job_name = row.event, row.step_key, row.job_name
    event = None
    if packed is not None and kind is not None:
        event = Event(
            kind,
            job_name if packed.job_name == _SAME else packed.job_name,  # type: ignore[arg-type]  # text, or the same
            packed.step_handle,
            step_key if packed.node_handle == _SAME else packed.node_handle,  # type: ignore[arg-type]  # text, or the same
            "COMPUTE" if packed.step_kind == _SAME else packed.step_kind,  # type: ignore[arg-type]  # text, or the same
            packed.logging_tags,
            packed.data,
            packed.message,
            packed.pid,
            step_key if packed.step_key == _SAME else packed.step_key,  # type: ignore[arg-type]  # text, or the same
        )
    return EventLogEntry(row.error_info, row.level, row.text, run_id, timestamp, step_key, job_name, event)


def _unpack_other(body: bytes) -> _Entry:
    """Return the row that a newer release wrote, or that holds text which UTF-8 cannot say."""
    try:
        row = json.loads(body)
        if row[5] is not None:
            row[5][0] = as_known(row[5][0], "event_specific_data") if row[5][0] is not None else None
        return msgspec.convert(row, _Entry, dec_hook=from_wire)
    except (ValueError, TypeError, IndexError, KeyError, msgspec.ValidationError) as error:
        raise damaged(error) from error
