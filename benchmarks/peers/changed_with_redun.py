"""redun: the root is a task that gives a list; it looks at the values that tasks are called with."""

import hashlib
import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from changed import SOURCE, N, run
from redun import Scheduler
from redun.config import Config


def define(folder: Path) -> Callable[[], int]:
    """Return the run of the root and what is below it; what stands beside is not called, and costs nothing."""
    logging.disable(logging.CRITICAL)
    lines = ["from redun import task", "from changed import read", 'redun_namespace = "changed"', "ran = []"]
    lines += ["", "@task()", "def root(version):", "    return read()"]
    for number in range(N):
        lines += ["", "@task()", f"def d{number}(p):", "    ran.append(1)", f"    return p + {number}"]
    (folder / "redun_changed.py").write_text("\n".join(lines) + "\n")
    module: Any = importlib.import_module("redun_changed")

    def bring_up_to_date() -> int:
        module.ran.clear()
        scheduler = Scheduler(config=Config({"backend": {"db_uri": f"sqlite:///{folder / 'redun.db'}"}}))
        scheduler.load(migrate=True)
        numbers = module.root(hashlib.sha256(Path(SOURCE).read_bytes()).hexdigest())
        scheduler.run([getattr(module, f"d{number}")(numbers[number]) for number in range(N)])
        return len(module.ran)

    return bring_up_to_date


run(define)
