"""
Flights by how late they left: an asset factory.

A factory is a function that returns an asset. This one takes the upstream asset itself, because that knows
what the new asset should share with it: its key, and how it is partitioned.
"""

import orrery as og
import polars as pl

from flights.joined import flights_with_weather

#: From (inclusive) and to (exclusive), in minutes of delay at departure.
BANDS: tuple[tuple[int, int | None], ...] = ((15, 30), (30, 60), (60, None))


def build_delay_band(upstream: og.AssetsDefinition, low: int, high: int | None) -> og.AssetsDefinition:
    """
    Return the asset of those flights of *upstream* that left at least *low* and less than *high* minutes late.

    Args:
        upstream: An asset of flights with a column ``dep_delay``.
        low: First minute of the band.
        high: First minute after the band; None for a band without end.
    """
    name = f"delayed_{low}_to_{high}" if high else f"delayed_{low}_and_more"

    @og.asset(
        key=[name, *upstream.key.path],
        ins={"upstream": og.AssetIn(upstream.key)},
        partitions_def=upstream.partitions_def,
        group_name="bands",
        kinds={"polars"},
        metadata={"from_minutes": low, "to_minutes": high},
        description=f"Flights that left {low} minutes late or more" + (f", but less than {high}." if high else "."),
    )
    def delay_band(upstream: pl.DataFrame) -> pl.DataFrame:
        late = upstream.filter(pl.col("dep_delay") >= low)
        return late if high is None else late.filter(pl.col("dep_delay") < high)

    return delay_band


delay_bands = [build_delay_band(flights_with_weather, low, high) for low, high in BANDS]
