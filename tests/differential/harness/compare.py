"""
What counts as the same.

Pure: two records of facts and the listed differences in, problems out. Facts are compared for equality, but for the
order of steps: two steps that do not depend on one another may run in either order.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ABSENT = "<absent>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    A difference that is meant.

    Attributes:
        programs: Names of the programs it occurs in.
        fact: Name of the fact.
        ours: What we record; ``<absent>`` if nothing.
        theirs: What the oracle records; ``<absent>`` if nothing.
        reason: Why ours is as it is, in one sentence.
    """

    programs: tuple[str, ...]
    fact: str
    ours: Any
    theirs: Any
    reason: str


def load_differences(path: Path) -> tuple[Difference, ...]:
    """
    Read the list of differences.

    Values are JSON in strings, because TOML has no null; a string that is not JSON stands for itself.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("difference", [])
    return tuple(
        Difference(
            programs=tuple(entry["programs"]),
            fact=entry["fact"],
            ours=_value(entry["ours"]),
            theirs=_value(entry["theirs"]),
            reason=entry["reason"],
        )
        for entry in entries
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def compare(
    program: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], listed: Sequence[Difference]
) -> list[str]:
    """Return one line per fact that differs and is not listed, and per listed difference that does not occur."""
    problems: list[str] = []
    meant = {difference.fact: difference for difference in listed if program in difference.programs}
    for fact in [*theirs, *(fact for fact in ours if fact not in theirs)]:
        here, there = ours.get(fact, ABSENT), theirs.get(fact, ABSENT)
        difference = meant.pop(fact, None)
        if fact.endswith("/order") and here != ABSENT and there != ABSENT:
            wrong = order_problem(here["steps"], there["steps"], there["edges"], optional=_extra(program, listed))
            if wrong:
                problems.append(f"{fact}: {wrong}")
        elif same(here, there):
            if difference is not None:
                problems.append(f"{fact}: is listed as different, and is the same: {here!r}")
        elif difference is None:
            problems.append(f"{fact}:\n    ours   {json.dumps(here)}\n    theirs {json.dumps(there)}")
        elif not (same(here, difference.ours) and same(there, difference.theirs)):
            problems.append(
                f"{fact}: differs otherwise than listed\n    ours   {json.dumps(here)}\n    theirs {json.dumps(there)}"
            )
    problems.extend(f"{fact}: is listed as different, and nobody records it" for fact in meant)
    return problems


def same(here: Any, there: Any) -> bool:
    """Whether two facts are equal; True is not 1, and 1 is not 1.0."""
    return json.dumps(here, sort_keys=True) == json.dumps(there, sort_keys=True)


def _extra(program: str, listed: Sequence[Difference]) -> frozenset[str]:
    """Steps that only one of the sides tells about, and that are listed as such."""
    return frozenset(
        difference.fact.partition("/steps/")[2]
        for difference in listed
        if program in difference.programs and ABSENT in (difference.ours, difference.theirs)
    )


def order_problem(
    here: Sequence[str], there: Sequence[str], edges: Sequence[Sequence[str]], *, optional: frozenset[str] = frozenset()
) -> str | None:
    """
    Say what is wrong with the order *here*, given the order *there* and the edges that it had to keep.

    >>> order_problem(["a", "c", "b"], ["a", "b", "c"], [["a", "b"], ["a", "c"]]) is None
    True
    >>> order_problem(["b", "a"], ["a", "b"], [["a", "b"]])
    "'b' runs before 'a', on which it depends"
    """
    if set(here) - optional != set(there) - optional:
        return f"the steps are {sorted(here)}, not {sorted(there)}"
    place = {step: number for number, step in enumerate(here)}
    for parent, child in edges:
        if parent in place and child in place and place[child] < place[parent]:
            return f"{child!r} runs before {parent!r}, on which it depends"
    return None
