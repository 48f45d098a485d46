"""How params travel in an environment variable or on a command line: JSON, packed by zlib, as base64."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from orrery_pipes.errors import PipesSerializationError


def encode_param(value: Any) -> str:
    """
    Return *value* as text that survives an environment variable: ``base64(zlib(json(value)))``.

    Raises:
        PipesSerializationError: *value* has no JSON form.

    >>> decode_param(encode_param({"path": "/tmp/messages"}))
    {'path': '/tmp/messages'}
    """
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise PipesSerializationError(
            "Invalid type for parameter `value` of `encode_param`. Expected a JSON-serializable value, got "
            f"`{type(value).__name__}`: {error}."
        ) from error
    return base64.b64encode(zlib.compress(text.encode("utf-8"))).decode("ascii")


def decode_param(value: str) -> Any:
    """Return what :func:`encode_param` made *value* of."""
    return json.loads(zlib.decompress(base64.b64decode(value)).decode("utf-8"))


def encode_env_var(value: Any) -> str:
    """Return *value* as :func:`encode_param` does."""
    return encode_param(value)


def decode_env_var(value: str) -> Any:
    """Return what :func:`encode_env_var` made *value* of."""
    return decode_param(value)
