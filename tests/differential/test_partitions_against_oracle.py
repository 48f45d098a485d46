"""
The same random questions about partitions, asked of both libraries.

What the reference answers to thousands is kept in a file (``partition_answers.py`` makes it), and ours are compared with that;
some are asked of it anew each time, in the interpreter that ``ORRERY_ORACLE_PYTHON`` names, or ``.oracle/bin/python`` below the
root. ``ORRERY_PARTITION_QUESTIONS`` and ``ORRERY_PARTITION_SEED`` ask more of it, or others. Deliberate differences are listed in
``differences_partitions.md``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import pytest
from tests.differential.partition_answers import SEED, Answer, answers, digest, kept, oracle

QUESTIONS = int(os.environ.get("ORRERY_PARTITION_QUESTIONS", "105"))
ASKED_SEED = int(os.environ.get("ORRERY_PARTITION_SEED", str(SEED)))


def is_deliberate(ours: Answer, theirs: Answer) -> bool:
    """Tell whether two answers differ only as ``differences_partitions.md`` says."""
    if theirs.get("refused"):
        # Exclusions that leave nothing: they walk to the end of the calendar.
        return any(text in theirs["why"] for text in ("OverflowError", "year 10000 is out of range"))
    if ours.get("refused") or set(ours) != set(theirs):
        return False
    differing = {name for name in ours if ours[name] != theirs[name]}
    if differing == {"missing"}:
        more, fewer = set(ours["missing"]) - set(theirs["missing"]), set(theirs["missing"]) - set(ours["missing"])
        # They list what exists, or leave out the window in which the needed time begins or ends.
        shortened = isinstance((ours["up"] or [""])[0], int)
        existing = {part for key in ours["up"] for part in str(key).split("|")}
        return (shortened or fewer <= existing | set(map(str, ours["up"]))) and len(more) <= 2 * 30
    return False


def differing(ours: Sequence[Answer], theirs: Sequence[str | Answer]) -> list[str]:
    """Return the questions to which the answers differ, and not deliberately; of equal ones a digest is enough."""
    found: list[str] = []
    for number, (here, there) in enumerate(zip(ours, theirs, strict=True)):
        if isinstance(there, str):
            if digest(here) != there:
                found.append(f"question {number}: {here['question']}\n    ours: {here['answer']}"[:3_000])
            continue
        both_refuse = here["answer"].get("refused") and there["answer"].get("refused")
        if here != there and not both_refuse and not is_deliberate(here["answer"], there["answer"]):
            told = f"{here['question']}\n    ours:   {here['answer']}\n    theirs: {there['answer']}"
            found.append(f"question {number}: {told}"[:3_000])
    return found


@pytest.fixture(scope="module")
def ours() -> list[Answer]:
    return answers(sys.executable, "orrery", len(kept()))


def test_thousands_of_random_questions_have_the_answers_of_the_reference(ours: list[Answer]) -> None:
    theirs = kept()
    assert len(theirs) > 4_000
    other = differing(ours, theirs)
    assert not other, f"{len(other)} of {len(theirs)} answers differ:\n" + "\n".join(other[:5])
    whole = [each for each in theirs if not isinstance(each, str)]
    assert len(whole) < len(theirs) * 0.05, "too many answers are accepted though they differ"


@pytest.mark.oracle
def test_the_reference_still_gives_these_answers() -> None:
    python = oracle()
    if python is None:
        pytest.skip("no reference implementation: set ORRERY_ORACLE_PYTHON, or make .oracle")
    theirs = answers(python, "dagster", QUESTIONS, ASKED_SEED)
    assert len(theirs) == QUESTIONS
    other = differing(answers(sys.executable, "orrery", QUESTIONS, ASKED_SEED), theirs)
    assert not other, f"{len(other)} of {QUESTIONS} answers differ:\n" + "\n".join(other[:5])
    if ASKED_SEED == SEED:
        for there, known in zip(theirs, kept(), strict=False):
            assert known == (digest(there) if isinstance(known, str) else there)


def test_questions_are_answered_and_not_refused(ours: list[Answer]) -> None:
    """A program that is refused everywhere would agree with anything."""
    refused = [each for each in ours if each["answer"].get("refused")]
    assert len(refused) < len(ours) * 0.03, refused[:3]
    assert len({each["question"] for each in ours}) > len(ours) * 0.95
