"""The graph that all programs make, and how they are measured; needs no package at all."""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

N = 1_000


def parents(n: int = N) -> list[list[int]]:
    """Return for each node the numbers of those it depends on: up to three of the nodes before it."""
    chance = random.Random(7)
    return [sorted(chance.sample(range(number), min(number, chance.randint(0, 3)))) for number in range(n)]


def write_module(path: Path, head: str, decorator: str, prefix: str = "a") -> None:
    """Write a module with a function for each node, whose parameters are the nodes before it."""
    lines = [head]
    for number, above in enumerate(parents()):
        names = [f"{prefix}{each}" for each in above]
        typed = ", ".join(f"{name}: int" for name in names)
        lines += ["", *([decorator] if decorator else []), f"def {prefix}{number}({typed}) -> int:"]
        lines += [f"    return ({' + '.join([str(number), *names])}) % 7"]
    path.write_text("\n".join(lines) + "\n")


def run(
    define: Callable[[Path], Callable[[], int]],
    clock: Callable[[], float] = time.process_time,
    *,
    runs_all: bool = False,
) -> None:
    """
    Live one of the two lives, named first on the command line, in the folder named second.

    *define* makes the graph and returns a function that brings it up to date and says how many nodes ran: none, but for
    a tool that *runs_all* each time. *clock* gives CPU time in seconds.
    """
    life, folder = sys.argv[1], Path(sys.argv[2])
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    expected = N if life == "make" or runs_all else 0
    seconds: dict[str, float] = {}
    before = clock()
    bring_up_to_date = define(folder)
    count = bring_up_to_date()
    seconds["first"] = clock() - before
    assert count == expected, f"{count} nodes ran, not {expected}"
    if life == "check":
        before = clock()
        assert bring_up_to_date() == expected
        seconds["again"] = clock() - before
    print(json.dumps({"seconds": seconds}))
