"""What must hold. A check that blocks keeps everything below its asset from running on bad data."""

from collections.abc import Sequence

import orrery as og
import polars as pl

from flights.clean import FASTEST_WIND_MPH, flights, weather
from flights.joined import flights_with_weather
from flights.raw import raw_airlines, raw_airports, raw_flights, raw_planes, raw_weather

#: Flights that were to leave New York in 2013, as the source says.
FLIGHTS_OF_2013 = 336_776


@og.asset_check(asset=raw_flights, blocking=True)
def every_flight_is_there(raw_flights: pl.DataFrame) -> og.AssetCheckResult:
    """No flight of the year is missing or there twice over."""
    return og.AssetCheckResult(
        passed=raw_flights.height == FLIGHTS_OF_2013,
        metadata={"rows": raw_flights.height, "expected": FLIGHTS_OF_2013},
    )


def build_key_check(asset: og.AssetsDefinition, columns: Sequence[str]) -> og.AssetChecksDefinition:
    """Return the check that *columns* are the key of *asset*: never null, never twice the same."""

    @og.asset_check(
        asset=asset,
        name="key_is_sound",
        description=f"({', '.join(columns)}) is never null and never twice the same.",
        blocking=True,
    )
    def key_is_sound(table: pl.DataFrame) -> og.AssetCheckResult:
        nulls = table.filter(pl.any_horizontal(pl.col(columns).is_null())).height
        repeated = table.height - table.n_unique(subset=columns)
        return og.AssetCheckResult(
            passed=nulls == 0 and repeated == 0, metadata={"null_keys": nulls, "repeated_keys": repeated}
        )

    return key_is_sound


key_checks = [
    build_key_check(raw_flights, ["time_hour", "carrier", "flight"]),
    build_key_check(raw_weather, ["origin", "time_hour"]),
    build_key_check(raw_planes, ["tailnum"]),
    build_key_check(raw_airports, ["faa"]),
    build_key_check(raw_airlines, ["carrier"]),
]


@og.asset_check(asset=flights)
def delays_are_possible(flights: pl.DataFrame) -> og.AssetCheckResult:
    """Nobody leaves more than an hour early or more than a day late, and only who left has a delay."""
    delay = pl.col("dep_delay")
    odd = flights.filter(~delay.is_between(-60, 24 * 60) | (delay.is_null() != pl.col("cancelled")))
    return og.AssetCheckResult(
        passed=odd.is_empty(),
        metadata={"odd": odd.height, "earliest": flights["dep_delay"].min(), "latest": flights["dep_delay"].max()},
    )


@og.asset_check(asset=weather)
def weather_is_possible(weather: pl.DataFrame) -> og.AssetCheckResult:
    """Humidity is a percentage, visibility at most ten miles, and the wind is one of this planet."""
    ranges = {"humid": (0, 100), "visib": (0, 10), "wind_speed": (0, FASTEST_WIND_MPH), "temp": (-20, 110)}
    odd = {name: weather.filter(~pl.col(name).is_between(low, high)).height for name, (low, high) in ranges.items()}
    return og.AssetCheckResult(passed=not any(odd.values()), metadata=odd)


@og.asset_check(asset=flights_with_weather, additional_ins={"flights": og.AssetIn(flights.key)})
def join_keeps_every_flight(flights_with_weather: pl.DataFrame, flights: pl.DataFrame) -> og.AssetCheckResult:
    """The join neither drops nor doubles a flight, and finds the weather of 99 in 100."""
    measured: float = flights_with_weather.select(pl.col("measured").mean()).item()
    return og.AssetCheckResult(
        passed=flights_with_weather.height == flights.height and measured >= 0.99,
        metadata={"rows": flights_with_weather.height, "share_with_weather": measured},
    )


@og.asset_check(asset="long_delay_forecast")
def forecast_is_calibrated(long_delay_forecast: pl.DataFrame) -> og.AssetCheckResult:
    """The mean chance foretold is within two points of the share that really was late."""
    told, seen = long_delay_forecast.select(pl.col("chance", "late").mean()).row(0)
    return og.AssetCheckResult(
        passed=abs(told - seen) < 0.02,
        severity=og.AssetCheckSeverity.WARN,
        metadata={"foretold": told, "seen": seen},
    )
