"""Hamilton: the root reads the file anew each time, and its cache looks at the values that functions are given."""

import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from changed import N, others, run
from hamilton import driver


def define(folder: Path) -> Callable[[], int]:
    """Return the run of the root and what is below it, among more functions."""
    logging.disable(logging.CRITICAL)
    fields = ", ".join(f"'p{number}': int" for number in range(N))
    lines = ["from hamilton.function_modifiers import cache, extract_fields", "from changed import read", "ran = []"]
    lines += ["", "@cache(behavior='recompute')", f"@extract_fields({{{fields}}})", "def root() -> dict:"]
    lines += ["    return {f'p{number}': value for number, value in enumerate(read())}"]
    for number in range(N):
        lines += ["", f"def d{number}(p{number}: int) -> int:", f"    ran.append(1)\n    return p{number} + {number}"]
    for number in range(others()):
        lines += ["", f"def o{number}() -> int:", f"    return {number}"]
    (folder / "hamilton_changed.py").write_text("\n".join(lines) + "\n")
    module: Any = importlib.import_module("hamilton_changed")
    graph = driver.Builder().with_modules(module).with_cache(str(folder / "cache")).build()
    names = [f"d{number}" for number in range(N)]

    def bring_up_to_date() -> int:
        module.ran.clear()
        graph.execute(names)
        return len(module.ran)

    return bring_up_to_date


run(define)
