"""Stored values of assets are loaded by the IO managers that stored them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import orrery as o

SEEN: list[str] = []


class Keeper(o.ConfigurableIOManager):  # type: ignore[misc]  # the public face is untyped here
    place: str = "here"

    def setup_for_execution(self, context: Any) -> None:
        SEEN.append("open")

    def teardown_after_execution(self, context: Any) -> None:
        SEEN.append("close")

    def handle_output(self, context: Any, obj: object) -> None:
        return None

    def load_input(self, context: Any) -> Any:
        return context, self.place


@o.asset(metadata={"kind": "raw"})
def orders() -> int:
    return 1


@o.asset(partitions_def=o.DailyPartitionsDefinition("2024-01-01"), io_manager_key="other")
def daily() -> int:
    return 1


DEFS = o.Definitions(
    assets=[orders, daily, o.AssetSpec("far")], resources={"io_manager": Keeper(), "other": Keeper(place="there")}
)


def test_the_io_manager_is_told_what_an_asset_downstream_would_tell_it() -> None:
    context, place = DEFS.load_asset_value("orders", python_type=int, metadata={"z": 2})
    assert place == "here"
    assert (context.asset_key, context.definition_metadata) == (o.AssetKey("orders"), {"z": 2})
    assert context.dagster_type.display_name == "Int"
    assert context.upstream_output.definition_metadata["kind"] in ("raw", o.MetadataValue.text("raw"))
    assert (context.upstream_output.name, context.has_asset_partitions) == ("result", False)
    assert context.resource_config == {"place": "here"}


def test_a_partition_is_loaded_by_the_manager_of_its_asset() -> None:
    context, place = DEFS.load_asset_value("daily", partition_key="2024-01-02")
    assert (place, context.asset_partition_keys, context.partition_key) == ("there", ["2024-01-02"], "2024-01-02")


def test_an_asset_that_is_made_elsewhere_is_loaded_too() -> None:
    context, _place = DEFS.load_asset_value("far")
    assert context.asset_key == o.AssetKey("far")


def test_a_loader_sets_each_resource_up_once_and_closes_it() -> None:
    SEEN.clear()
    with DEFS.get_asset_value_loader() as loader:
        loader.load_asset_value("orders")
        loader.load_asset_value("orders")
        keys = o.PartitionKeyRange("2024-01-02", "2024-01-03")
        context, _place = loader.load_asset_value("daily", partition_key_range=keys)
        assert context.asset_partition_keys == ["2024-01-02", "2024-01-03"]
        assert SEEN == ["open", "open"]
    assert SEEN == ["open", "open", "close", "close"]


def test_an_unknown_asset_is_refused_with_the_nearest() -> None:
    with pytest.raises(o.UnknownAssetError, match="orders"):
        DEFS.load_asset_value("order")


def test_config_of_the_io_manager_may_be_given_with_the_load() -> None:
    @o.io_manager(config_schema={"q": int})
    def made(init: Any) -> Any:
        class Given(o.IOManager):
            def handle_output(self, context: Any, obj: object) -> None:
                return None

            def load_input(self, context: Any) -> Any:
                return init.resource_config, context.resource_config

        return Given()

    repository = o.Definitions(assets=[orders], resources={"io_manager": made})
    with repository.get_asset_value_loader() as loader:
        given = loader.load_asset_value("orders", resource_config={"io_manager": {"config": {"q": 3}}})
    assert given == ({"q": 3}, {"q": 3})
    with pytest.raises(o.InvalidConfigError):
        repository.load_asset_value("orders")


def test_what_a_run_stored_is_loaded(tmp_path: Path) -> None:
    resources = {"io_manager": o.FilesystemIOManager(base_dir=str(tmp_path))}
    o.materialize([orders], resources=resources)
    assert o.Definitions(assets=[orders], resources=resources).load_asset_value("orders") == 1


def test_a_function_of_a_run_may_load_what_the_run_stored(tmp_path: Path) -> None:
    @o.asset(deps=[orders])
    def report(context: o.AssetExecutionContext) -> int:
        return int(context.load_asset_value("orders")) + 1

    resources = {"io_manager": o.FilesystemIOManager(base_dir=str(tmp_path))}
    assert o.materialize([orders, report], resources=resources).asset_value("report") == 2


def test_one_except_catches_what_is_missing_and_what_is_damaged(tmp_path: Path) -> None:
    """Each is a kind of its own, too."""

    @o.asset
    def one() -> int:
        return 1

    definitions = o.Definitions(assets=[one], resources={"io_manager": o.FilesystemIOManager(base_dir=str(tmp_path))})
    (tmp_path / "one.pickle").write_bytes(b"garbage")
    with pytest.raises(o.UnusableValueError) as damaged:
        definitions.load_asset_value("one")
    (tmp_path / "one.pickle").unlink()
    with pytest.raises(o.UnusableValueError) as missing:
        definitions.load_asset_value("one")
    assert isinstance(damaged.value, o.DamagedValueError)
    assert isinstance(missing.value, o.ValueNotFoundError)
