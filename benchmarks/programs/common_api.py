"""
What the programs share: the module under test, a stop watch, and the few names that differ between the sides.

Runs under both interpreters. A program prints one JSON object as its last line: ``seconds`` by name of the part that
was measured. What does not exist yet raises ``NotYet``, which the driver shows as such.
"""

import contextlib
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any


class NotYet(Exception):
    """The module under test does not have this part of the API yet."""


class StopWatch:
    """Measures parts of a program by name and prints them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start

    def report(self) -> None:
        print(json.dumps({"seconds": self.seconds}))


def load(name: str) -> Any:
    """Return the module *name*, one that says "not yet" for what it lacks."""
    return _Module(importlib.import_module(name))


class _Module:
    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._module, name)
        except (AttributeError, ImportError) as error:
            raise NotYet(f"{self._module.__name__}.{name}") from error


def persistent_instance(og: Any, folder: str) -> Any:
    """Return an instance that keeps its records in SQLite below *folder*."""
    name = "DagsterInstance" if og.__name__ == "dagster" else "Instance"
    return getattr(og, name).local_temp(folder)


@contextlib.contextmanager
def work_folder() -> Iterator[str]:
    """
    Give a new folder; the driver removes it when everything has been measured, and nobody before.

    ext4 without a journal takes no inode that was deleted within the last minute, and looks at each of them for every
    new file: after the folder of one sample is gone, the files of the next would cost twenty times as much.
    """
    kept = os.environ.get("BENCHMARK_FOLDERS")
    if kept is None:
        with tempfile.TemporaryDirectory() as folder:
            yield folder
    else:
        yield tempfile.mkdtemp(dir=kept)


def execution_plan(og: Any, job: Any, run_config: Any = None) -> Any:
    """Return the plan of *job*: ours has a method, theirs a function."""
    if hasattr(job, "get_execution_plan"):
        return job.get_execution_plan(run_config=run_config)
    if og.__name__ != "dagster":
        raise NotYet("JobDefinition.get_execution_plan")
    from dagster._core.execution.api import create_execution_plan

    return create_execution_plan(job, run_config=run_config)


def asset_job(og: Any, assets: list[Any]) -> Any:
    """Return the job that materializes all of *assets*."""
    return og.Definitions(assets=assets).resolve_implicit_global_asset_job_def()


def run(program: Callable[..., None]) -> None:
    """Run *program* with the module named first on the command line and the arguments that follow."""
    name, *arguments = sys.argv[1:]
    program(load(name), *arguments)
