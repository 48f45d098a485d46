"""
What crosses the border: the words of the protocol and the shape of every message.

The protocol is that of Dagster Pipes, version 0.1: one JSON object a line, of ``__dagster_pipes_version``,
``method`` and ``params``. Its names carry that product's name on the wire, so that either side can be
a stranger. What is ours comes only on request of the orchestrator (see ``negotiation.py``) and stands beside
these three keys, where a stranger does not look.

The types below are the source of ``schema/*.schema.json``.
"""

from __future__ import annotations

import json
from typing import Any, Literal, Mapping, Sequence, TypedDict, Union

from orrery_pipes.errors import PipesSerializationError

PIPES_PROTOCOL_VERSION = "0.1"
"""Version of the protocol that this package speaks."""

PIPES_PROTOCOL_VERSION_FIELD = "__dagster_pipes_version"
"""Key of a message that holds the version."""

PIPES_METADATA_TYPE_INFER: Literal["__infer__"] = "__infer__"
"""Type of a metadata value that the orchestrator is to find out."""

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

CHECK_SEVERITIES = ("WARN", "ERROR")
METADATA_TYPES = frozenset(
    "__infer__ text url path notebook json md float int bool dagster_run asset null table table_schema "
    "table_column_lineage timestamp".split()
)


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


def make_message(method: Method, params: Mapping[str, Any] | None) -> PipesMessage:
    """Return the message of *method* with *params*, in the order of keys that goes over the wire."""
    return {"__dagster_pipes_version": PIPES_PROTOCOL_VERSION, "method": method, "params": params}  # type: ignore[typeddict-unknown-key,typeddict-item,unused-ignore]


def encode_message(message: PipesMessage) -> str:
    """
    Return *message* as one line of ASCII, without its end.

    Raises:
        PipesSerializationError: It holds something that JSON does not know.
    """
    try:
        return json.dumps(message)
    except (TypeError, ValueError, RecursionError) as error:
        raise PipesSerializationError(
            f"Cannot send a `{message.get('method')}` message{_culprit(message)}: {error}. "
            "Give numbers, strings, booleans, None, and lists and dicts of them."
        ) from error


def _culprit(message: PipesMessage) -> str:
    """Return which metadata value of *message* has no JSON form, in brackets; nothing if it is none of them."""
    params = message.get("params")
    metadata = params.get("metadata") if isinstance(params, dict) else None
    for name, value in metadata.items() if isinstance(metadata, dict) else ():
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            return f" (metadata `{name}`)"
    return ""


def to_asset_key_path(asset_key: str) -> list[str]:
    r"""
    Return the parts of an asset key that was written as one string.

    Slashes separate parts; a backslash takes its meaning from the sign after it, so that ``a\/b`` is one part.

    >>> to_asset_key_path("raw/orders")
    ['raw', 'orders']
    >>> to_asset_key_path(r"raw\/orders")
    ['raw/orders']
    """
    if not asset_key:
        return []
    parts: list[str] = []
    part: list[str] = []
    signs = iter(asset_key)
    for sign in signs:
        if sign == ESCAPE_CHARACTER:
            part.append(next(signs, ""))
        elif sign == "/":
            parts.append("".join(part))
            part = []
        else:
            part.append(sign)
    if part or not parts:
        parts.append("".join(part))
    return parts


ESCAPE_CHARACTER = "\\"
"""Takes from the next sign of an asset key its meaning."""
