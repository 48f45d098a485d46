"""Flights, each with the weather of its hour."""

import orrery as og
import polars as pl


@og.asset(group_name="joined", kinds={"polars"})
def flights_with_weather(
    context: og.AssetExecutionContext, flights: pl.DataFrame, weather: pl.DataFrame
) -> pl.DataFrame:
    """
    Every flight with the weather at its airport in the hour it was to leave.

    Both tables name the hour in UTC, so the two changes of the clock do no harm. A flight whose hour
    nobody measured stays, with weather unknown.
    """
    table = flights.join(
        weather.with_columns(measured=True),
        on=["origin", "time_hour"],
        how="left",
        validate="m:1",
        maintain_order="left",
    ).with_columns(pl.col("measured").fill_null(value=False))
    context.add_output_metadata({"without_weather": int((~table["measured"]).sum())})
    return table
