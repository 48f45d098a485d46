"""Values in files: where they lie, and what people see of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.io.filesystem import (
    FilesystemIOManager,
    PickledObjectFilesystemIOManager,
    custom_path_fs_io_manager,
    fs_io_manager,
)
from orrery.base.errors import InvalidDefinitionError
from orrery.base.names import key_from_path
from orrery.runtime.instance import Instance
from orrery.testing.conformance.samples import ValueContext


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("context", "path"),
    [
        (ValueContext("orders"), "orders.pickle"),
        (ValueContext(["sales", "orders"]), "sales/orders.pickle"),
        (ValueContext(["v1.2", "orders.v2"]), "v1%2e2/orders.v2.pickle"),
        (ValueContext("orders", partitions=["2024-01-01"]), "orders/partition=2024-01-01.pickle"),
        (ValueContext(run_id="run-1", step_key="clean", name="rows"), "run-1/clean/rows.pickle"),
        (ValueContext(step_key="each[k]", mapping_key="k"), "run-1/each%5bk%5d/result/k.pickle"),
        (ValueContext(".."), "%2e%2e.pickle"),
    ],
)
def test_a_value_lies_here(tmp_path: Path, context: ValueContext, path: str) -> None:
    """The paths are part of the stored format, and told as metadata."""
    PickledObjectFilesystemIOManager(tmp_path).handle_output(context, 1)
    assert files(tmp_path) == [path]
    assert context.output_metadata["path"].value == str(tmp_path / path)


def test_a_name_too_long_for_a_file_leaves_a_note(tmp_path: Path) -> None:
    """With which its key is found again."""
    key = ("x" * 300, "y" * 300)
    PickledObjectFilesystemIOManager(tmp_path).handle_output(ValueContext(key), 1)
    notes = {path.name[1:-5]: path.read_text() for path in tmp_path.rglob("*.name")}
    (value,) = [name for name in files(tmp_path) if name.endswith(".pickle")]
    assert key_from_path(value, extension=".pickle", notes=notes) == key


def test_whether_a_value_is_stored_is_told(tmp_path: Path) -> None:
    """Without loading it."""
    manager = PickledObjectFilesystemIOManager(tmp_path)
    assert not manager.has_output(ValueContext("a"))
    manager.handle_output(ValueContext("a"), 1)
    assert manager.has_output(ValueContext("a"))


class Init:
    """What a resource function is given."""

    def __init__(self, instance: Instance | None, **config: Any) -> None:
        self.instance = instance
        self.resource_config = config
        self.run_id = "run-1"


def test_the_resource_takes_a_directory_or_that_of_the_instance(tmp_path: Path) -> None:
    """As config."""
    named = fs_io_manager.resource_fn(Init(None, base_dir=str(tmp_path / "named")))
    assert named.base_dir == str(tmp_path / "named")
    with Instance.ephemeral(str(tmp_path)) as instance:
        assert fs_io_manager.resource_fn(Init(instance)).base_dir == str(tmp_path / "storage")


def test_the_class_takes_a_directory_or_that_of_the_instance(tmp_path: Path) -> None:
    """As a field."""
    context: Any = Init(None)
    assert FilesystemIOManager(base_dir="data").create_io_manager(context).base_dir == os.path.abspath("data")
    with Instance.ephemeral(str(tmp_path)) as instance:
        context = Init(instance)
        assert FilesystemIOManager().create_io_manager(context).base_dir == str(tmp_path / "storage")


def test_a_path_of_ones_own_stands_in_the_metadata_of_the_output(tmp_path: Path) -> None:
    """Below the base directory."""
    manager = custom_path_fs_io_manager.resource_fn(Init(None, base_dir=str(tmp_path)))
    context = ValueContext(definition_metadata={"path": "reports/daily"})
    manager.handle_output(context, [1])
    assert files(tmp_path) == ["reports/daily"]
    assert manager.load_input(context) == [1]


@pytest.mark.parametrize(
    ("metadata", "words"),
    [({}, "no 'path'"), ({"path": "../x"}, "leads out"), ({"path": "/etc/x"}, "leads out")],
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, metadata: dict[str, str], words: str) -> None:
    """Nothing is written."""
    manager = custom_path_fs_io_manager.resource_fn(Init(None, base_dir=str(tmp_path / "base")))
    with pytest.raises(InvalidDefinitionError, match=words):
        manager.handle_output(ValueContext(definition_metadata=metadata), 1)
    assert files(tmp_path) == []


def test_a_path_beside_with_the_same_beginning_is_outside(tmp_path: Path) -> None:
    """``base-secret`` does not lie in ``base``."""
    manager = custom_path_fs_io_manager.resource_fn(Init(None, base_dir=str(tmp_path / "base")))
    with pytest.raises(InvalidDefinitionError, match="leads out"):
        manager.handle_output(ValueContext(definition_metadata={"path": "../base-secret/x"}), 1)
