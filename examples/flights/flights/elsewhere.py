"""What other programs reckon: one of Python in an environment of its own, one for Node. Orrery launches them, over Pipes."""

import hashlib
import importlib.util
import shutil
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import orrery as og
import polars as pl

from flights.delays import LATE_MINUTES

PROGRAMS = Path(__file__).with_name("external")


def version_of(program: str) -> str:
    """Return the version of the code in *program*, so that a change there is seen as one of the asset."""
    return hashlib.sha256((PROGRAMS / program).read_bytes()).hexdigest()[:12]


@og.asset(group_name="elsewhere", kinds={"python"}, code_version=version_of("route_distances.py"))
def route_distances(
    context: og.AssetExecutionContext,
    flights: pl.DataFrame,
    raw_airports: pl.DataFrame,
    pipes: og.PipesSubprocessClient,
) -> og.MaterializeResult[pl.DataFrame]:
    """The routes with their distance as the airlines tell it, and along a great circle; both in miles."""
    places = raw_airports.select("faa", "lat", "lon")
    routes = (
        flights.select("origin", "dest", "distance")
        .unique(["origin", "dest"])
        .join(places, left_on="origin", right_on="faa")
        .join(places.rename({"lat": "dest_lat", "lon": "dest_lon"}), left_on="dest", right_on="faa")
        .sort("origin", "dest")
    )
    done = pipes.run(
        context=context,
        command=[str(environment(context.instance.storage_directory())), str(PROGRAMS / "route_distances.py")],
        env={"PYTHONPATH": str(library_of_pipes())},
        values={"routes": routes.to_dicts()},
    ).get_materialize_result()
    return og.MaterializeResult(value=pl.DataFrame(done.value), metadata=done.metadata)


@og.asset(
    group_name="elsewhere",
    kinds={"javascript"},
    code_version=version_of("delays_by_weekday.mjs"),
    output_required=False,
)
def delays_by_weekday(
    context: og.AssetExecutionContext, flights: pl.DataFrame, pipes: og.PipesSubprocessClient
) -> Iterator[og.MaterializeResult[pl.DataFrame]]:
    """Which days of the week are late. It is left out, and says so, on a machine without Node."""
    node = shutil.which("node")
    if node is None:
        context.log.warning("delays_by_weekday is left out: there is no Node on this machine.")
        return
    late = pl.col("dep_delay") >= LATE_MINUTES
    days = flights.group_by("date").agg(pl.len(), late.sum()).sort("date").with_columns(pl.col("date").cast(pl.String))
    done = pipes.run(
        context=context,
        command=[node, str(PROGRAMS / "delays_by_weekday.mjs")],
        extras={"days": [list(day) for day in days.rows()]},
    )
    (week,) = done.get_custom_messages()
    yield og.MaterializeResult(value=pl.DataFrame(week), metadata=done.get_materialize_result().metadata)


def environment(folder: str) -> Path:
    """Return the interpreter of a Python environment of its own below *folder*; it is made on the first use."""
    place = Path(folder) / "environments" / f"distances-{sys.version_info.major}.{sys.version_info.minor}"
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, symlinks=True, with_pip=False)
    return python


def library_of_pipes() -> Path:
    """Return the folder with ``orrery_pipes``: here, that of this environment, beside the others of the repository."""
    found = importlib.util.find_spec("orrery_pipes")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("orrery_pipes is not installed: pip install orrery-pipes")
    return Path(found.origin).parents[1]
