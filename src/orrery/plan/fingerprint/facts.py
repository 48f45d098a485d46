"""
What is found of the code that a function reaches, and what must be known of the world to find it.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from orrery.plan.fingerprint.code_form import CodeForm

__all__ = ["CodeFacts", "Origin", "Place", "Reach"]


class Origin(NamedTuple):
    """
    Whose code a module is.

    Attributes:
        kind: ``project``, ``distribution``, ``platform`` (Python itself) or ``framework`` (Orrery).
        name: Name of the distribution.
        version: Its version.
    """

    kind: str
    name: str = ""
    version: str = ""


class Place(NamedTuple):
    """
    Where a function stands.

    Attributes:
        file: The file.
        first: Its first line.
        last: Its last line.
    """

    file: str
    first: int
    last: int


class CodeFacts(Protocol):
    """What the walk must know of the world."""

    def origin_of(self, module: str) -> Origin:
        """Return whose code *module* is."""
        ...

    def source_of(self, code: types.CodeType) -> ast.AST | None:
        """Return the syntax tree that *code* was compiled from; None if it is not known for sure."""
        ...

    def form_of(self, code: types.CodeType) -> CodeForm | None:
        """Return the form of *code*, if it was found out before; None if not."""
        ...

    def keep_form(self, code: types.CodeType, form: CodeForm) -> None:
        """Note the form of *code*, which its source told."""
        ...

    def module_named(self, name: str) -> types.ModuleType | None:
        """Return the module *name*, as an import in a function would; None if there is none."""
        ...

    def is_in_environment(self, text: str) -> bool:
        """Tell whether an environment variable has this value: it may be a secret, whatever it is called in the code."""
        ...


class Reach(NamedTuple):
    """
    What can be reached from a function.

    Attributes:
        parts: Digest of each function, class and constant, by name (``module:qualified.name``).
        distributions: Version of each distribution that is used, by name.
        places: Where each function stands.
        opaque: Constants of which nothing but the type is known.
        constants: Constants that are short and no secrets, as people read them, by name.
    """

    parts: Mapping[str, str]
    distributions: Mapping[str, str]
    places: Mapping[str, Place]
    opaque: tuple[str, ...]
    constants: Mapping[str, str]
