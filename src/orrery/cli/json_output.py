"""
Standard output for JSON alone.

With ``--json`` standard output is the document and nothing else: what the user's code and its child processes
print there, while definitions are imported and while they run, goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

import click

__all__ = ["claim_standard_output", "echo_json", "is_json_asked", "json_stream"]

_STREAM = "orrery.json"


def claim_standard_output() -> None:
    """Keep standard output for JSON until the command ends."""
    root = click.get_current_context().find_root()
    if _STREAM not in root.meta:
        root.meta[_STREAM], release = _claimed()
        root.call_on_close(release)


def is_json_asked() -> bool:
    """Tell whether the command, or what was typed if it came to no command, asks for JSON."""
    context = click.get_current_context(silent=True)
    if context is not None and _STREAM in context.find_root().meta:
        return True
    return "--json" in sys.argv[1:]


def json_stream() -> TextIO:
    """Return where JSON goes."""
    stream: TextIO = click.get_current_context().find_root().meta[_STREAM]
    return stream


def echo_json(document: Any) -> None:
    """Print a JSON document on one line."""
    stream = json_stream()
    stream.write(json.dumps(document, default=str) + "\n")
    stream.flush()


def _claimed() -> tuple[TextIO, Callable[[], None]]:
    ours = sys.stdout
    ours.flush()
    try:
        is_real = ours.fileno() == 1
    except (OSError, ValueError):
        is_real = False
    if not is_real:  # somebody has put another stream there, as tests do: that one is ours alone
        sys.stdout = sys.stderr

        def give_back() -> None:
            sys.stdout = ours

        return ours, give_back
    own = os.dup(1)
    os.dup2(2, 1)
    stream = open(own, "w", encoding="utf-8")  # noqa: SIM115  # closed below
    sys.stdout = sys.stderr

    def restore() -> None:
        stream.flush()
        sys.stdout = ours
        os.dup2(own, 1)
        stream.close()

    return stream, restore
