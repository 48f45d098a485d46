"""
Every seam where Orrery is extended, listed.

A seam is a protocol or base class that a stranger may implement. The list is data - what each is
for and where it is defined - so that documentation and commands can show it without importing
anything; :meth:`Seam.load` imports the one that is asked for.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

__all__ = ["SEAMS", "Seam"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """
    One place where Orrery is extended.

    Attributes:
        name: Name of the protocol or base class.
        module: Module that defines it.
        purpose: What an implementation does, in one sentence.
    """

    name: str
    module: str
    purpose: str

    def load(self) -> type:
        """Import and return the protocol or base class."""
        found = getattr(importlib.import_module(self.module), self.name)
        if not isinstance(found, type):
            raise TypeError(f"seam {self.name!r} of {self.module!r} is no class but {found!r}")
        return found


SEAMS: tuple[Seam, ...] = ()
