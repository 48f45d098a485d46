"""Orrery: the root is a probed file; one step reads it and gives 300 assets, and an asset depends on each."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from changed import SOURCE, N, others, run

import orrery


def define(folder: Path) -> Callable[[], int]:
    """Return the run of the root and what is below it, in a project with more."""
    lines = [
        "from orrery import AssetOut, AssetSpec, Output, asset, file_probe, multi_asset",
        "from changed import read",
    ]
    lines += [f"source = AssetSpec('source', probe=file_probe({SOURCE!r}))"]
    outs = ", ".join(f"'p{number}': AssetOut()" for number in range(N))
    lines += ["", f"@multi_asset(outs={{{outs}}}, deps=[source])", "def root():", "    return tuple(read())"]
    for number in range(N):
        lines += ["", "@asset", f"def d{number}(p{number}: int) -> int:", f"    return p{number} + {number}"]
    for number in range(others()):
        above = f"o{number - 1}: int" if number % 10 else ""
        lines += ["", "@asset", f"def o{number}({above}) -> int:", f"    return {number}"]
    (folder / "changed_graph.py").write_text("\n".join(lines) + "\n")
    module: Any = importlib.import_module("changed_graph")
    chosen = [module.root, *(getattr(module, f"d{number}") for number in range(N))]
    beside = [getattr(module, f"o{number}") for number in range(others())]
    home = folder / "home"
    home.mkdir()
    instance: Any = orrery.Instance.local_temp(str(home))
    defs = orrery.Definitions(assets=[module.source, *chosen, *beside])
    if beside:
        orrery.materialize(beside, instance=instance, on_event=lambda entry: None)
    keys = {key for each in chosen for key in each.keys}
    job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection=keys)

    def bring_up_to_date() -> int:
        result = job.execute_in_process(instance=instance, tags=orrery.CachePolicy().as_tags())
        return sum(event.event_type_value == "STEP_START" and event.step_key != "root" for event in result.all_events)

    return bring_up_to_date


run(define)
