"""doit: the root writes a file for each descendant; it looks at the digests of files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from changed import SOURCE, N, others, read, run
from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain

made: list[str] = []


def split(targets: list[str]) -> None:
    """Write the numbers, each into a file."""
    for number, value in enumerate(read()):
        Path(f"p{number}").write_text(str(value))


def make_file(number: int, targets: list[str]) -> None:
    """Make the file of a descendant."""
    made.append(targets[0])
    Path(targets[0]).write_text(str(int(Path(f"p{number}").read_text()) + number))


def define(folder: Path) -> Callable[[], int]:
    """Return the run of the root and what is below it, among more tasks."""

    def task_root() -> dict[str, Any]:
        return {"actions": [split], "file_dep": [SOURCE], "targets": [f"p{number}" for number in range(N)]}

    def task_d() -> Iterator[dict[str, Any]]:
        for number in range(N):
            yield {
                "name": str(number),
                "actions": [(make_file, [number])],
                "file_dep": [f"p{number}"],
                "targets": [f"d{number}"],
            }

    def task_o() -> Iterator[dict[str, Any]]:
        for number in range(others()):
            yield {"name": str(number), "actions": [], "uptodate": [True]}

    def bring_up_to_date() -> int:
        made.clear()
        tasks = {"task_root": task_root, "task_d": task_d, "task_o": task_o}
        config = {"reporter": "zero", "dep_file": str(folder / "doit.db")}
        assert DoitMain(ModuleTaskLoader({**tasks, "DOIT_CONFIG": config})).run(["run", "d"]) == 0
        return len(made)

    return bring_up_to_date


run(define)
