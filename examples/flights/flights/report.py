"""The report: one picture, and a table in the metadata."""

import orrery as og
import polars as pl

from flights.bands import delay_bands
from flights.drawing import draw_report


@og.asset(
    group_name="report",
    kinds={"matplotlib"},
    io_manager_key="png_io_manager",
    ins={band.key.path[0]: og.AssetIn(band.key) for band in delay_bands},
)
def report(
    context: og.AssetExecutionContext,
    flights: pl.DataFrame,
    delays_by_carrier_and_hour: pl.DataFrame,
    long_delay_forecast: pl.DataFrame,
    **bands: pl.DataFrame,
) -> bytes:
    """When and with whom flights are late, and how far a long delay can be foretold."""
    context.add_output_metadata({"delays": og.MetadataValue.md(band_table(flights.height, bands))})
    return draw_report(delays_by_carrier_and_hour, long_delay_forecast)


def band_table(scheduled: int, bands: dict[str, pl.DataFrame]) -> str:
    """Return the table of the bands as Markdown, given how many flights were *scheduled*."""
    lines = ["| delay | flights | share | mean delay |", "|---|---:|---:|---:|"]
    for name, table in bands.items():
        title = name.removeprefix("delayed_").replace("_", " ") + " minutes"
        share = table.height / scheduled
        mean: float = table.select(pl.col("dep_delay").mean()).item()
        lines.append(f"| {title} | {table.height:,} | {share:.1%} | {mean:.0f} min |")
    return "\n".join(lines)
