"""
What is printed: tables, titles, styles.

Styles are sent to a terminal only (click takes them away elsewhere). Texts from users go through
:mod:`orrery.cli.text` on their way here.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence

import click

from orrery.cli.text import one_line

__all__ = [
    "STATES",
    "can_draw",
    "column_width",
    "dim",
    "echo",
    "edge_of_terminal",
    "first_line",
    "fit",
    "fit_start",
    "is_terminal",
    "pad",
    "strong",
    "styled",
    "table",
    "width_of",
]

STATES = {
    "done": "green",
    "success": "green",
    "passed": "green",
    "running": "cyan",
    "started": "cyan",
    "retrying": "yellow",
    "skipped": "yellow",
    "warned": "yellow",
    "failed": "red",
    "failure": "red",
    "canceled": "magenta",
}
"""The colour of each state."""

_USUAL = 60


def is_terminal() -> bool:
    """Tell whether standard output is a terminal that can move its cursor."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "")


def edge_of_terminal() -> int:
    """Return how many columns standard output has; 0 if it is no terminal, and lines may be as long as they are."""
    return shutil.get_terminal_size().columns if is_terminal() else 0


def can_draw(text: str) -> bool:
    """Tell whether standard output can show *text*."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def echo(text: str = "") -> None:
    """Print *text* and a newline; signs that the terminal cannot show are replaced."""
    if not can_draw(text):
        encoding = sys.stdout.encoding or "ascii"
        text = text.replace("…", "...").encode(encoding, "replace").decode(encoding)
    click.echo(text)


def dim(text: str) -> str:
    """Return *text* for what matters less."""
    return click.style(text, dim=True) if text else text


def strong(text: str) -> str:
    """Return *text* for a title."""
    return click.style(text, bold=True) if text else text


def styled(state: str) -> str:
    """Return the name of a state in its colour."""
    return click.style(state, fg=STATES[state]) if state in STATES else state


def width_of(text: str) -> int:
    """
    Return how many columns *text* takes in a terminal.

    >>> width_of("日本"), width_of("ab")
    (4, 2)
    """
    plain = click.unstyle(text)
    if plain.isascii():
        return len(plain)
    return sum(_char_width(char) for char in plain)


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return *text* filled with blanks to *width* columns."""
    blanks = " " * max(0, width - width_of(text))
    return blanks + text if right else text + blanks


def fit(text: str, width: int) -> str:
    """
    Return *text* in at most *width* columns, shortened in its middle: both ends of a name tell it apart.

    >>> fit("a_rather_long_name", 9), fit("日本日本", 5)
    ('a_ra…name', '日…本')
    """
    if width_of(text) <= width:
        return text
    head = _taken(text, width // 2)
    tail = _taken(text[::-1], width - width_of(head) - 1)[::-1]
    return f"{head}…{tail}" if width > 1 else "…"[:width]


def fit_start(text: str, width: int) -> str:
    """
    Return the start of *text* in at most *width* columns.

    >>> fit_start("a rather long sentence", 12)
    'a rather lo…'
    """
    return text if width_of(text) <= width else f"{_taken(text, width - 1).rstrip()}…"[:width]


def _taken(text: str, width: int) -> str:
    """Return as much of the start of *text* as *width* columns hold."""
    used = 0
    for at, char in enumerate(text):
        used += width_of(char)
        if used > width:
            return text[:at]
    return text


def table(
    rows: Iterable[Sequence[str]], *, head: Sequence[str] = (), right: Iterable[int] = (), indent: str = ""
) -> list[str]:
    """
    Return rows as lines with aligned columns.

    Args:
        rows: Cells, safe to print; all rows equally long. On a terminal the last column ends at its edge. A cell of
            unusual length moves the rest of its own row, and no other.
        head: Titles of the columns.
        right: Columns that are aligned to the right.
        indent: Put before each line.

    >>> table([["a", "1"], ["bcd", "22"]], right=[1])
    ['a     1', 'bcd  22']
    """
    shown = [list(row) for row in rows]
    if not shown:
        return []
    columns = len(shown[0])
    used = [at for at in range(columns) if any(row[at] for row in shown)]
    to_right = set(right)
    widths = {at: _column_width([width_of(row[at]) for row in shown]) for at in used}
    if head:
        widths = {at: max(width, width_of(head[at])) for at, width in widths.items()}
        shown.insert(0, [dim(title) for title in head])
    edge = edge_of_terminal()
    lines = []
    for row in shown:
        cells = [pad(row[at], widths[at], right=at in to_right) for at in used]
        if edge and used and used[-1] not in to_right:
            before = len(indent) + sum(widths[at] + 2 for at in used[:-1])
            last = row[used[-1]]
            if before + width_of(last) > edge > before + 8 and "\x1b" not in last:
                cells[-1] = last[: edge - before - 1].rstrip() + "…"
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def _column_width(widths: Sequence[int]) -> int:
    return max((width for width in widths if width <= _USUAL), default=min(widths))


def column_width(texts: Iterable[str]) -> int:
    """Return how wide a column of *texts* is made: what is unusually long does not count."""
    return _column_width([width_of(text) for text in texts])


def first_line(text: str | None) -> str:
    """Return the first line of a description, safe to print."""
    stripped = (text or "").strip()
    return one_line(stripped.split("\n", 1)[0].strip()) if stripped else ""
