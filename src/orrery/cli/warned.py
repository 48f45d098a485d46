"""
Warnings as people read them.

What Orrery warns of is told by its text alone: our file, our line and our code say nothing to who reads it. Warnings that
point to the user's own code, or a library's, are shown as Python shows them.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from orrery.cli.text import block

__all__ = ["caught_warnings", "plain_warnings"]

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Tell warnings of ours on standard error as ``Warning: ...`` while the block runs."""

    def tell(text: str) -> None:
        click.echo(click.style("Warning: ", fg="yellow", bold=True) + block(text, "").lstrip(), err=True)

    with _handing_over(tell):
        yield


@contextmanager
def caught_warnings() -> Iterator[list[str]]:
    """Gather the texts of warnings of ours while the block runs; others are shown as they are elsewhere."""
    texts: list[str] = []
    with _handing_over(texts.append):
        yield texts


@contextmanager
def _handing_over(take: Callable[[str], object]) -> Iterator[None]:
    before = warnings.showwarning

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        if filename.startswith(_OURS):
            take(str(message))
        else:
            before(message, category, filename, lineno, file, line)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
