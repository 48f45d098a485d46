"""
A reference to an instance: enough to open the same one in another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["InstanceRef"]


class InstanceRef(msgspec.Struct, frozen=True, kw_only=True):
    """
    Name a persistent instance for another process.

    Attributes:
        home: Its directory (absolute).
        settings: Settings that differ from those in the directory.
    """

    home: str
    settings: Mapping[str, Any] = {}

    def to_json(self) -> str:
        """Return the reference as text, for command lines and environments."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def from_json(text: str) -> InstanceRef:
        """Return the reference that ``to_json`` wrote."""
        return msgspec.json.decode(text, type=InstanceRef)
