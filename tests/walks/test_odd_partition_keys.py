"""Any text is a partition key, and is stored and read back as data; what cannot be one is refused with the key."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.command import run_command

import orrery as og
from orrery.base.errors import OrreryError
from orrery.runtime.instance import Instance

LONG = "x" * 300
ODD = [
    *(
        "..",
        ".",
        "'",
        '"',
        "x' OR '1'='1",
        "'; DROP TABLE odd; --",
        "😀",
        "|",
        "a|b",
        "a\\|b",
        "a/b",
        "../../x",
        "a\\b",
        "~",
    ),
    *(
        "%",
        "%2e",
        " leading",
        "trailing ",
        "A",
        "a",
        "é",
        "e\u0301",
        "con",
        "*",
        "[x]",
        "a,b",
        "k=v",
        "-",
        "--all",
        "NULL",
    ),
]
REFUSED = ["line\nbreak", "nul\0inside", "tab\there", "a...b", ""]


def project(keys: Sequence[str], manager: Any, policy: og.BackfillPolicy) -> og.Definitions:
    """Return an asset of a frame for each key, and one that reads them all, by key."""

    @og.asset(partitions_def=og.StaticPartitionsDefinition(keys), backfill_policy=policy)
    def odd(context: og.AssetExecutionContext) -> Any:
        frames = {key: pl.DataFrame({"told": [f"<{key}>"]}) for key in context.partition_keys}
        return frames if len(frames) > 1 else frames[context.partition_key]

    @og.asset(io_manager_key="plain")
    def reader(odd: dict[str, pl.DataFrame]) -> dict[str, str]:
        return {str(key): frame["told"].item() for key, frame in odd.items()}

    return og.Definitions(assets=[odd, reader], resources={"io_manager": manager, "plain": og.FilesystemIOManager()})


MANAGERS = {
    "files": (lambda root: og.FilesystemIOManager(base_dir=str(root / "files")), [*ODD, LONG]),
    "parquet": (lambda root: og.ParquetIOManager(str(root / "parquet")), [*ODD, LONG]),
    "duckdb": (lambda root: og.DuckDBIOManager(str(root / "data.duckdb")), [*ODD, LONG]),
    "delta": (lambda root: og.DeltaLakeIOManager(str(root / "delta")), ODD),
}


@pytest.mark.parametrize(
    "policy", [og.BackfillPolicy.single_run(), og.BackfillPolicy.multi_run(7)], ids=["one", "some"]
)
@pytest.mark.parametrize("name", MANAGERS)
def test_odd_keys_are_stored_and_read_back(tmp_path: Path, name: str, policy: og.BackfillPolicy) -> None:
    """Each value comes back under its own key; nothing lies outside, and no other rows are touched."""
    make, keys = MANAGERS[name]
    root = tmp_path / "inside"
    root.mkdir()
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        defs = project(keys, make(root), policy)
        result = og.backfill(defs, instance=instance)
        assert result.success
        assert sorted(result.made("odd")) == sorted(keys)
        assert defs.load_asset_value("reader", instance=instance) == {key: f"<{key}>" for key in keys}
        again = og.backfill(defs, "odd", partitions=["x' OR '1'='1"], which="all", instance=instance)
        assert again.made("odd") == ["x' OR '1'='1"]
        for key in ("..", "x' OR '1'='1", "a|b", keys[-1]):
            frame = defs.load_asset_value("odd", instance=instance, partition_key=key, python_type=pl.DataFrame)
            assert frame["told"].to_list() == [f"<{key}>"]
    assert {path.name for path in tmp_path.iterdir()} == {"inside", "home"}


def test_a_key_that_a_table_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        defs = project([LONG], og.DeltaLakeIOManager(str(tmp_path / "delta")), og.BackfillPolicy.single_run())
        told: list[str | None] = []
        result = og.backfill(defs, "odd", instance=instance, tell=lambda news: told.append(news.error))
        assert result.failed("odd") == [LONG]
        assert "xxxxxxxx" in str(told[0])
        assert "is too long for the name of a partition of a table (300 characters)" in str(told[0])


@pytest.mark.parametrize("key", REFUSED)
def test_what_cannot_be_a_key_is_refused_by_name(key: str) -> None:
    """When it is defined, added, or asked for as a part of several dimensions."""
    other = og.StaticPartitionsDefinition(["x"])
    with Instance.ephemeral() as instance:
        for define in (
            lambda: og.StaticPartitionsDefinition(["fine", key]),
            lambda: instance.add_dynamic_partitions("cities", ["fine", key]),
            lambda: og.MultiPartitionsDefinition({"a": og.StaticPartitionsDefinition([key]), "b": other}),
        ):
            with pytest.raises(OrreryError) as refused:
                define()
            assert repr(key) in str(refused.value) or "empty" in str(refused.value)
        assert instance.get_dynamic_partitions("cities") == []


def test_a_key_that_is_there_twice_is_refused_or_kept_once() -> None:
    with pytest.raises(OrreryError, match="'twice'"):
        og.StaticPartitionsDefinition(["twice", "once", "twice"])
    with Instance.ephemeral() as instance:
        instance.add_dynamic_partitions("cities", ["twice", "twice"])
        instance.add_dynamic_partitions("cities", ["twice"])
        assert instance.get_dynamic_partitions("cities") == ["twice"]


def test_odd_dynamic_keys_are_kept_and_made(tmp_path: Path) -> None:
    @og.asset(partitions_def=og.DynamicPartitionsDefinition(name="odd"))
    def dynamic(context: og.AssetExecutionContext) -> str:
        return context.partition_key

    defs = og.Definitions(assets=[dynamic])
    with Instance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("odd", [*ODD, LONG])
        assert sorted(og.backfill(defs, instance=instance).made("dynamic")) == sorted([*ODD, LONG])
        instance.delete_dynamic_partition("odd", "x' OR '1'='1")
        assert len(instance.get_dynamic_partitions("odd")) == len(ODD)
        for key in [*ODD, LONG]:
            if key != "x' OR '1'='1":
                assert defs.load_asset_value("dynamic", instance=instance, partition_key=key) == key


def test_keys_of_several_dimensions_never_meet(tmp_path: Path) -> None:
    """Not where the joined text of one could be that of another: each has a value of its own."""
    sides = ["a", "a|b", "b", "|", "b|", "|b", "\\", "\\|", "..", "a\\"]
    grid = og.MultiPartitionsDefinition(
        {"x": og.StaticPartitionsDefinition(sides), "y": og.StaticPartitionsDefinition(sides)}
    )

    @og.asset(partitions_def=grid)
    def pairs(context: og.AssetExecutionContext) -> dict[str, str]:
        return dict(context.partition_key.keys_by_dimension)

    assert len(set(map(str, grid.get_partition_keys()))) == len(sides) ** 2
    defs = og.Definitions(assets=[pairs])
    with Instance.local_temp(str(tmp_path)) as instance:
        assert og.backfill(defs, instance=instance).success
        for key in grid.get_partition_keys():
            assert defs.load_asset_value("pairs", instance=instance, partition_key=key) == dict(key.keys_by_dimension)


PROGRAM = """
import json
import orrery as og

