"""Metadata is printed by its kind, short values beside their names, longer ones below."""

import json
from typing import Any

import click
import pytest

from orrery.base.keys import AssetKey
from orrery.base.metadata import MetadataValue, TableColumn, TableRecord, TableSchema, normalize_metadata
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
