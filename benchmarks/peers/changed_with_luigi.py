"""Luigi: what a task is made from stands in its parameters, as it looks at nothing but whether a file is there."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import luigi
from changed import SOURCE, N, read, run

made: list[int] = []


class Root(luigi.Task):  # type: ignore[misc]  # it has no types
    """The root, known by the digest of its file."""

    version = luigi.Parameter()

    def output(self) -> Any:
        """Return the file with the numbers."""
        return luigi.LocalTarget(f"root-{self.version}")

    def run(self) -> None:
        """Write the numbers."""
        with self.output().open("w") as file:
            file.write("\n".join(map(str, read())))


class Descendant(luigi.Task):  # type: ignore[misc]  # as above
    """A descendant, known by the number that it is given."""

    number = luigi.IntParameter()
    given = luigi.IntParameter()

    def output(self) -> Any:
        """Return the file."""
        return luigi.LocalTarget(f"d{self.number}-{self.given}")

    def run(self) -> None:
        """Make the file."""
        made.append(self.number)
        with self.output().open("w") as file:
            file.write(str(self.given + self.number))


class All(luigi.Task):  # type: ignore[misc]  # as above
    """Finds out, when the root is made, what the descendants are given."""

    version = luigi.Parameter()

    def requires(self) -> Any:
        """Return the root."""
        return Root(version=self.version)

    def output(self) -> Any:
        """Return a file that says it is done."""
        return luigi.LocalTarget(f"all-{self.version}")

    def run(self) -> Iterator[Any]:
        """Ask for the descendants."""
        numbers = Path(self.input().path).read_text().split()
        yield [Descendant(number=number, given=int(numbers[number])) for number in range(N)]
        with self.output().open("w") as file:
            file.write("done")


def define(folder: Path) -> Callable[[], int]:
    """Return the run of the root and what is below it; what stands beside is not asked for, and costs nothing."""
    logging.disable(logging.CRITICAL)

    def bring_up_to_date() -> int:
        made.clear()
        version = hashlib.sha256(Path(SOURCE).read_bytes()).hexdigest()[:16]
        assert luigi.build([All(version=version)], local_scheduler=True, workers=1)
        return len(made)

    return bring_up_to_date


run(define)
