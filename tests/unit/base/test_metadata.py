"""Metadata: which type a raw value becomes, what each type refuses, and what survives being stored."""

import datetime as dt
import pickle
from pathlib import Path, PurePosixPath

import msgspec
import pytest

from orrery.base.errors import InvalidDefinitionError, InvalidMetadataError
from orrery.base.keys import AssetKey
from orrery.base.metadata import (
    AnchorBasedFilePathMapping,
    AnyMetadataValue,
    AssetMetadataValue,
    BoolMetadataValue,
    CodeReferencesMetadataValue,
    FloatMetadataValue,
    IntMetadataValue,
    JsonMetadataValue,
    LocalFileCodeReference,
    MarkdownMetadataValue,
    MetadataEntry,
    MetadataValue,
    NotebookMetadataValue,
    NullMetadataValue,
    PathMetadataValue,
    PythonArtifactMetadataValue,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableColumnLineageMetadataValue,
    TableConstraints,
    TableMetadataValue,
    TableRecord,
    TableSchema,
    TableSchemaMetadataValue,
    TextMetadataValue,
    TimestampMetadataValue,
    UrlCodeReference,
    UrlMetadataValue,
    normalize_metadata,
)
from orrery.base.wire import from_wire, to_wire

INSTANT = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
SCHEMA = TableSchema(
    [
        TableColumn(
            "id",
            "int",
            description="The number",
            constraints=TableColumnConstraints(nullable=False, unique=True, other=["> 0"]),
            tags={"pii": "no"},
        ),
        TableColumn("name"),
    ],
    constraints=TableConstraints(["at least one row"]),
)
LINEAGE = TableColumnLineage({"id": [TableColumnDep(["raw", "orders"], "order_id")]})
ONE_OF_EACH = [
    MetadataValue.text("a"),
    MetadataValue.url("https://example.org"),
    MetadataValue.path("/tmp/x"),
    MetadataValue.notebook("/tmp/x.ipynb"),
    MetadataValue.json({"a": [1, 2.5, None, True, {"b": "c"}]}),
    MetadataValue.md("# A"),
    MetadataValue.python_artifact(TableSchema),
    MetadataValue.float(1.5),
    MetadataValue.int(10**30),
    MetadataValue.bool(False),
    MetadataValue.timestamp(INSTANT),
    MetadataValue.dagster_run("r"),
    MetadataValue.asset(AssetKey(["a", "b"])),
    MetadataValue.job("j", "here", repository_name="repo"),
    MetadataValue.table([TableRecord({"a": 1, "b": None})]),
    MetadataValue.table([], schema=SCHEMA),
    MetadataValue.table_schema(SCHEMA),
    MetadataValue.column_lineage(LINEAGE),
    MetadataValue.pool("db"),
    MetadataValue.null(),
    MetadataValue.code_location_reconstruction("x"),
    CodeReferencesMetadataValue(
        code_references=[LocalFileCodeReference(file_path="/a.py", line_number=3), UrlCodeReference(url="u", label="l")]
    ),
]


def stored(value: MetadataValue) -> MetadataValue:
    data = msgspec.json.encode(value, enc_hook=to_wire)
    return msgspec.json.decode(data, type=AnyMetadataValue, dec_hook=from_wire)


@pytest.mark.parametrize("value", ONE_OF_EACH, ids=lambda value: type(value).__name__)
def test_every_type_survives_being_stored(value: MetadataValue) -> None:
    assert stored(value) == value
    assert type(stored(value)) is type(value)


@pytest.mark.parametrize("value", ONE_OF_EACH, ids=lambda value: type(value).__name__)
def test_every_type_can_be_sent_to_another_process(value: MetadataValue) -> None:
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("number", [float("inf"), float("-inf")])
def test_infinity_survives_being_stored(number: float) -> None:
    """JSON has no word for it; null would be a lie."""
    assert stored(FloatMetadataValue(number)).value == number
    assert stored(JsonMetadataValue({"a": [number]})).value == {"a": [number]}


def test_not_a_number_survives_being_stored() -> None:
    value = stored(FloatMetadataValue(float("nan"))).value
    assert value != value


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        MetadataValue.text("a").text = "b"


