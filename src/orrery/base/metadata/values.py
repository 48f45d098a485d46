"""
Metadata values: what an event, an asset or a check may say about itself.

A closed set of small frozen records under ``MetadataValue``, told apart on the wire by a tag. Make
them with the static constructors (``MetadataValue.md("# Report")``) or let ``normalize_metadata``
choose the type for a plain Python value.
"""

from __future__ import annotations

import json as _json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import msgspec

from orrery.base.errors import InvalidMetadataError
from orrery.base.keys import AssetKey
from orrery.base.metadata.table import RecordValue, TableColumn, TableColumnLineage, TableRecord, TableSchema
from orrery.base.records import StructRecordMeta

__all__ = [
    "AnyMetadataValue",
    "AssetMetadataValue",
    "BoolMetadataValue",
    "CodeLocationReconstructionMetadataValue",
    "CodeReferencesMetadataValue",
    "FloatMetadataValue",
    "IntMetadataValue",
    "JobMetadataValue",
    "JsonMetadataValue",
    "LocalFileCodeReference",
    "MarkdownMetadataValue",
    "MetadataValue",
    "NotebookMetadataValue",
    "NullMetadataValue",
    "PathMetadataValue",
    "PoolMetadataValue",
    "PythonArtifactMetadataValue",
    "RunMetadataValue",
    "TableColumnLineageMetadataValue",
    "TableMetadataValue",
    "TableSchemaMetadataValue",
    "TextMetadataValue",
    "TimestampMetadataValue",
    "UrlCodeReference",
    "UrlMetadataValue",
]

if TYPE_CHECKING:  # the default, which Python has from 3.13 on, lets the bare name stand for any
    from typing_extensions import TypeVar as WithDefault

    T_co = WithDefault("T_co", covariant=True, default=Any)
else:
    T_co = TypeVar("T_co", covariant=True)
_Int: TypeAlias = int
_Float: TypeAlias = float
_Bool: TypeAlias = bool
_DEEPEST = 200

_INFER = TableSchema([])  # stands for: infer it from the records

put = msgspec.structs.force_setattr


def _refuse(kind: str, field: str, expected: str, got: object) -> InvalidMetadataError:
    return InvalidMetadataError(
        f"'{field}' of {kind} is {expected}, not {got!r} ({type(got).__name__}).",
        mend=f"give {expected}, or another kind of metadata for this value.",
    )


def _text_field(value: object, field: str, *, null: _Bool = True) -> None:
    got = getattr(value, field)
    if not isinstance(got, str) and not (null and got is None):
        raise _refuse(type(value).__name__, field, "text", got)


