"""
What the reference answers to thousands of random questions about partitions, kept in ``partition_answers.jsonl``.

It takes the reference some minutes to answer, and the answers are facts that do not change: they are asked once, by::

    python -m tests.differential.partition_answers

A line for each question: a digest of the question and the answer where ours was the same, the whole of it where it was not.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["KEPT", "SEED", "answers", "digest", "kept", "oracle"]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAM = HERE / "partitions_random.py"
KEPT = HERE / "partition_answers.jsonl"
SEED = 1
_QUESTIONS = 4_200

Answer = dict[str, Any]


def oracle() -> Path | None:
    """Return the interpreter of the reference implementation, if there is one."""
    named = os.environ.get("ORRERY_ORACLE_PYTHON")
    python = Path(named) if named else ROOT / ".oracle" / "bin" / "python"
    return python if python.exists() else None


def answers(python: str | Path, library: str, count: int, seed: int = SEED) -> list[Answer]:
    """Return what a library answers, question by question; the first ones are the same however many are asked."""
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path if library == "orrery" else "", "DAGSTER_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [str(python), str(PROGRAM), library, "--seed", str(seed), "--count", str(count)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def digest(answered: Answer) -> str:
    """Return a digest of a question and its answer."""
    text = json.dumps(answered, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def kept() -> list[str | Answer]:
    """Return what is kept: digests, and whole answers where ours differ."""
    return [json.loads(line) for line in KEPT.read_text(encoding="ascii").splitlines()]


def keep(theirs: Sequence[Answer], ours: Sequence[Answer]) -> None:
    """Keep the answers of the reference."""
    lines = [digest(there) if here == there else there for here, there in zip(ours, theirs, strict=True)]
    KEPT.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines), encoding="ascii")


def main() -> None:
    """Ask both, and keep what the reference answers."""
    python = oracle()
    if python is None:
        sys.exit("There is no reference implementation.\n  Try: make oracle, or set ORRERY_ORACLE_PYTHON.")
    keep(answers(python, "dagster", _QUESTIONS), answers(sys.executable, "orrery", _QUESTIONS))


if __name__ == "__main__":
    main()
