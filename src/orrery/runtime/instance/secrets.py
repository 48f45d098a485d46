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
    if "storage" in shown:
        shown["storage"] = _shown("storage", shown["storage"])
    return shown


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {below: _shown(below, each) for below, each in value.items()}
    if not isinstance(value, str):
        return value
    if name == "password":
        return "***"
    return _IN_QUERY.sub(r"\1=***", _IN_URL.sub(r"\1:***", value))
