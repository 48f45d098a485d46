"""
Let the oracle answer programs into the cache: python -m tests.differential.harness.answer_early PROGRAM...

It yields to the tests that run beside it.
"""

import os
import sys

from tests.differential.harness import sides

if __name__ == "__main__":
    os.nice(5)
    wanted = set(sys.argv[1:])
    python = sides.oracle_python()
    if python is not None:
        sides.theirs(python, [path for path in sides.program_paths() if sides.program_name(path) in wanted])
