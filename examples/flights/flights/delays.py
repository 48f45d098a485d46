"""Who is late, and when: delays by carrier and hour, and by destination."""

import orrery as og
import polars as pl

#: From so many minutes on, the Bureau of Transportation Statistics calls a flight late.
LATE_MINUTES = 15

DELAY_FIGURES = (
    pl.len().alias("flights"),
    pl.col("cancelled").mean().alias("share_cancelled"),
    pl.col("dep_delay").mean().alias("mean_delay"),
    (pl.col("dep_delay") >= LATE_MINUTES).mean().alias("share_late"),
)


@og.asset(group_name="delays", kinds={"polars"})
def delays_by_carrier_and_hour(flights: pl.DataFrame) -> pl.DataFrame:
    """Delays of each airline in each local hour of the scheduled departure; shares are of one."""
    return flights.group_by("airline", "hour").agg(DELAY_FIGURES).sort("airline", "hour")


@og.asset(group_name="delays", kinds={"polars"})
def delays_by_destination(flights: pl.DataFrame, raw_airports: pl.DataFrame) -> pl.DataFrame:
    """Delays by destination, with its name and place where known: four airports of the Caribbean are not."""
    places = raw_airports.select(pl.col("faa").alias("dest"), "name", "lat", "lon")
    return flights.group_by("dest").agg(DELAY_FIGURES).join(places, on="dest", how="left").sort("dest")
