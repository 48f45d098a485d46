"""
Who loads definitions: an adapter that imports them into this process.
"""

from __future__ import annotations

from orrery.adapters.locations import python_code
from orrery.base.pointer import CodePointer
from orrery.definitions.project.repository import RepositoryDefinition

__all__ = ["load_definitions"]


def load_definitions(pointer: CodePointer) -> RepositoryDefinition:
    """Return the definitions of the code that *pointer* names; see :mod:`orrery.adapters.locations`."""
    return python_code.load_definitions(pointer)