KEYS = json.loads(open("keys.json", encoding="utf-8").read())


@og.asset(partitions_def=og.StaticPartitionsDefinition(KEYS))
def odd(context) -> str:
    return context.partition_key
"""


@pytest.mark.walk
def test_odd_keys_on_the_command_line(tmp_path: Path) -> None:
    """Named one by one, drawn, told as JSON; one that is not there is told, and nothing runs."""
    (tmp_path / "project.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "keys.json").write_text(json.dumps([*ODD, LONG]), encoding="utf-8")

    def run(*words: str, code: int = 0) -> str:
        environment = {**os.environ, "ORRERY_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
        ended = run_command(*words, "-f", "project.py", cwd=tmp_path, env=environment)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout if code == 0 else ended.stderr

    named = ["x' OR '1'='1", "..", "a,b", "|", "--all", "k=v"]
    words = [word for key in named for word in (f"--partitions={key}",)]
    made = json.loads(run("backfill", "odd", *words, "--json").splitlines()[-1])
    assert sorted(each["start"] for each in made["runs"]) == sorted(named)
    told = json.loads(run("partitions", "odd", "--json"))
    assert told["counts"]["made"] == len(named)
    assert ["x' OR '1'='1", "x' OR '1'='1"] in told["ranges"]["made"]
    assert f"{len(ODD) + 1} partitions: {len(named)} made" in run("partitions", "odd")
    assert "x' OR '1'='2" in run("backfill", "odd", "--partitions", "x' OR '1'='2", code=2)
    assert json.loads(run("backfill", "odd", "--json").splitlines()[-1])["made"] == len(ODD) + 1 - len(named)
