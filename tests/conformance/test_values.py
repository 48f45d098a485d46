"""Every IO manager passes the suite of its seam."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.stored import BlobIOManager
from orrery.adapters.io.delta import DeltaLakeIOManager
from orrery.adapters.io.filesystem import PickledObjectFilesystemIOManager
from orrery.adapters.io.iceberg import IcebergIOManager
from orrery.adapters.io.memory import EphemeralIOManager
from orrery.adapters.io.parquet import ParquetIOManager
from orrery.adapters.io.upath import UPathIOManager
from orrery.definitions.parts.io_manager import IOManager
from orrery.testing.conformance.io_manager import IOManagerSuite


class TestEphemeral(IOManagerSuite):
    """As if through files, in memory."""

    @pytest.fixture
    def manager(self) -> IOManager:
        return EphemeralIOManager()


class TestFilesystem(IOManagerSuite):
    """Pickles in files."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return PickledObjectFilesystemIOManager(tmp_path / "values")


class _Text(UPathIOManager):
    extension = ".txt"

    def dump_to_path(self, context: Any, obj: str, path: Any) -> None:
        path.write_text(obj)

    def load_from_path(self, context: Any, path: Any) -> str:
        return str(path.read_text())


class TestUPath(IOManagerSuite):
    """Files by path, on a local disk."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return _Text(tmp_path / "values")

    def value_of(self, number: int) -> str:
        return f"value {number}"

    def same(self, one: Any, other: Any) -> bool:
        return bool(one == other)

    def test_a_loaded_value_is_a_copy(self, manager: IOManager) -> None:
        """Text cannot be changed."""


class TestParquet(IOManagerSuite):
    """Tables in Parquet files."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return ParquetIOManager(tmp_path / "values")

    def value_of(self, number: int) -> pl.DataFrame:
        return pl.DataFrame({"number": [number]})

    def same(self, one: Any, other: Any) -> bool:
        return bool(one.equals(other))


class TestDeltaLake(TestParquet):
    """Tables of Delta Lake."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return DeltaLakeIOManager(tmp_path / "values")


class TestIceberg(TestParquet):
    """Tables of Iceberg."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return IcebergIOManager(tmp_path / "values")


class TestBlobs(IOManagerSuite):
    """A content-addressed store in a folder."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return BlobIOManager(tmp_path / "values")


class TestBlobsInMemory(IOManagerSuite):
    """A content-addressed store at another location of fsspec."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return BlobIOManager(f"cas://memory://{tmp_path.name}")


class TestCached(IOManagerSuite):
    """A local cache over another IO manager."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return CachedIOManager(PickledObjectFilesystemIOManager(tmp_path / "remote"), tmp_path / "local")


class TestCachedOverLocation(IOManagerSuite):
    """A local cache over a location."""

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        return CachedIOManager(f"memory://cached-{tmp_path.name}", tmp_path / "local")
