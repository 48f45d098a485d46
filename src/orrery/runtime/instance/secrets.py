"""
Settings as they may be shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["without_passwords"]

_IN_URL = re.compile(r"(?<=://)([^/@:\s]*):[^\s]*(?=@)")
_IN_QUERY = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&\s]*")


def without_passwords(settings: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return *settings* with the passwords in ``storage:`` hidden: of its URL, and the one that stands alone.

    >>> without_passwords({"storage": {"url": "postgresql+psycopg://me:secret@host/records"}})
    {'storage': {'url': 'postgresql+psycopg://me:***@host/records'}}
    """
    shown = dict(settings)
    storage = shown.get("storage")
    if isinstance(storage, Mapping):
        shown["storage"] = {name: _shown(name, value) for name, value in storage.items()}
    return shown


def _shown(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name == "password":
        return "***"
    return _IN_QUERY.sub(r"\1=***", _IN_URL.sub(r"\1:***", value))
