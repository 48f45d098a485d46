"""
What functions reach, found out once for as long as it holds.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orrery.plan.fingerprint.canonical import canonical_digest
from orrery.plan.fingerprint.classes import classes_in, parameter_classes, parameter_types
from orrery.plan.fingerprint.code_form import CodeForm, Scan, bytecode_digest, scan_code, source_digest
from orrery.plan.fingerprint.facts import CodeFacts, Place, Reach
from orrery.plan.fingerprint.guards import ABSENT, Guard, bare_form, body_of, holds, is_bare
from orrery.plan.fingerprint.walk import PARAMETER_TYPES, Walk

__all__ = ["Reacher"]

_MOST_KNOWN = 20_000
_NOTHING: Mapping[str, str] = {}


class Reacher:
    """
    Follows functions; keeps what it found of each code object, so that many assets share the work.

    Args:
        facts: What must be known of the world.
    """

    def __init__(self, facts: CodeFacts) -> None:
        self._facts = facts
        self._codes: dict[int, tuple[types.CodeType, str, Scan, Place]] = {}
        self._known: dict[int, tuple[Callable[..., Any], Reach, Sequence[Guard]]] = {}
        self._bare: dict[tuple[Any, ...], tuple[Callable[..., Any], Reach, Sequence[Guard]]] = {}

    def reach(self, function: Callable[..., Any]) -> Reach:
        """
        Return what can be reached from *function*.

        What was found before is given again where each thing that the walk looked at is still the same: the walk met
        nothing but functions, modules and values that cannot change.
        """
        known, bare = self._known.get(id(function)), None
        if known is None or known[0] is not function:
            bare = bare_form(function)
            known = self._bare.get(bare) if bare is not None else None
        if known is not None and all(map(holds, known[2])):
            return known[1]
        found, guards = (self._of_itself(function) if is_bare(function) else None) or self._walked(function)
        if guards is not None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
                self._bare.clear()
            known = self._known[id(function)] = (function, found, guards)
            if bare is not None:
                self._bare[bare] = known
        return found

    def _walked(self, function: Callable[..., Any]) -> tuple[Reach, Sequence[Guard] | None]:
        """Return what a walk finds, and what it looked at, if nothing of that can change inside."""
        walk = Walk(self.of_code, self._facts)
        return walk.run(function), walk.guards

    def _of_itself(self, function: Any) -> tuple[Reach, Sequence[Guard]] | None:
        """
        Return what a walk would find from a bare function, if its code reads nothing but what is built in.

        None where it reads more, or takes a class of the project. Many functions are so, and a walk takes twice as long.
        """
        digest, scan, place = self.of_code(function.__code__)
        module, spread = function.__module__ or "?", function.__globals__
        origin_of = self._facts.origin_of
        if scan.imports or origin_of(module).kind != "project":
            return None
        guards = [Guard(function, None, body_of(function))]
        for each in scan.references:
            if each.is_free:
                continue
            if each.name in spread:
                return None
            guards.append(Guard(spread, each.name, ABSENT))
        for called, kind in parameter_classes(function):
            if called is not None:
                guards.append(Guard(spread, called, kind))
            if any(origin_of(cls.__module__).kind == "project" for given in classes_in(kind) for cls in given.__mro__):
                return None
        name, typed = f"{module}:{function.__qualname__}", parameter_types(function)
        parts = {name: digest, PARAMETER_TYPES: canonical_digest(typed) or ""} if typed else {name: digest}
        return Reach(parts, _NOTHING, {name: place}, (), _NOTHING), guards

    def of_code(self, code: types.CodeType) -> tuple[str, Scan, Place]:
        """Return the digest of a code object, what it names, and where it stands."""
        known = self._codes.get(id(code))
        if known is None:
            form = self._facts.form_of(code) or self._form_of(code)
            known = (code, form.digest, form.scan, Place(code.co_filename, code.co_firstlineno, form.last))
            self._codes[id(code)] = known
        return known[1], known[2], known[3]

    def _form_of(self, code: types.CodeType) -> CodeForm:
        node = self._facts.source_of(code)
        last = max((line for _, _, line in code.co_lines() if line is not None), default=code.co_firstlineno)
        if node is None:
            return CodeForm(bytecode_digest(code), scan_code(code), last)
        form = CodeForm(source_digest(node), scan_code(code), getattr(node, "end_lineno", None) or last)
        self._facts.keep_form(code, form)
        return form
