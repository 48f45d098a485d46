"""The reference implementation: a multi-asset that reads the file, and an asset for each number; it runs all of them again."""

import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from changed import N, others, run

import dagster


def define(folder: Path) -> Callable[[], int]:
    """Return the run of the root and what is below it, in a project with more."""
    logging.disable(logging.CRITICAL)
    lines = ["from dagster import AssetOut, asset, multi_asset", "from changed import read"]
    outs = ", ".join(f"'p{number}': AssetOut()" for number in range(N))
    lines += ["", f"@multi_asset(outs={{{outs}}})", "def root():", "    return tuple(read())"]
    for number in range(N):
        lines += ["", "@asset", f"def d{number}(p{number}: int) -> int:", f"    return p{number} + {number}"]
    for number in range(others()):
        lines += ["", "@asset", f"def o{number}() -> int:", f"    return {number}"]
    (folder / "dagster_changed.py").write_text("\n".join(lines) + "\n")
    module: Any = importlib.import_module("dagster_changed")
    chosen = [module.root, *(getattr(module, f"d{number}") for number in range(N))]
    defs = dagster.Definitions(assets=[*chosen, *(getattr(module, f"o{number}") for number in range(others()))])
    keys = [key for each in chosen for key in each.keys]
    job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection=set(keys))
    home = folder / "home"
    home.mkdir()

    def bring_up_to_date() -> int:
        with dagster.DagsterInstance.local_temp(str(home)) as instance:
            result = job.execute_in_process(instance=instance)
        return sum(event.event_type_value == "STEP_START" and event.step_key != "root" for event in result.all_events)

    return bring_up_to_date


run(define, changes=1)
