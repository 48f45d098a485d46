"""An input that asks an IO manager for something of its own gets that, and no copy of what others get."""

from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.cache.cached import CachedIOManager
from orrery.api.verbs.materialize import materialize
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.io_manager import IOManager
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.runtime.instance.instance import Instance


class Versions(IOManager):
    """Keeps all values; the metadata of an input says which one it wants, by default the latest."""

    def __init__(self) -> None:
        self.values: dict[str | None, list[Any]] = {}

    def handle_output(self, context: Any, obj: Any) -> None:
        """Keep one more."""
        key = context.asset_partition_key if context.has_asset_partitions else None
        self.values.setdefault(key, []).append(obj)

    def load_input(self, context: Any) -> Any:
        """Return one of them; of several partitions a dictionary."""
        wanted = context.definition_metadata.get("version", -1)
        if not context.has_asset_partitions:
            return self.values[None][wanted]
        return {key: self.values[key][wanted] for key in context.asset_partition_keys}


@pytest.mark.parametrize("is_first_asked", [True, False], ids=["asked first", "copied first"])
def test_an_input_with_metadata_is_loaded_where_the_value_lies(tmp_path: Path, is_first_asked: bool) -> None:
    """And what it gets does not become the copy that others get."""
    manager = CachedIOManager(Versions(), local=tmp_path / "local")
    given = {"io_manager": manager}
    got: dict[str, Any] = {}
    prices = iter([1, 2])

    @asset
    def price() -> int:
        return next(prices)

    @asset(ins={"price": AssetIn(metadata={"version": 0})})
    def first(price: int) -> None:
        got["first"] = price

    @asset
    def latest(price: int) -> None:
        got["latest"] = price

    with Instance.local_temp(str(tmp_path / "home")) as instance:
        for _ in range(2):
            materialize([price], instance=instance, resources=given, on_event=lambda entry: None)
        manager.store.remove_pointer("price")
        for taker in (first, latest) if is_first_asked else (latest, first):
            materialize(
                [price, taker],
                selection=[taker],
                instance=instance,
                resources=given,
                on_event=lambda entry: None,
            )
    assert got == {"first": 1, "latest": 2}


def test_so_is_one_of_several_partitions(tmp_path: Path) -> None:
    """Which an IO manager loads together."""
    letters = StaticPartitionsDefinition(["a", "b"])
    given = {"io_manager": CachedIOManager(Versions(), local=tmp_path / "local")}
    got: list[dict[str, str]] = []
    texts = iter(["old a", "old b", "new a", "new b"])

    @asset(partitions_def=letters)
    def part() -> str:
        return next(texts)

    @asset(ins={"part": AssetIn(metadata={"version": 0})})
    def first(part: dict[str, str]) -> None:
        got.append(part)

    with Instance.local_temp(str(tmp_path / "home")) as instance:
        options: dict[str, Any] = {"instance": instance, "resources": given, "on_event": lambda entry: None}
        for key in ("a", "b", "a", "b"):
            materialize([part], partition_key=key, **options)
        materialize([part, first], selection=[first], **options)
    assert got == [{"a": "old a", "b": "old b"}]
