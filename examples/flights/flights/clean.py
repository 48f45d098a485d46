"""The tables we work with: true types, one name per thing, no impossible values."""

import orrery as og
import polars as pl

#: The fastest wind ever measured away from a tornado, in miles per hour (Barrow Island, 1996).
FASTEST_WIND_MPH = 254


@og.asset(group_name="clean", kinds={"polars"})
def flights(context: og.AssetExecutionContext, raw_flights: pl.DataFrame, raw_airlines: pl.DataFrame) -> pl.DataFrame:
    """
    One row per scheduled flight, with the airline's name and the instant it was to leave.

    The key is ``time_hour``, ``carrier`` and ``flight``. A flight that never left is ``cancelled`` and has no delay.
    """
    table = raw_flights.join(
        raw_airlines.rename({"name": "airline"}), on="carrier", how="left", validate="m:1", maintain_order="left"
    ).select(
        "time_hour",
        "carrier",
        "flight",
        "airline",
        "tailnum",
        "origin",
        "dest",
        "distance",
        "month",
        pl.date("year", "month", "day").alias("date"),
        "hour",
        (pl.col("time_hour") + pl.duration(minutes="minute")).alias("scheduled"),
        pl.col("dep_delay", "arr_delay", "air_time").cast(pl.Int16),
        pl.col("dep_time").is_null().alias("cancelled"),
    )
    context.add_output_metadata({"cancelled": int(table["cancelled"].sum())})
    return table


@og.asset(group_name="clean", kinds={"polars"})
def weather(context: og.AssetExecutionContext, raw_weather: pl.DataFrame) -> pl.DataFrame:
    """
    The weather by airport and hour, without what no instrument can have seen.

    One reading has a wind of 1,048 miles per hour: it becomes unknown, the rest of its row stays.
    """
    impossible = pl.col("wind_speed") > FASTEST_WIND_MPH
    context.add_output_metadata({"impossible_winds": raw_weather.filter(impossible).height})
    return raw_weather.select(
        "origin",
        "time_hour",
        "temp",
        "humid",
        "precip",
        "visib",
        "pressure",
        pl.when(~impossible).then("wind_speed").alias("wind_speed"),
        "wind_gust",
    )
