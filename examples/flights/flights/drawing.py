"""The picture of the report: who is late when, and whether the forecast can be trusted. Knows no assets."""

from io import BytesIO

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#222222"
PALE = "#8a8a8a"
ACCENT = "#b5432a"

#: Cells of fewer flights are left white: their shares are chance.
FEWEST_FLIGHTS = 50


def draw_report(delays: pl.DataFrame, forecast: pl.DataFrame) -> bytes:
    """
    Return the picture as PNG.

    Args:
        delays: One row per airline and hour, with ``flights`` and ``share_late``.
        forecast: One row per flight, with ``chance`` and ``late``.
    """
    figure = Figure(figsize=(13, 6), layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    draw_delays(left, delays)
    draw_calibration(right, forecast)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def draw_delays(axes: Axes, delays: pl.DataFrame) -> None:
    """Draw the share of late flights by airline and hour, the best airline on top."""
    hours = list(range(5, 24))
    known = delays.filter(pl.col("flights") >= FEWEST_FLIGHTS)
    late_flights = (pl.col("share_late") * pl.col("flights")).sum()
    order = (
        known.group_by("airline")
        .agg(share=late_flights / pl.col("flights").sum())
        .sort("share", "airline")["airline"]
        .to_list()
    )
    cells = {(row["airline"], row["hour"]): row["share_late"] * 100 for row in known.iter_rows(named=True)}
    grid = [[cells.get((airline, hour), float("nan")) for hour in hours] for airline in order]
    image = axes.imshow(grid, aspect="auto", cmap="YlOrRd", vmin=0, vmax=60)
    axes.set_yticks(range(len(order)), [shorten(airline) for airline in order])
    axes.set_xticks(range(0, len(hours), 2), [f"{hour}:00" for hour in hours[::2]])
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    axes.set_title("Delay builds up over the day: share of flights 15 minutes late or more", loc="left", fontsize=11)
    axes.set_xlabel(f"scheduled departure, New York time (white: fewer than {FEWEST_FLIGHTS} flights)")
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02, format="%d %%")
    bar.outline.set_visible(False)


def draw_calibration(axes: Axes, forecast: pl.DataFrame) -> None:
    """Draw the share that was late over the chance foretold, by tenths of the flights."""
    tenths = (
        forecast.with_columns(tenth=pl.col("chance").rank("ordinal") * 10 // (pl.len() + 1))
        .group_by("tenth")
        .agg(pl.col("chance", "late").mean() * 100)
        .sort("chance")
    )
    limit: float = tenths.select(pl.max_horizontal(pl.col("chance", "late").max())).item() * 1.1
    axes.plot([0, limit], [0, limit], color=PALE, linewidth=1, linestyle="--")
    axes.text(limit, limit, "as foretold  ", color=PALE, ha="right", va="top")
    axes.plot(tenths["chance"], tenths["late"], color=ACCENT, marker="o", markersize=6)
    axes.set(xlim=(0, limit), ylim=(0, limit))
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter("{x:.0f} %")
    axes.yaxis.set_major_formatter("{x:.0f} %")
    axes.set_title("The forecast holds on days it never saw", loc="left", fontsize=11)
    axes.set_xlabel("foretold chance of a long delay, by tenths")
    axes.set_ylabel("flights that had one")


def shorten(airline: str) -> str:
    """Return the name of *airline* without its legal form."""
    for form in (" Inc.", " Co.", " Corporation"):
        airline = airline.removesuffix(form)
    return airline