def test_the_field_of_a_type_goes_by_its_own_name_and_as_value() -> None:
    assert MetadataValue.md("# A").md_str == MetadataValue.md("# A").value == "# A"
    assert MetadataValue.url("u").url == MetadataValue.url("u").value == "u"
    assert MetadataValue.path("/a").path == MetadataValue.path("/a").fspath == MetadataValue.path("/a").value == "/a"
    assert MetadataValue.column_lineage(LINEAGE).lineage == MetadataValue.column_lineage(LINEAGE).value == LINEAGE
    assert MetadataValue.pool("db").name == MetadataValue.pool("db").pool == MetadataValue.pool("db").value == "db"
    assert MetadataValue.table_schema(SCHEMA).schema == MetadataValue.table_schema(SCHEMA).value == SCHEMA


def test_what_has_several_fields_is_its_own_value() -> None:
    for value in (MetadataValue.job("j", "l"), MetadataValue.python_artifact(Path), MetadataValue.table([], SCHEMA)):
        assert value.value is value


def test_types_are_made_by_position_or_by_name() -> None:
    assert TextMetadataValue("a") == TextMetadataValue(text="a")
    assert PathMetadataValue(path=PurePosixPath("/a")) == PathMetadataValue("/a")


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("a", TextMetadataValue),
        (1, IntMetadataValue),
        (1.5, FloatMetadataValue),
        (True, BoolMetadataValue),
        (None, NullMetadataValue),
        ([1], JsonMetadataValue),
        ({"a": (1, 2)}, JsonMetadataValue),
        (Path("/a"), PathMetadataValue),
        (INSTANT, TimestampMetadataValue),
        (AssetKey("a"), AssetMetadataValue),
        (SCHEMA, TableSchemaMetadataValue),
        (LINEAGE, TableColumnLineageMetadataValue),
        (MetadataValue.md("a"), MarkdownMetadataValue),
    ],
)
def test_a_raw_value_finds_its_type(raw: object, kind: type) -> None:
    assert type(normalize_metadata({"k": raw})["k"]) is kind


class _Name(str):
    __slots__ = ()


def test_a_subclass_finds_the_type_of_its_base() -> None:
    assert normalize_metadata({"k": _Name("a")})["k"].value == "a"
    assert type(normalize_metadata({"k": _Name("a")})["k"]) is TextMetadataValue


@pytest.mark.parametrize("raw", [(1,), {1}, object(), b"a", dt.date(2020, 1, 1), range(3), {"a": object()}])
def test_what_has_no_type_is_refused_by_name(raw: object) -> None:
    with pytest.raises(InvalidMetadataError, match='"rows"'):
        normalize_metadata({"rows": raw})


def test_a_datetime_without_zone_is_refused() -> None:
    with pytest.raises(InvalidMetadataError, match="no time zone"):
        normalize_metadata({"when": INSTANT.replace(tzinfo=None)})


def test_definitions_may_hold_any_object() -> None:
    assert normalize_metadata({"k": object()}, allow_invalid=True)["k"].value == "[object] (unserializable)"


def test_no_metadata_is_an_empty_mapping() -> None:
    assert normalize_metadata(None) == normalize_metadata({}) == {}


@pytest.mark.parametrize("metadata", [[1], "a", {1: 2}])
def test_metadata_is_a_mapping_by_text(metadata: object) -> None:
    with pytest.raises(InvalidMetadataError):
        normalize_metadata(metadata)


def test_json_tells_where_it_cannot_be_said() -> None:
    with pytest.raises(InvalidMetadataError, match=r"data\['a'\]\[1\]"):
        MetadataValue.json({"a": [1, {2}]})


def test_json_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(InvalidMetadataError, match="contains itself"):
        MetadataValue.json(loop)


def test_json_keys_become_text() -> None:
    assert MetadataValue.json({2: 1, True: 3, None: 4}).data == {"2": 1, "true": 3, "null": 4}


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (MetadataValue.text, 1),
        (MetadataValue.url, 1),
        (MetadataValue.md, 1),
        (MetadataValue.path, 1),
        (MetadataValue.notebook, 1),
        (MetadataValue.float, 1),
        (MetadataValue.int, 1.5),
        (MetadataValue.bool, 1),
        (MetadataValue.timestamp, "x"),
        (MetadataValue.asset, "a"),
        (MetadataValue.table_schema, []),
        (MetadataValue.column_lineage, {}),
        (MetadataValue.dagster_run, None),
        (MetadataValue.pool, None),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(make: object, wrong: object) -> None:
    with pytest.raises(InvalidMetadataError, match="Try: "):
        make(wrong)


