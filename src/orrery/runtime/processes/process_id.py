"""
The number of this process, without asking the system.

What is made in one process and used in a copy of it has to notice: locks, threads and files of the parent are not the
copy's. It is asked several times for each step, and the system takes a microsecond for an answer where it is virtual.
So the number is remembered, and asked for again in every child that Python forks (``os.fork``, ``multiprocessing``).
A child that foreign code forks past Python is none that runs Python.
"""

from __future__ import annotations

import os

__all__ = ["process_id"]

_known = os.getpid()


def process_id() -> int:
    """
    Return the number of this process, as ``os.getpid`` does.

    >>> process_id() == os.getpid()
    True
    """
    return _known


def _ask_again() -> None:
    global _known
    _known = os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ask_again)
