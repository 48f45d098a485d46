"""
Who loads definitions: an adapter that imports them into this process.
"""

from __future__ import annotations

from typing import Any

from orrery.adapters.locations import python_code
from orrery.base.pointer import CodePointer

__all__ = ["load_definitions"]


def load_definitions(pointer: CodePointer) -> Any:
    """Return the ``Definitions`` of the code that *pointer* names; see :mod:`orrery.adapters.locations`."""
    return python_code.load_definitions(pointer)
