"""
The same flights cut into partitions: by day, by month, by airline, and by several of these at once.

Each asset is made of the one above it, and is cut otherwise; which partitions that needs, Orrery works out:

* ``flights_of_day``: 365 days;
* ``punctuality_of_month``: 12 months, each made of its days;
* ``punctuality_by_origin``: 16 airlines x 12 months x 3 airports, each made of its month;
* ``punctuality_by_carrier``: 16 airlines x 12 months, each made of its three airports;
* ``punctuality_of_year``: 16 airlines, each made of its twelve months.

A project of its own: ``orrery backfill '*' -m flights.by_partition``.
"""

import orrery as og
import polars as pl

from flights import clean, raw, source
from flights.delays import LATE_MINUTES
from flights.storage import storage_folder

DAYS = og.DailyPartitionsDefinition("2013-01-01", end_date="2014-01-01")
MONTHS = og.MonthlyPartitionsDefinition("2013-01-01", end_date="2014-01-01")
CARRIERS = og.StaticPartitionsDefinition("9E AA AS B6 DL EV F9 FL HA MQ OO UA US VX WN YV".split())
ORIGINS = og.StaticPartitionsDefinition(["EWR", "JFK", "LGA"])
BY_CARRIER = og.MultiPartitionsDefinition({"carrier": CARRIERS, "month": MONTHS})
BY_ORIGIN = og.MultiPartitionsDefinition({"carrier": CARRIERS, "month": MONTHS, "origin": ORIGINS})

#: The same airline and month, and all of the dimension that is not named.
ALL_ORIGINS = og.MultiPartitionMapping(
    {name: og.DimensionPartitionMapping(name, og.IdentityPartitionMapping()) for name in ("carrier", "month")}
)

#: What is counted; sums, so that a rollup of rollups is exact.
COUNTED = ("flights", "cancelled", "late")


def total(table: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Return the counts of *table* added up by these columns."""
    return table.group_by(*by).agg(pl.col(COUNTED).sum()).sort(*by)


@og.asset(partitions_def=DAYS, group_name="by_partition", metadata={"partition_expr": "date"})
def flights_of_day(context: og.AssetExecutionContext, flights: pl.DataFrame) -> pl.DataFrame:
    """
    The flights of one day, or of the days of a range.

    It has no ``BackfillPolicy``, so a backfill makes each day in a run of its own; ``--partition-range`` makes
    many in one. The function is the same: it asks for the window of time, and the IO manager puts each row
    where ``partition_expr`` says.
    """
    window = context.partition_time_window
    return flights.filter(pl.col("date").is_between(window.start.date(), window.end.date(), closed="left"))


@og.asset(
    partitions_def=MONTHS,
    group_name="by_partition",
    backfill_policy=og.BackfillPolicy.single_run(),
    metadata={"partition_expr": "month"},
)
def punctuality_of_month(flights_of_day: pl.LazyFrame) -> pl.DataFrame:
    """Flights of each airline and airport by month. The days that the months need come as one frame, in one scan."""
    by = ("month", "carrier", "origin")
    return (
        flights_of_day.with_columns(
            pl.col("date").dt.truncate("1mo").alias("month"),
            pl.lit(1).alias("flights"),
            pl.col("cancelled").cast(pl.Int64),
            (pl.col("dep_delay") >= LATE_MINUTES).cast(pl.Int64).alias("late"),
        )
        .group_by(*by)
        .agg(pl.col(COUNTED).sum())
        .sort(*by)
        .collect()
    )


@og.asset(
    partitions_def=BY_ORIGIN,
    group_name="by_partition",
    backfill_policy=og.BackfillPolicy.single_run(),
    metadata={"partition_expr": {"carrier": "carrier", "month": "month", "origin": "origin"}},
)
def punctuality_by_origin(context: og.AssetExecutionContext, punctuality_of_month: pl.DataFrame) -> pl.DataFrame:
    """Three dimensions: each airline at each airport in each month. A partition without a flight is an empty table."""
    keys = [key for key in context.partition_keys if isinstance(key, og.MultiPartitionKey)]
    wanted = pl.DataFrame([key.keys_by_dimension for key in keys])
    return punctuality_of_month.join(
        wanted.with_columns(pl.col("month").str.to_date()), on=["carrier", "month", "origin"], how="semi"
    )


@og.asset(
    partitions_def=BY_CARRIER,
    group_name="by_partition",
    backfill_policy=og.BackfillPolicy.single_run(),
    metadata={"partition_expr": {"carrier": "carrier", "month": "month"}},
    ins={"punctuality_by_origin": og.AssetIn(partition_mapping=ALL_ORIGINS)},
)
def punctuality_by_carrier(punctuality_by_origin: pl.DataFrame) -> pl.DataFrame:
    """Two dimensions: each airline in each month, over all airports."""
    return total(punctuality_by_origin, "carrier", "month")


@og.asset(
    partitions_def=CARRIERS,
    group_name="by_partition",
    backfill_policy=og.BackfillPolicy.single_run(),
    metadata={"partition_expr": "carrier"},
)
def punctuality_of_year(punctuality_by_carrier: pl.DataFrame) -> pl.DataFrame:
    """A list of keys: each airline over the year."""
    return total(punctuality_by_carrier, "carrier")


class PartitionedTables(og.ConfigurableIOManagerFactory[og.ParquetIOManager]):
    """Orrery's own IO manager for tables: a Parquet file for each partition."""

    def create_io_manager(self, context: og.InitResourceContext) -> og.ParquetIOManager:
        """Return the IO manager of this run."""
        return og.ParquetIOManager(storage_folder(context))


defs = og.Definitions(
    assets=[
        source.nycflights13,
        raw.raw_flights,
        raw.raw_airlines,
        clean.flights,
        flights_of_day,
        punctuality_of_month,
        punctuality_by_origin,
        punctuality_by_carrier,
        punctuality_of_year,
    ],
    resources={"flight_data": source.FlightData(), "io_manager": PartitionedTables()},
)
