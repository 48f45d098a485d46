"""
One root of a graph changed, and one of its 300 descendants is really affected; needs no package at all.

The root reads a file with 300 numbers and gives each to one descendant. Beside them stand nodes that have nothing to do with
it, 1,000 or as many as are asked for: what is not looked at should cost nothing.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

N = 300
SOURCE = "numbers.txt"


def others() -> int:
    """Return how many nodes stand beside."""
    return int(sys.argv[3]) if len(sys.argv) > 3 else 1_000


def write(changed: int = 0) -> None:
    """Write the file of the root; *changed* is added to one of its numbers."""
    numbers = list(range(N))
    numbers[N // 2] += changed
    Path(SOURCE).write_text("\n".join(map(str, numbers)))


def read() -> list[int]:
    """Return the numbers in the file of the root."""
    return [int(line) for line in Path(SOURCE).read_text().split()]


def run(
    define: Callable[[Path], Callable[[], int]],
    clock: Callable[[], float] = time.process_time,
    *,
    changes: int = 5,
) -> None:
    """
    Make all, change the root some times, and print how long it took to follow, and how many descendants ran each time.

    *define* makes the graph and returns a function that brings the root and its descendants up to date and says how many
    of these ran. *clock* gives CPU time in seconds. A tool that runs all of them changes but once: it takes long enough.
    """
    folder = Path(sys.argv[2])
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    write()
    bring_up_to_date = define(folder)
    bring_up_to_date()
    seconds, counts = [], []
    for change in range(1, changes + 1):
        write(change * 1_000)
        before = clock()
        counts.append(bring_up_to_date())
        seconds.append(clock() - before)
    print(json.dumps({"seconds": {"changed": min(seconds)}, "ran": counts[-1]}))
