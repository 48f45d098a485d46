"""
Resources that show themselves to steps as another object.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["IAttachDifferentObjectToOpContext"]


class IAttachDifferentObjectToOpContext(ABC):
    """
    A resource that ``context.resources`` shows as another object.

    A parameter annotated with the resource's class still gets the resource itself.
    """

    @abstractmethod
    def get_object_to_set_on_execution_context(self) -> Any:
        """Return the object that ``context.resources`` shows."""