class MetadataValue(msgspec.Struct, Generic[T_co], frozen=True, metaclass=StructRecordMeta):
    """
    Say something about an asset, a value, a step or a check.

    The base of every metadata type; its static constructors are the way to make one.

    >>> MetadataValue.url("https://example.org").value
    'https://example.org'
    """

    @property
    def value(self) -> T_co:
        """Return the Python value that this metadata wraps."""
        raise NotImplementedError

    @staticmethod
    def text(text: str) -> TextMetadataValue:
        """Return plain text as metadata."""
        return TextMetadataValue(text)

    @staticmethod
    def url(url: str) -> UrlMetadataValue:
        """Return a link as metadata."""
        return UrlMetadataValue(url)

    @staticmethod
    def path(path: Any) -> PathMetadataValue:
        """Return a path (text or path-like) as metadata."""
        return PathMetadataValue(path)

    @staticmethod
    def notebook(path: Any) -> NotebookMetadataValue:
        """Return the path of a notebook as metadata; pages show the notebook."""
        return NotebookMetadataValue(path)

    @staticmethod
    def json(data: Sequence[Any] | Mapping[str, Any] | None) -> JsonMetadataValue:
        """Return anything that JSON can say as metadata."""
        return JsonMetadataValue(data)

    @staticmethod
    def md(data: str) -> MarkdownMetadataValue:
        """Return Markdown as metadata; pages show it rendered."""
        return MarkdownMetadataValue(data)

    @staticmethod
    def python_artifact(python_artifact: Callable[..., Any] | type) -> PythonArtifactMetadataValue:
        """Return the module and name of a class or function as metadata."""
        return PythonArtifactMetadataValue(python_artifact.__module__, python_artifact.__name__)

    @staticmethod
    def float(value: _Float) -> FloatMetadataValue:
        """Return a floating number as metadata."""
        return FloatMetadataValue(value)

    @staticmethod
    def int(value: _Int) -> IntMetadataValue:
        """Return a whole number as metadata."""
        return IntMetadataValue(value)

    @staticmethod
    def bool(value: _Bool) -> BoolMetadataValue:
        """Return True or False as metadata."""
        return BoolMetadataValue(value)

    @staticmethod
    def timestamp(value: _Float | datetime) -> TimestampMetadataValue:
        """
        Return an instant as metadata.

        Args:
            value: An aware datetime, or seconds since 1970 in UTC.

        Raises:
            InvalidMetadataError: The datetime bears no time zone, or it is neither.
        """
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise InvalidMetadataError(
                    f"The datetime {value.isoformat()} bears no time zone, so that it names no instant.",
                    mend="give an aware datetime, for instance datetime.now(timezone.utc).",
                )
            return TimestampMetadataValue(value.timestamp())
        return TimestampMetadataValue(value)

    @staticmethod
    def dagster_run(run_id: str) -> RunMetadataValue:
        """Return a link to a run as metadata."""
        return RunMetadataValue(run_id)

    @staticmethod
    def run(run_id: str) -> RunMetadataValue:
        """Return a link to a run as metadata."""
        return RunMetadataValue(run_id)

    @staticmethod
    def asset(asset_key: AssetKey) -> AssetMetadataValue:
        """Return a link to an asset as metadata."""
        return AssetMetadataValue(asset_key)

    @staticmethod
    def job(job_name: str, location_name: str, *, repository_name: str | None = None) -> JobMetadataValue:
        """Return a link to a job as metadata."""
        return JobMetadataValue(job_name, location_name, repository_name)

    @staticmethod
    def table(records: Sequence[TableRecord], schema: TableSchema | None = None) -> TableMetadataValue:
        """Return a small table as metadata; the schema is inferred from the records if it is not given."""
        return TableMetadataValue(records, _INFER if schema is None else schema)

    @staticmethod
    def table_schema(schema: TableSchema) -> TableSchemaMetadataValue:
        """Return a table schema as metadata."""
        return TableSchemaMetadataValue(schema)

    @staticmethod
    def column_lineage(lineage: TableColumnLineage) -> TableColumnLineageMetadataValue:
        """Return where the columns of a table come from as metadata."""
        return TableColumnLineageMetadataValue(lineage)

    @staticmethod
    def null() -> NullMetadataValue:
        """Return nothing as metadata."""
        return NullMetadataValue()

    @staticmethod
    def pool(pool: str) -> PoolMetadataValue:
        """Return a link to a concurrency pool as metadata."""
        return PoolMetadataValue(pool)

    @staticmethod
    def code_location_reconstruction(data: str) -> CodeLocationReconstructionMetadataValue:
        """Return what a code location needs to be loaded again as metadata."""
        return CodeLocationReconstructionMetadataValue(data)


# The fields below take the names of static constructors of the base (``text``, ``url``, ...): on an
# instance the name means the value, on MetadataValue it means the constructor. Hence the ignores.


class TextMetadataValue(MetadataValue[str | None], frozen=True, tag="text"):
    """
    Plain text.

    Attributes:
        text: The text.
    """

    text: str | None = ""  # type: ignore[assignment]  # see above

    def __post_init__(self) -> None:
        if self.text.__class__ is not str:
            _text_field(self, "text")

    @property
    def value(self) -> str | None:
        """Return the text."""
        return self.text


class UrlMetadataValue(MetadataValue[str | None], frozen=True, tag="url"):
    """
    A link.

    Attributes:
        url: Where it leads.
    """

    url: str | None = ""  # type: ignore[assignment]  # see above

    def __post_init__(self) -> None:
        _text_field(self, "url")

    @property
    def value(self) -> str | None:
        """Return the link."""
        return self.url


def _path_text(kind: str, path: Any) -> str:
    if path is None:
        return ""
    if isinstance(path, str):
        return path
    if hasattr(path, "__fspath__"):
        text = path.__fspath__()
        return text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    raise _refuse(kind, "path", "text or a path", path)


class _FileMetadataValue(MetadataValue[str], frozen=True):
    path: Any = ""

    def __post_init__(self) -> None:
        if self.path.__class__ is not str:
            put(self, "path", _path_text(type(self).__name__, self.path))

    @property
    def value(self) -> str:
        """Return the path as text."""
        return self.path  # type: ignore[no-any-return]  # __post_init__ made it text

    @property
    def fspath(self) -> str:
        """Return the path as text."""
        return self.path  # type: ignore[no-any-return]  # __post_init__ made it text


