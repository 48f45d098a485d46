"""
The shape of what crosses the border: the context, and every message.

The types are the source of ``schema/*.schema.json``. A process that runs needs none of them: to make them would take 2 ms of
each launch, so that the other modules import them where types are checked, and no further.
"""

from __future__ import annotations

from typing import Any, Literal, Mapping, Sequence, TypedDict, Union

PipesExtras = Mapping[str, Any]
"""What a user hands over beside the context, or a writer tells its reader."""

PipesParams = Mapping[str, Any]
"""What one side needs in order to find the other: a path, a bucket, the data itself."""

Method = Literal[
    "opened",
    "closed",
    "log",
    "report_asset_materialization",
    "report_asset_check",
    "report_custom_message",
    "log_external_stream",
    "report_progress",
    "report_value",
]
"""What a message can be about. The last two are ours: only an orchestrator that offers them gets them."""

PipesAssetCheckSeverity = Literal["WARN", "ERROR"]
"""How bad it is if a check has not passed."""

PipesMetadataRawValue = Union[int, float, str, Mapping[str, Any], Sequence[Any], bool, None]
"""A metadata value as JSON knows it."""

PipesMetadataType = Literal[
    "__infer__",
    "text",
    "url",
    "path",
    "notebook",
    "json",
    "md",
    "float",
    "int",
    "bool",
    "dagster_run",
    "asset",
    "null",
    "table",
    "table_schema",
    "table_column_lineage",
    "timestamp",
]
"""What the orchestrator is to make of a metadata value."""


class PipesMetadataValue(TypedDict):
    """A metadata value with its type."""

    type: PipesMetadataType
    raw_value: PipesMetadataRawValue


class PipesException(TypedDict):
    """
    An exception of the external process.

    ``message`` and the entries of ``stack`` (outermost first) are as the ``traceback`` module writes them,
    line ends included. At most one of ``cause`` (``raise ... from``) and ``context`` is told.
    """

    message: str
    stack: Sequence[str]
    name: str | None
    cause: PipesException | None
    context: PipesException | None


class PipesOpenedData(TypedDict):
    """What the writer tells its reader when it opens, and could not be known before the launch."""

    extras: Mapping[str, Any]


class PipesLogWriterOpenedData(TypedDict):
    """What a log writer tells its reader when it opens."""

    extras: Mapping[str, Any]


class _ClosedParams(TypedDict, total=False):
    """How the process ended: without ``exception``, well."""

    exception: PipesException


class _LogParams(TypedDict):
    """One line of the log; ``level`` is a name that ``logging`` knows."""

    message: str
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class _MaterializationParams(TypedDict):
    """An asset was materialized."""

    asset_key: str
    data_version: str | None
    metadata: Mapping[str, PipesMetadataValue] | None


class _CheckParams(TypedDict):
    """A check of an asset was made."""

    asset_key: str
    check_name: str
    passed: bool
    metadata: Mapping[str, PipesMetadataValue] | None
    severity: PipesAssetCheckSeverity


class _CustomParams(TypedDict):
    """Anything at all, for the code that launched the process."""

    payload: Any


class _ExternalStreamParams(TypedDict):
    """A piece of what the process wrote to one of its streams."""

    stream: str
    text: str
    extras: Mapping[str, Any]


class _ProgressParams(TypedDict):
    """How far the process has come: *done* of *total*, in units of its own."""

    done: float
    total: float | None
    text: str | None


class PipesValue(TypedDict):
    """A file in the folder that both sides see; ``format`` says how it is read, ``frame`` which library wrote a Parquet file."""

    path: str
    format: Literal["text", "bytes", "json", "pickle", "parquet"]
    frame: str | None
    sha256: str
    size_bytes: int


class _ValueParams(TypedDict):
    """The value of an asset, by reference."""

    asset_key: str
    value: PipesValue


PARAMS_BY_METHOD: dict[str, Any] = {
    "opened": PipesOpenedData,
    "closed": _ClosedParams,
    "log": _LogParams,
    "report_asset_materialization": _MaterializationParams,
    "report_asset_check": _CheckParams,
    "report_custom_message": _CustomParams,
    "log_external_stream": _ExternalStreamParams,
    "report_progress": _ProgressParams,
    "report_value": _ValueParams,
}


class PipesMessage(TypedDict):
    """A message from the external process to the orchestrator."""

    # In a class body Python spells this key `_PipesMessage__dagster_pipes_version`; in the dictionary it is as here.
    __dagster_pipes_version: str
    method: str
    params: Mapping[str, Any] | None


class PipesTimeWindow(TypedDict):
    """A span of time, as two ISO 8601 instants; the end is outside."""

    start: str
    end: str


class PipesPartitionKeyRange(TypedDict):
    """A range of partition keys; both ends are inside."""

    start: str
    end: str


class PipesDataProvenance(TypedDict):
    """What the last materialization of an asset was made from."""

    code_version: str
    input_data_versions: Mapping[str, str]
    is_user_provided: bool


class PipesContextData(TypedDict):
    """What the orchestrator tells the external process. Wrapped in a :class:`PipesContext`."""

    asset_keys: Sequence[str] | None
    code_version_by_asset_key: Mapping[str, str | None] | None
    provenance_by_asset_key: Mapping[str, PipesDataProvenance | None] | None
    partition_key: str | None
    partition_key_range: PipesPartitionKeyRange | None
    partition_time_window: PipesTimeWindow | None
    run_id: str
    job_name: str | None
    retry_number: int
    extras: Mapping[str, Any]
