"""
The same random questions about partitions, asked of both libraries.

The reference implementation runs in an interpreter of its own: the one that ``ORRERY_ORACLE_PYTHON``
names, or ``.oracle/bin/python`` below the root. ``ORRERY_PARTITION_QUESTIONS`` asks more questions
than usual. Deliberate differences are listed in ``differences_partitions.md``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAM = HERE / "partitions_random.py"
QUESTIONS = int(os.environ.get("ORRERY_PARTITION_QUESTIONS", "420"))
SEED = int(os.environ.get("ORRERY_PARTITION_SEED", "1"))

Answer = dict[str, Any]


def oracle() -> Path | None:
    """Return the interpreter of the reference implementation, if there is one."""
    named = os.environ.get("ORRERY_ORACLE_PYTHON")
    python = Path(named) if named else ROOT / ".oracle" / "bin" / "python"
    return python if python.exists() else None


def answers(python: str | Path, library: str) -> list[Answer]:
    """Return what a library answers, question by question."""
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path if library == "orrery" else "", "DAGSTER_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [str(python), str(PROGRAM), library, "--seed", str(SEED), "--count", str(QUESTIONS)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


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


@pytest.mark.oracle
def test_random_questions_have_the_same_answers() -> None:
    python = oracle()
    if python is None:
        pytest.skip("no reference implementation: set ORRERY_ORACLE_PYTHON, or make .oracle")
    ours, theirs = answers(sys.executable, "orrery"), answers(python, "dagster")
    assert len(ours) == len(theirs) == QUESTIONS
    other = []
    for here, there in zip(ours, theirs, strict=True):
        both_refuse = here["answer"].get("refused") and there["answer"].get("refused")
        if both_refuse or is_deliberate(here["answer"], there["answer"]):
            continue
        if here != there:
            other.append(f"{here['question']}\n    ours:   {here['answer']}\n    theirs: {there['answer']}"[:3_000])
    assert not other, f"{len(other)} of {QUESTIONS} answers differ:\n" + "\n".join(other[:5])


def test_questions_are_answered_and_not_refused() -> None:
    """A program that is refused everywhere would agree with anything."""
    found = answers(sys.executable, "orrery")
    refused = [each for each in found if each["answer"].get("refused")]
    assert len(refused) < len(found) * 0.03, refused[:3]
    assert len({each["question"] for each in found}) > len(found) * 0.95
