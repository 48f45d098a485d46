"""
The local copy, or the remote one: decided by age, version and digest.

Pure: what is here, what is known of the value, a policy and an instant in; a source and the reason in words out.
"""

from __future__ import annotations

from typing import NamedTuple

from orrery.adapters.cache.blobs import Pointer

__all__ = ["Choice", "Known", "choose"]


class Known(NamedTuple):
    """
    What the event log, or the remote place, says of the value now.

    Attributes:
        run_id: The run that made it last.
        data_version: Its data version.
        digest: Digest of its bytes, where the remote place tells it.
        content: The name that the remote place has noted for them, where the event log tells it.
    """

    run_id: str | None = None
    data_version: str | None = None
    digest: str | None = None
    content: str | None = None


class Choice(NamedTuple):
    """
    Where to load from.

    Attributes:
        source: ``local`` or ``remote``.
        reason: Why, in words.
    """

    source: str
    reason: str


def choose(here: Pointer | None, known: Known | None, *, ttl_seconds: float | None, now: float) -> Choice:
    """
    Choose between the local copy and the remote one.

    Args:
        here: The local copy, if there is one.
        known: What is known of the value; None if nothing.
        ttl_seconds: How old the local copy may be; None for any age.
        now: The instant, in seconds since 1970.

    >>> choose(None, None, ttl_seconds=None, now=0.0)
    Choice(source='remote', reason='not here yet')
    """
    if here is None:
        return Choice("remote", "not here yet")
    age = max(0.0, now - here.at)
    if ttl_seconds is not None and age > ttl_seconds:
        return Choice("remote", f"expired: {_length(age)} old, and may be {_length(ttl_seconds)} old")
    if known is not None:
        if known.digest is not None and known.digest != here.digest:
            return Choice("remote", "changed there")
        if known.digest is None and known.run_id is not None and not _is_same(here, known):
            return Choice("remote", f"made anew by run {known.run_id[:8]}")
        if here.content and known.content is not None and known.content != here.content:
            return Choice("remote", "the copy is of what another run stored meanwhile")
    return Choice("local", f"{_length(age)} old")


def _is_same(here: Pointer, known: Known) -> bool:
    if here.run_id is not None and here.run_id == known.run_id:
        return True
    return here.data_version is not None and here.data_version == known.data_version


def _length(seconds: float) -> str:
    for unit, size in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= size * (2 if unit == "days" else 1):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
