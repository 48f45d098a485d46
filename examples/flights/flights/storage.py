"""Where the values lie: tables as Parquet, pictures as PNG, below the instance's own folder."""

import orrery as og
import polars as pl
from upath import UPath


class ParquetFiles(og.UPathIOManager):
    """Keeps each table in a Parquet file of its own, and notes its rows and columns."""

    extension = ".parquet"

    def dump_to_path(self, context: og.OutputContext, obj: pl.DataFrame, path: UPath) -> None:
        """Write the table *obj*."""
        with path.open("wb") as file:
            obj.write_parquet(file)

    def load_from_path(self, context: og.InputContext, path: UPath) -> pl.DataFrame:
        """Read a table back."""
        with path.open("rb") as file:
            return pl.read_parquet(file)

    def get_metadata(self, context: og.OutputContext, obj: pl.DataFrame) -> dict[str, og.MetadataValue]:
        """Return what is noted beside each table: its rows and its schema."""
        columns = [og.TableColumn(name, str(dtype)) for name, dtype in obj.schema.items()]
        return {
            "orrery/row_count": og.MetadataValue.int(obj.height),
            "orrery/column_schema": og.MetadataValue.table_schema(og.TableSchema(columns)),
        }


class PngFiles(og.UPathIOManager):
    """Keeps each picture in a PNG file of its own."""

    extension = ".png"

    def dump_to_path(self, context: og.OutputContext, obj: bytes, path: UPath) -> None:
        """Write the picture *obj*."""
        path.write_bytes(obj)

    def load_from_path(self, context: og.InputContext, path: UPath) -> bytes:
        """Read a picture back."""
        return path.read_bytes()


class ParquetIOManager(og.ConfigurableIOManagerFactory[ParquetFiles]):
    """Parquet files below *base_dir*, or below the instance's storage folder if none is given."""

    base_dir: str | None = None

    def create_io_manager(self, context: og.InitResourceContext) -> ParquetFiles:
        """Return the IO manager of this run."""
        return ParquetFiles(UPath(self.base_dir or storage_folder(context)))


class PngIOManager(og.ConfigurableIOManagerFactory[PngFiles]):
    """PNG files below *base_dir*, or below the instance's storage folder if none is given."""

    base_dir: str | None = None

    def create_io_manager(self, context: og.InitResourceContext) -> PngFiles:
        """Return the IO manager of this run."""
        return PngFiles(UPath(self.base_dir or storage_folder(context)))


def storage_folder(context: og.InitResourceContext) -> str:
    """Return the folder in which the instance of this run keeps values."""
    assert context.instance is not None
    folder: str = context.instance.storage_directory()
    return folder