def test_a_table_infers_its_schema() -> None:
    table = TableMetadataValue([TableRecord({"a": 1, "b": "x", "c": 1.0, "d": True, "e": None})])
    assert [(column.name, column.type) for column in table.schema.columns] == [
        ("a", "int"),
        ("b", "string"),
        ("c", "float"),
        ("d", "bool"),
        ("e", "string"),
    ]


def test_records_of_one_table_have_the_same_fields() -> None:
    with pytest.raises(InvalidMetadataError, match="same fields"):
        MetadataValue.table([TableRecord({"a": 1}), TableRecord({"b": 1})])


def test_an_empty_table_needs_a_schema() -> None:
    with pytest.raises(InvalidMetadataError, match="schema"):
        MetadataValue.table([])
    assert MetadataValue.table([], schema=TableSchema([])).schema.columns == []


def test_defaults_of_a_column() -> None:
    column = TableColumn("a")
    assert (column.type, column.description, column.tags) == ("string", None, {})
    assert column.constraints == TableColumnConstraints(nullable=True, unique=False, other=[])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: TableSchema(["a"]),
        lambda: TableSchema("a"),
        lambda: TableSchema([], constraints="x"),
        lambda: TableColumn(1),
        lambda: TableColumn("a", type=int),
        lambda: TableColumn("a", description=1),
        lambda: TableColumn("a", constraints="x"),
        lambda: TableColumn("a", tags={"a": 1}),
        lambda: TableRecord({"a": [1]}),
        lambda: TableRecord({1: 1}),
        lambda: TableRecord([1]),
        lambda: TableColumnConstraints(other=[1]),
        lambda: TableColumnConstraints(nullable="yes"),
        lambda: TableConstraints("x"),
        lambda: TableColumnDep("a", 1),
        lambda: TableColumnLineage({"a": ["x"]}),
        lambda: TableColumnLineage([]),
        lambda: MetadataValue.table([{"a": 1}]),
    ],
)
def test_wrong_parts_of_a_table_are_refused(wrong: object) -> None:
    with pytest.raises(InvalidMetadataError):
        wrong()


def test_lineage_keeps_each_dependency_once() -> None:
    dep = TableColumnDep("a", "b")
    assert TableColumnLineage({"x": [dep, dep]}).deps_by_column == {"x": [dep]}


def test_equal_values_have_equal_hashes() -> None:
    assert len({MetadataValue.text("a"), TextMetadataValue("a"), MetadataValue.md("a")}) == 2


def test_an_artifact_names_module_and_name() -> None:
    assert MetadataValue.python_artifact(TableSchema) == PythonArtifactMetadataValue(
        "orrery.base.metadata.table", "TableSchema"
    )


def test_a_notebook_path_may_be_missing() -> None:
    assert NotebookMetadataValue(None).value == ""
    assert UrlMetadataValue(None).value is None


def test_code_references_name_their_source() -> None:
    assert LocalFileCodeReference(file_path="/a.py", line_number=3).source == "/a.py:3"
    assert UrlCodeReference(url="u").source == "u"


def test_an_entry_has_one_value() -> None:
    assert MetadataEntry("a", value=1).value == MetadataEntry("a", entry_data=1).entry_data == IntMetadataValue(1)
    with pytest.raises(InvalidMetadataError):
        MetadataEntry("a")
    with pytest.raises(InvalidMetadataError):
        MetadataEntry("a", entry_data=1, value=2)


def test_an_anchor_translates_paths_beside_and_above_it() -> None:
    mapping = AnchorBasedFilePathMapping(Path("/home/me/repo/src/app/defs.py"), "python/src/app/defs.py")
    assert mapping.convert_to_source_control_path(Path("/home/me/repo/src/app/defs.py")) == "python/src/app/defs.py"
    assert mapping.convert_to_source_control_path(Path("/home/me/repo/src/other/x.py")) == "python/src/other/x.py"
    assert mapping.convert_to_source_control_path(Path("/home/me/repo/README.md")) == "python/README.md"


def test_a_file_outside_the_repository_is_refused() -> None:
    mapping = AnchorBasedFilePathMapping(Path("/home/me/repo/defs.py"), "defs.py")
    with pytest.raises(InvalidDefinitionError, match="outside the repository"):
        mapping.convert_to_source_control_path(Path("/home/you/x.py"))
