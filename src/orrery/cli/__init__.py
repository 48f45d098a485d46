"""
The command ``orrery`` (floor 8): what a person does with definitions at a terminal.

``app`` names the commands and imports one only when it is called; each is a module of ``commands``. They
share ``project`` (where the definitions are), ``running`` (a run, shown while it goes on; ``happenings`` reads
its events, ``displays`` shows them), ``failure_text`` (an error as people read it), ``paper`` and ``text`` (what is
printed), ``drawing`` (a graph in a terminal) and ``endings`` (exit codes). Begin with ``app``.
"""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process, and end it with the exit code."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # closed by whoever called us: what is printed goes nowhere
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lives
            if stream.fileno() != descriptor:
                os.dup2(stream.fileno(), descriptor)
            setattr(sys, name, stream)
    from orrery.cli.app import run  # click takes 60 ms; who imports this room for its version does not pay

    raise SystemExit(run())