class PathMetadataValue(_FileMetadataValue, frozen=True, tag="path"):
    """
    A path of a file or folder.

    Attributes:
        path: The path as text; may be given as any path-like object.
    """


class NotebookMetadataValue(_FileMetadataValue, frozen=True, tag="notebook"):
    """
    The path of a notebook.

    Attributes:
        path: The path as text; may be given as any path-like object.
    """


class JsonMetadataValue(MetadataValue[Any], frozen=True, tag="json", omit_defaults=True):
    """
    Anything that JSON can say.

    Tuples become lists and keys become text, as JSON would have it. Numbers that JSON cannot say
    (NaN, infinities) are kept.

    Attributes:
        data: Lists, mappings, text, numbers, truth values and None.

    Raises:
        InvalidMetadataError: Something inside is none of these; the message says where.
    """

    data: Any = None
    exact: str | None = None

    def __post_init__(self) -> None:
        if self.exact is not None:
            put(self, "data", _json.loads(self.exact))
            return
        data = self.data
        if data is None or data.__class__ is str or data.__class__ is bool:
            return
        odd: list[object] = []
        put(self, "data", _plain(data, (), odd))
        if odd:
            put(self, "exact", _json.dumps(self.data))

    @property
    def value(self) -> Any:
        """Return the data."""
        return self.data


def _plain(data: Any, path: tuple[object, ...], odd: list[object]) -> Any:
    kind = data.__class__
    if data is None or kind is str or kind is bool or kind is int:
        return data
    if len(path) > _DEEPEST:
        raise InvalidMetadataError(
            f"JSON metadata is nested deeper than {_DEEPEST} levels, or contains itself.",
            mend="flatten it, or store it in a file and give its path.",
        )
    if isinstance(data, float):
        if not math.isfinite(data):
            odd.append(data)
        return float(data)
    if isinstance(data, Mapping):
        return {_plain_key(key, path): _plain(value, (*path, key), odd) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value, (*path, index), odd) for index, value in enumerate(data)]
    if isinstance(data, str):
        return str.__str__(data)
    if isinstance(data, int):
        return int(data)
    where = "".join(f"[{step!r}]" for step in path)
    raise InvalidMetadataError(
        f"The metadata value data{where} is {data!r} ({kind.__name__}), which is not JSON serializable.",
        mend="convert it to text, a number, a list or a mapping.",
    )


def _plain_key(key: object, path: tuple[object, ...]) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int | float):
        return repr(key)
    where = "".join(f"[{step!r}]" for step in path)
    raise InvalidMetadataError(
        f"A key of the metadata value data{where} is {key!r} ({type(key).__name__}), which is not JSON serializable.",
        mend="use text as keys.",
    )


class MarkdownMetadataValue(MetadataValue[str | None], frozen=True, tag="md"):
    """
    Markdown text.

    Attributes:
        md_str: The text.
    """

    md_str: str | None = ""

    def __post_init__(self) -> None:
        _text_field(self, "md_str")

    @property
    def value(self) -> str | None:
        """Return the text."""
        return self.md_str


class PythonArtifactMetadataValue(MetadataValue["PythonArtifactMetadataValue"], frozen=True, tag="python_artifact"):
    """
    The place of a class or function.

    Attributes:
        module: The module that defines it.
        name: Its name there.
    """

    module: str
    name: str

    def __post_init__(self) -> None:
        _text_field(self, "module", null=False)
        _text_field(self, "name", null=False)

    @property
    def value(self) -> PythonArtifactMetadataValue:
        """Return this value itself."""
        return self


class FloatMetadataValue(MetadataValue[float | None], frozen=True, tag="float", omit_defaults=True):
    """
    A floating number.

    Attributes:
        value: The number.
    """

    value: _Float | None = None
    exact: str | None = None

    def __post_init__(self) -> None:
        value = self.value
        if value is None:
            if self.exact is not None:
                put(self, "value", float(self.exact))
        elif not isinstance(value, float):
            raise _refuse("FloatMetadataValue", "value", "a floating number", value)
        elif not math.isfinite(value):
            put(self, "exact", repr(float(value)))
        elif value.__class__ is not float:
            put(self, "value", float(value))


class IntMetadataValue(MetadataValue[int | None], frozen=True, tag="int"):
    """
    A whole number, as large as it may be.

    Attributes:
        value: The number.
    """

    value: _Int | None = None

    def __post_init__(self) -> None:
        value = self.value
        if value is not None and value.__class__ is not int:
            if not isinstance(value, int):
                raise _refuse("IntMetadataValue", "value", "a whole number", value)
            put(self, "value", int(value))


