"""
A random graph in which nothing changed: planned, and run with stored values; and fingerprints of functions.

Arguments: which part (``cold``, ``first``, ``plan``, ``run``, ``fingerprint``, ``again``) and how many assets. ``cold`` reads
all sources and the whole event log; ``first`` finds what an earlier process kept of them.
"""

import importlib
import random
import sys
from pathlib import Path
from typing import Any

from common_api import NotYet, StopWatch, persistent_instance, run, work_folder


def write(folder: Path, n: int) -> Any:
    """Write a module with *n* assets, each of up to three of those before it, and return it."""
    chance = random.Random(7)
    lines = ["from orrery import asset"]
    for number in range(n):
        above = sorted(chance.sample(range(number), min(number, chance.randint(0, 3))))
        parents = [f"a{each}" for each in above]
        lines += ["", "@asset", f"def a{number}({', '.join(parents)}):"]
        lines += [f"    return ({' + '.join([str(number), *parents])}) % 7"]
    (folder / "random_graph.py").write_text("\n".join(lines) + "\n")
    sys.path.insert(0, str(folder))
    return importlib.import_module("random_graph")


def program(og: Any, part: str, count: str) -> None:
    """Measure one part."""
    if og.__name__ == "dagster":
        raise NotYet("reuse")
    n = int(count)
    watch = StopWatch()
    with work_folder() as folder:
        module = write(Path(folder), n)
        assets = [getattr(module, f"a{number}") for number in range(n)]
        if part in ("fingerprint", "again"):
            fingerprints(assets, part, watch)
            return
        home = Path(folder) / "home"
        home.mkdir()
        with persistent_instance(og, str(home)) as instance:
            og.materialize(assets, instance=instance, on_event=lambda entry: None)
        if part == "cold":
            (home / "code_forms").unlink()
        if part == "first":
            with persistent_instance(og, str(home)) as instance:
                og.plan_materialization(assets, instance=instance)
        with persistent_instance(og, str(home)) as instance:
            if part in ("cold", "first"):
                with watch.part("total"):
                    plan = og.plan_materialization(assets, instance=instance)
                assert plan.is_current
            else:
                og.plan_materialization(assets, instance=instance)
                with watch.part("total"):
                    if part == "plan":
                        assert og.plan_materialization(assets, instance=instance).is_current
                    else:
                        result = og.materialize(assets, instance=instance, on_event=lambda entry: None, reuse=True)
                if part == "run":
                    assert sum(event.is_step_skipped for event in result.all_events) == n
    watch.report()


def fingerprints(assets: list[Any], part: str, watch: StopWatch) -> None:
    """Measure what each function reaches."""
    from orrery.plan.fingerprint.reach import Reacher
    from orrery.runtime.engine.code_facts import InstalledCode

    functions = [each.op._compute_fn.fn for each in assets]
    reacher = Reacher(InstalledCode())
    if part == "again":
        for function in functions:
            reacher.reach(function)
    with watch.part("total"):
        for function in functions:
            reacher.reach(function)
    watch.report()


if __name__ == "__main__":
    run(program)
