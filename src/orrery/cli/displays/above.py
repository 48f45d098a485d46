"""
What users print while a table is shown: whole lines go above it, a line that is written over stands below it.

A progress bar writes its line again and again behind a carriage return. Only its latest state is a line; printed each
time, it would fill the screen.
"""

from __future__ import annotations

import io
from typing import Any, TextIO

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.text import Text

__all__ = ["LinesAbove"]


class LinesAbove(io.TextIOBase):
    """
    Stands for ``sys.stdout`` or ``sys.stderr`` while a table is shown.

    Args:
        console: Prints above the table.
        stream: What it stands for.
    """

    def __init__(self, console: Console, stream: TextIO) -> None:
        self._console = console
        self._stream = stream
        self._begun = ""
        self._decoder = AnsiDecoder()

    @property
    def unfinished(self) -> str:
        """Return the latest state of a line that is written over, and has not ended."""
        return _latest(self._begun) if "\r" in self._begun else ""

    def write(self, text: str) -> int:
        """Print the lines that *text* ends, and keep what it begins."""
        *lines, begun = (self._begun + text).replace("\r\n", "\n").split("\n")
        self._begun = f"{_latest(begun)}\r" if begun.endswith("\r") else begun[max(begun.rfind("\r"), 0) :]
        if lines:
            self._console.print(Text("\n").join(self._decoder.decode_line(_latest(line)) for line in lines))
        return len(text)

    def flush(self) -> None:
        """Print what was begun, as a question that waits for an answer is; not a line that is written over."""
        if self._begun and "\r" not in self._begun:
            self.finish()

    def finish(self) -> None:
        """Print what was begun, whatever it is."""
        begun, self._begun = _latest(self._begun), ""
        if begun:
            self._console.print(self._decoder.decode_line(begun))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def fileno(self) -> int:
        """Return the descriptor of what this stands for."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Tell whether what this stands for is a terminal."""
        return self._stream.isatty()


def _latest(line: str) -> str:
    """Return the last of the states in which a line was written."""
    return next((part for part in reversed(line.split("\r")) if part), "")
