"""Hamilton: a function for each node, with its cache on the disk; it looks at the code of the function itself."""

import importlib
import logging
from collections.abc import Callable
from pathlib import Path

from graph import N, run, write_module
from hamilton import driver


def define(folder: Path) -> Callable[[], int]:
    """Return the run."""
    logging.disable(logging.CRITICAL)
    path = folder / "hamilton_graph.py"
    if not path.exists():
        write_module(path, "", "")
    built = driver.Builder().with_modules(importlib.import_module("hamilton_graph")).with_cache(str(folder / "cache"))
    graph = built.build()
    names = [f"a{number}" for number in range(N)]

    def bring_up_to_date() -> int:
        graph.execute(names)
        logs = graph.cache.logs(graph.cache.last_run_id, level="info")
        return sum(str(event.event_type).endswith("EXECUTE_NODE") for events in logs.values() for event in events)

    return bring_up_to_date


run(define)
