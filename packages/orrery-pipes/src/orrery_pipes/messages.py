"""
What crosses the border: the words of the protocol, and a message as a line.

The protocol is that of Dagster Pipes, version 0.1: one JSON object a line, of ``__dagster_pipes_version``,
``method`` and ``params``. Its names carry that product's name on the wire, so that either side can be
a stranger. What is ours comes only on request of the orchestrator (see ``negotiation.py``) and stands beside
these three keys, where a stranger does not look.

The shape of every message is in ``shapes.py``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, Mapping

from orrery_pipes.errors import PipesSerializationError

if TYPE_CHECKING:
    from orrery_pipes.shapes import Method, PipesMessage

PIPES_PROTOCOL_VERSION = "0.1"
"""Version of the protocol that this package speaks."""

PIPES_PROTOCOL_VERSION_FIELD = "__dagster_pipes_version"
"""Key of a message that holds the version."""

PIPES_METADATA_TYPE_INFER: Literal["__infer__"] = "__infer__"
"""Type of a metadata value that the orchestrator is to find out."""

CHECK_SEVERITIES = ("WARN", "ERROR")
METADATA_TYPES = frozenset(
    "__infer__ text url path notebook json md float int bool dagster_run asset null table table_schema "
    "table_column_lineage timestamp".split()
)


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
