r"""
Text that PostgreSQL cannot say.

A text of users may hold any character, NUL too, which PostgreSQL refuses in text. There NUL is written as two
characters: ``\x1a`` and ``0``; the first of them, should it stand in a text itself, is doubled. Texts are compared by
code points (collation ``C``), as they are everywhere else.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, Text, TypeDecorator

__all__ = ["PostgresText", "escape", "unescape"]

_MARK, _NUL = "\x1a", "\0"


def escape(text: str) -> str:
    r"""
    Return *text* without NUL.

    >>> escape("a\0b")
    'a\x1a0b'
    """
    if _NUL in text or _MARK in text:
        return text.replace(_MARK, 2 * _MARK).replace(_NUL, f"{_MARK}0")
    return text


def unescape(text: str) -> str:
    r"""
    Return the text that ``escape`` was given.

    >>> unescape(escape("\x1a0\0")) == "\x1a0\0"
    True
    """
    if _MARK in text:
        return _MARK.join(part.replace(f"{_MARK}0", _NUL) for part in text.split(2 * _MARK))
    return text


class PostgresText(TypeDecorator[str]):
    """A column of text in PostgreSQL that holds any text."""

    impl = Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return what is stored for *value*."""
        return escape(value) if isinstance(value, str) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Return what was stored as *value*."""
        return unescape(value) if isinstance(value, str) else value
