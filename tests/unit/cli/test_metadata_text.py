"""Metadata is printed by its kind, short values beside their names, longer ones below."""

import json
import re
from typing import Any

import click
import pytest

from orrery.base.keys import AssetKey
from orrery.base.metadata import (
    MetadataValue,
    TableColumn,
    TableColumnConstraints,
    TableConstraints,
    TableRecord,
    TableSchema,
    normalize_metadata,
)
from orrery.cli.metadata_text import metadata_document, metadata_lines


def lines(**metadata: Any) -> list[str]:
    return [click.unstyle(line) for line in metadata_lines(normalize_metadata(metadata))]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_234_567, "1,234,567"),
        (0.25, "0.25"),
        ("text", "text"),
        ("a\x1b[31m", "a\\x1b[31m"),
        (True, "True"),
        ({"a": [1]}, '{"a":[1]}'),
        (MetadataValue.path("/x"), "/x"),
        (MetadataValue.asset(AssetKey(["a", "b"])), "a/b"),
        (MetadataValue.null(), "none"),
        (MetadataValue.job("nightly", "shop"), "nightly (shop)"),
        (MetadataValue.python_artifact(TableSchema), "orrery.base.metadata.table.TableSchema"),
    ],
)
def test_a_short_value_stands_beside_its_name(value: object, shown: str) -> None:
    assert lines(name=value) == [f"name  {shown}"]


def test_a_longer_text_stands_below_its_name() -> None:
    assert lines(count=1, note=MetadataValue.md("# Head\n\n- x")) == ["count  1", "", "note", "  # Head", "", "  - x"]


def test_a_table_has_aligned_columns() -> None:
    records = [TableRecord({"name": "a", "size": 1}), TableRecord({"name": "bb", "size": 22})]
    assert lines(t=MetadataValue.table(records)) == ["t", "  name  size", "  a        1", "  bb      22"]


def test_a_long_table_is_cut() -> None:
    records = [TableRecord({"n": index}) for index in range(25)]
    assert lines(t=MetadataValue.table(records))[-1] == "  and 15 more records"


def test_a_schema_tells_columns_and_types() -> None:
    schema = TableSchema([TableColumn("id", "int"), TableColumn("name", "string", "who")])
    assert lines(s=schema) == ["s", "  id    int", "  name  string  who"]


def test_a_document_keeps_plain_values_plain() -> None:
    schema = TableSchema([TableColumn("id", "int")])
    document = metadata_document(normalize_metadata({"n": 3, "s": schema, "j": {"a": 1}}))
    assert document["n"] == 3
    assert document["j"] == {"a": 1}
    assert json.loads(json.dumps(document))["s"]


@pytest.mark.parametrize("value", ["z" * 5_000, {"h": "z" * 5_000}])
def test_a_line_of_great_length_is_cut_and_what_is_left_out_is_counted(value: object) -> None:
    (line,) = lines(name=value)
    assert len(line) < 450
    assert re.search(r"… and 4,6\d\d more signs$", line)


def test_columns_are_shown_with_what_they_obey() -> None:
    schema = TableSchema(
        [
            TableColumn("id", "int", constraints=TableColumnConstraints(nullable=False, unique=True, other=["> 0"])),
            TableColumn("note", description="of the clerk"),
        ],
        TableConstraints(other=["ordered by id"]),
    )
    assert lines(schema=MetadataValue.table_schema(schema)) == [
        "schema",
        "  id    int     not null, unique, > 0",
        "  note  string                         of the clerk",
        "  ordered by id",
    ]