class BoolMetadataValue(MetadataValue[bool | None], frozen=True, tag="bool"):
    """
    True or False.

    Attributes:
        value: Which of them.
    """

    value: _Bool | None = None

    def __post_init__(self) -> None:
        if self.value is not None and not isinstance(self.value, bool):
            raise _refuse("BoolMetadataValue", "value", "True or False", self.value)


class TimestampMetadataValue(MetadataValue[float], frozen=True, tag="timestamp"):
    """
    An instant.

    Attributes:
        value: Seconds since 1970 in UTC.
    """

    value: _Float

    def __post_init__(self) -> None:
        value = self.value
        if value.__class__ is not float:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _refuse("TimestampMetadataValue", "value", "an aware datetime or seconds since 1970", value)
            put(self, "value", float(value))


class RunMetadataValue(MetadataValue[str], frozen=True, tag="run"):
    """
    A link to a run.

    Attributes:
        run_id: The run.
    """

    run_id: str

    def __post_init__(self) -> None:
        _text_field(self, "run_id", null=False)

    @property
    def value(self) -> str:
        """Return the id of the run."""
        return self.run_id


class AssetMetadataValue(MetadataValue[AssetKey], frozen=True, tag="asset"):
    """
    A link to an asset.

    Attributes:
        asset_key: The asset.
    """

    asset_key: AssetKey

    def __post_init__(self) -> None:
        if not isinstance(self.asset_key, AssetKey):
            raise _refuse("AssetMetadataValue", "asset_key", "an AssetKey", self.asset_key)

    @property
    def value(self) -> AssetKey:
        """Return the key of the asset."""
        return self.asset_key


class JobMetadataValue(MetadataValue["JobMetadataValue"], frozen=True, tag="job"):
    """
    A link to a job.

    Attributes:
        job_name: The job.
        location_name: The code location that holds it.
        repository_name: The repository there; None for the only one.
    """

    job_name: str
    location_name: str
    repository_name: str | None = None

    def __post_init__(self) -> None:
        _text_field(self, "job_name", null=False)
        _text_field(self, "location_name", null=False)
        _text_field(self, "repository_name")

    @property
    def value(self) -> JobMetadataValue:
        """Return this value itself."""
        return self


class TableMetadataValue(MetadataValue["TableMetadataValue"], frozen=True, tag="table"):
    """
    A small table.

    Attributes:
        records: The records; all have the same fields.
        schema: The columns; inferred from the records if it is not given.

    Raises:
        InvalidMetadataError: The records differ in their fields, or there are neither records nor a schema.
    """

    records: Sequence[TableRecord]
    schema: TableSchema = _INFER

    def __post_init__(self) -> None:
        records = self.records
        for record in records:
            if not isinstance(record, TableRecord):
                raise InvalidMetadataError(
                    f"A record of table metadata is a TableRecord, not {record!r} ({type(record).__name__}).",
                    mend='write TableRecord({"field": 1}).',
                )
        put(self, "records", list(records))
        schema: object = self.schema
        if schema is not None and schema is not _INFER:
            if not isinstance(schema, TableSchema):
                raise _refuse("TableMetadataValue", "schema", "a TableSchema", schema)
            return
        if not records:
            raise InvalidMetadataError(
                "Table metadata has no records and no schema, so that its columns are unknown.",
                mend="give schema=TableSchema(...).",
            )
        first = records[0].data
        for record in records:
            if record.data.keys() != first.keys():
                raise InvalidMetadataError(
                    f"All records must have the same fields: {sorted(first)} and {sorted(record.data)} differ.",
                    mend="give every record each field (None where there is no value), or a schema.",
                )
        columns = [TableColumn(name, self.infer_column_type(value)) for name, value in first.items()]
        put(self, "schema", TableSchema(columns))

    @staticmethod
    def infer_column_type(value: RecordValue) -> str:
        """Return the name of the column type for *value*: bool, int, float or string."""
        if isinstance(value, bool):
            return "bool"
        if isinstance(value, int):
            return "int"
        return "float" if isinstance(value, float) else "string"

    @property
    def value(self) -> TableMetadataValue:
        """Return this value itself."""
        return self


