"""Files that steps write and hand on by reference."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.io.file_manager import FileHandle, LocalFileHandle, LocalFileManager, local_file_manager
from orrery.base.errors import InvalidInvocationError, ValueNotFoundError
from orrery.runtime.instance import Instance


@pytest.fixture
def manager(tmp_path: Path) -> LocalFileManager:
    return LocalFileManager(tmp_path / "files")


def test_data_comes_back(manager: LocalFileManager) -> None:
    """With the ending that it was given."""
    handle = manager.write_data(b"bar", ext="txt")
    assert handle.path.endswith(".txt")
    assert handle.path_desc == handle.path
    assert manager.read_data(handle) == b"bar"
    with manager.read(handle, mode="r") as file:
        assert file.read() == "bar"


@pytest.mark.parametrize(("file", "mode"), [(io.StringIO("foo"), "w"), (io.BytesIO(b"foo"), "wb")])
def test_an_open_file_is_kept(manager: LocalFileManager, file: Any, mode: str) -> None:
    """As text or bytes."""
    assert manager.read_data(manager.write(file, mode=mode, ext=".txt")) == b"foo"


def test_a_temporary_copy_stays_until_it_is_deleted(manager: LocalFileManager) -> None:
    """The kept file stays."""
    handle = manager.write_data(b"bar")
    copy = manager.copy_handle_to_local_temp(handle)
    assert Path(copy).read_bytes() == b"bar"
    manager.delete_local_temp()
    assert not os.path.exists(copy)
    assert manager.read_data(handle) == b"bar"


def test_a_file_that_is_gone_is_told(manager: LocalFileManager) -> None:
    """By its path."""
    with pytest.raises(ValueNotFoundError, match="/none"):
        manager.read_data(LocalFileHandle("/none"))


def test_what_is_no_local_file_is_refused(manager: LocalFileManager) -> None:
    """Handles of other managers, modes, endings that lead elsewhere."""

    class Remote(FileHandle):
        @property
        def path_desc(self) -> str:
            return "s3://x"

    with pytest.raises(InvalidInvocationError, match="local files"):
        manager.read_data(Remote())
    with pytest.raises(InvalidInvocationError, match="mode"):
        manager.write(io.BytesIO(b""), mode="x")
    with pytest.raises(InvalidInvocationError, match="holds no"):
        manager.write_data(b"", ext="/../../x")
    with pytest.raises(InvalidInvocationError, match="as text"):
        LocalFileHandle(Path("x"))  # type: ignore[arg-type]  # wrong on purpose


def test_the_resource_keeps_files_of_a_run_in_the_instance(tmp_path: Path) -> None:
    """Unless config names a directory."""

    class Init:
        run_id = "run-1"
        resource_config: dict[str, str] = {}
        instance: Instance

    with Instance.ephemeral(str(tmp_path)) as instance:
        init = Init()
        init.instance = instance
        assert local_file_manager.resource_fn(init).base_dir == str(tmp_path / "storage" / "run-1" / "files")
        init.resource_config = {"base_dir": str(tmp_path / "mine")}
        assert local_file_manager.resource_fn(init).base_dir == str(tmp_path / "mine")
