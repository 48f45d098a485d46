"""
Text that people read: safe to print, short, in their own measure.

Names and messages come from users. Whatever is in them - newlines, control codes, marks that turn the
direction of writing - is shown, not obeyed, so that no text can pass for a line of ours.
"""

from __future__ import annotations

import os
import re
from datetime import datetime

__all__ = ["block", "count", "cut", "duration", "instant", "number", "one_line", "short_path", "since"]

# C0 and C1 controls, DEL, line and paragraph separators, marks of direction, lone surrogates, BOM.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _shown(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    return _NAMES.get(char) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def one_line(text: object) -> str:
    r"""
    Return *text* as one line in which everything is visible.

    >>> print(one_line("a\nb\x1b[31m"))
    a\nb\x1b[31m
    """
    return _UNSAFE.sub(_shown, str(text))


def block(text: object, indent: str = "  ") -> str:
    r"""
    Return *text*, each of its lines safe and below an indentation.

    Lines of ours begin at the margin; so no line of a user's text can pass for one.

    >>> print(block("first\nsecond", "| "))
    | first
    | second
    """
    lines = str(text).replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(f"{indent}{one_line(line.replace(chr(9), '    '))}".rstrip() for line in lines)


def cut(text: str, width: int) -> str:
    """
    Return *text*, shortened in its middle if it is longer than *width*.

    >>> cut("a_rather_long_name", 9)
    'a_ra…name'
    """
    if len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    head = width // 2
    tail = width - head - 1
    return f"{text[:head]}…{text[-tail:] if tail else ''}"


def duration(seconds: float) -> str:
    """
    Return a duration.

    >>> [duration(each) for each in (0.0004, 0.25, 3.14159, 83.4, 4000)]
    ['0 ms', '250 ms', '3.1 s', '1 m 23 s', '1 h 06 m']
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m"


def number(value: float) -> str:
    """
    Return a number with its thousands apart.

    >>> number(336776)
    '336,776'
    """
    return f"{value:,}"


def count(how_many: int, noun: str, plural: str | None = None) -> str:
    """
    Return a number with its noun.

    >>> count(1, "asset"), count(3, "asset")
    ('1 asset', '3 assets')
    """
    return f"{how_many:,} {noun if how_many == 1 else plural or noun + 's'}"


def instant(timestamp: float) -> str:
    """Return an instant (seconds since 1970 in UTC) in the local time zone, with its offset."""
    return datetime.fromtimestamp(timestamp).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def short_path(path: str) -> str:
    """Return *path* from the working directory on, if it lies below it."""
    try:
        here = os.getcwd() + os.sep
    except OSError:  # the working directory is gone
        return path
    return path[len(here) :] if path.startswith(here) else path


def since(seconds: float) -> str:
    """
    Return how long ago something was.

    >>> [since(each) for each in (2, 90, 7200, 200_000)]
    ['just now', '1 minute ago', '2 hours ago', '2 days ago']
    """
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{count(int(seconds // size), noun)} ago"
    return "just now" if seconds < 10 else f"{seconds:.0f} seconds ago"