class TableSchemaMetadataValue(MetadataValue[TableSchema], frozen=True, tag="table_schema"):
    """
    The schema of a table.

    Attributes:
        schema: The columns and the constraints on them.
    """

    schema: TableSchema

    def __post_init__(self) -> None:
        if not isinstance(self.schema, TableSchema):
            raise _refuse("TableSchemaMetadataValue", "schema", "a TableSchema", self.schema)

    @property
    def value(self) -> TableSchema:
        """Return the schema."""
        return self.schema


class TableColumnLineageMetadataValue(MetadataValue[TableColumnLineage], frozen=True, tag="column_lineage"):
    """
    Where the columns of a table come from.

    Attributes:
        column_lineage: The source columns by column.
    """

    column_lineage: TableColumnLineage  # type: ignore[assignment]  # see above

    def __post_init__(self) -> None:
        if not isinstance(self.column_lineage, TableColumnLineage):
            raise _refuse(
                "TableColumnLineageMetadataValue", "column_lineage", "a TableColumnLineage", self.column_lineage
            )

    @property
    def lineage(self) -> TableColumnLineage:
        """Return the source columns by column."""
        return self.column_lineage

    @property
    def value(self) -> TableColumnLineage:
        """Return the source columns by column."""
        return self.column_lineage


class PoolMetadataValue(MetadataValue[str], frozen=True, tag="pool"):
    """
    A link to a concurrency pool.

    Attributes:
        pool: The name of the pool.
    """

    pool: str  # type: ignore[assignment]  # see above

    def __post_init__(self) -> None:
        _text_field(self, "pool", null=False)

    @property
    def name(self) -> str:
        """Return the name of the pool."""
        return self.pool

    @property
    def value(self) -> str:
        """Return the name of the pool."""
        return self.pool


class NullMetadataValue(MetadataValue[None], frozen=True, tag="null"):
    """Nothing."""

    @property
    def value(self) -> None:
        """Return None."""
        return


class CodeLocationReconstructionMetadataValue(MetadataValue[str], frozen=True, tag="code_location_reconstruction"):
    """
    What a code location needs to be loaded again.

    Attributes:
        data: Text whose meaning its writer knows.
    """

    data: str

    def __post_init__(self) -> None:
        _text_field(self, "data", null=False)

    @property
    def value(self) -> str:
        """Return the data."""
        return self.data


class LocalFileCodeReference(msgspec.Struct, frozen=True, kw_only=True, tag="file"):
    """
    A place in a local source file.

    Attributes:
        file_path: The file.
        line_number: The line, from 1.
        label: What pages call it.
    """

    file_path: str
    line_number: int | None = None
    label: str | None = None

    @property
    def source(self) -> str:
        """Return the file and, where known, the line."""
        return self.file_path if self.line_number is None else f"{self.file_path}:{self.line_number}"


class UrlCodeReference(msgspec.Struct, frozen=True, kw_only=True, tag="url"):
    """
    A place in source code on the web.

    Attributes:
        url: Where it is.
        label: What pages call it.
    """

    url: str
    label: str | None = None

    @property
    def source(self) -> str:
        """Return the link."""
        return self.url


class CodeReferencesMetadataValue(
    MetadataValue["CodeReferencesMetadataValue"], frozen=True, kw_only=True, tag="code_references"
):
    """
    Where the source code of an asset is.

    Attributes:
        code_references: Files and links, the nearest first.
    """

    code_references: list[LocalFileCodeReference | UrlCodeReference]

    def __post_init__(self) -> None:
        for reference in self.code_references:
            if not isinstance(reference, LocalFileCodeReference | UrlCodeReference):
                raise _refuse(
                    "CodeReferencesMetadataValue",
                    "code_references",
                    "a list of LocalFileCodeReference and UrlCodeReference",
                    reference,
                )

    @property
    def value(self) -> CodeReferencesMetadataValue:
        """Return this value itself."""
        return self


AnyMetadataValue: TypeAlias = (
    TextMetadataValue
    | UrlMetadataValue
    | PathMetadataValue
    | NotebookMetadataValue
    | JsonMetadataValue
    | MarkdownMetadataValue
    | PythonArtifactMetadataValue
    | FloatMetadataValue
    | IntMetadataValue
    | BoolMetadataValue
    | TimestampMetadataValue
    | RunMetadataValue
    | AssetMetadataValue
    | JobMetadataValue
    | TableMetadataValue
    | TableSchemaMetadataValue
    | TableColumnLineageMetadataValue
    | PoolMetadataValue
    | NullMetadataValue
    | CodeLocationReconstructionMetadataValue
    | CodeReferencesMetadataValue
)
"""Every metadata type: what a record that holds metadata is decoded into."""
