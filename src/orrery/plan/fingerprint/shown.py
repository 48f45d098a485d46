"""
What is recorded of values for people to read, beside their digests: nothing that may be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

__all__ = ["is_secret", "shown_constant", "shown_value"]

_SECRET = re.compile(r"password|passwd|secret|token|credential|api_?key|private_?key|access_?key", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*@")
"""The password of an address; what stands before it stays."""
_MOST_CHARACTERS = 60
_MOST_OF_TEXT = 16
"""Longer texts among constants may be keys, addresses with a password, or sentences."""
_MOST_ITEMS = 8


def is_secret(name: str) -> bool:
    """
    Tell whether what bears this name is not to be shown.

    >>> is_secret("db.password"), is_secret("limit")
    (True, False)
    """
    return _SECRET.search(name) is not None


def shown_value(value: Any) -> str:
    """
    Return a value of config as people read it, cut if it is long; of what may be a secret in it stars.

    >>> shown_value({"a": [1, None]}), shown_value([{"password": "x"}, "pg://me:x@host"])
    ('{"a": [1, null]}', '[{"password": "***"}, "pg://me:***@host"]')
    """
    try:
        text = json.dumps(_without_secrets(value), ensure_ascii=False, sort_keys=True)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return _IN_ADDRESS.sub(r"\1:***@", value)
    if isinstance(value, list | tuple):
        return [_without_secrets(each) for each in value]
    if isinstance(value, dict):
        return {key: "***" if is_secret(str(key)) else _without_secrets(each) for key, each in value.items()}
    return value


def shown_constant(name: str, value: Any, is_hidden: Callable[[str], bool] = lambda text: False) -> str | None:
    """
    Return a constant of the code as people read it; None of what is long, may be a secret, or has no plain form.

    Args:
        name: Its name.
        value: Its value.
        is_hidden: Tells of a text in it whether it may be a secret.

    >>> shown_constant("bands:LIMITS", (15, 30)), shown_constant("bands:API_KEY", 15), shown_constant("bands:x", object())
    ('(15, 30)', None, None)
    """
    if is_secret(name) or not _is_plain(value, 2, is_hidden):
        return None
    text = repr(value)
    return text if len(text) <= _MOST_CHARACTERS else None


def _is_plain(value: Any, depth: int, is_hidden: Callable[[str], bool]) -> bool:
    kind = type(value)
    if kind is str:
        return len(value) <= _MOST_OF_TEXT and not _IN_ADDRESS.search(value) and not is_hidden(value)
    if kind in (bool, int, float, type(None)):
        return True
    if kind not in (tuple, list, dict) or not depth or len(value) > _MOST_ITEMS:
        return False
    if kind is dict:
        return all(type(key) in (str, int) and not is_secret(str(key)) for key in value) and all(
            _is_plain(each, depth - 1, is_hidden) for pair in value.items() for each in pair
        )
    return all(_is_plain(each, depth - 1, is_hidden) for each in value)
