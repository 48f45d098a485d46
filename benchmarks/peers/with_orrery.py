"""Orrery: an asset for each node, with pickled files and records in SQLite; it looks at all code that is reached."""

import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graph import N, run, write_module

import orrery


def materialize(assets: list[Any], instance: Any) -> Any:
    """Bring the assets up to date."""
    return orrery.materialize(assets, instance=instance, on_event=lambda entry: None, reuse=True)


def define(folder: Path) -> Callable[[], int]:
    """Return the run."""
    path = folder / "orrery_graph.py"
    if not path.exists():
        write_module(path, "from orrery import asset", "@asset")
    module = importlib.import_module("orrery_graph")
    assets = [getattr(module, f"a{number}") for number in range(N)]
    home = folder / "home"
    home.mkdir(exist_ok=True)
    instance: Any = orrery.Instance.local_temp(str(home))

    def bring_up_to_date() -> int:
        result = materialize(assets, instance)
        return N - sum(event.is_step_skipped for event in result.all_events)

    return bring_up_to_date


def import_all() -> None:
    """Load what is loaded late, as the other tools load all when they are imported."""

    @orrery.asset
    def one() -> int:
        return 1

    with tempfile.TemporaryDirectory() as folder, orrery.Instance.local_temp(folder) as instance:
        materialize([one], instance)


import_all()
run(define)
