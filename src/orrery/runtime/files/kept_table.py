"""
Tables that are kept in files of an instance's home, so that later processes need not find out again what is in them.

A table is written whole, with a head that names its form and the digest of what follows. It may be lost at any time: one
that is damaged, of another form or cannot be written is a table that is not there. Nobody waits for the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from typing import TypeVar

import msgspec

__all__ = ["read_table", "write_table"]

_DIGEST = 32
_T = TypeVar("_T")


def read_table(path: str, head: bytes, decode: Callable[[memoryview], _T]) -> _T | None:
    """
    Return what *decode* makes of the file; None if there is no such table.

    Args:
        path: The file.
        head: What the file begins with if it is of this form.
        decode: Reads what follows; may raise what msgspec raises.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    start = len(head) + _DIGEST
    body = memoryview(data)[start:]
    if not data.startswith(head) or hashlib.sha256(body).digest() != data[len(head) : start]:
        return None
    try:
        return decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def write_table(path: str, head: bytes, body: bytes) -> None:
    """Write the table *body*, if that can be done; a reader finds it whole, or the one before."""
    temporary = f"{path}.{os.urandom(8).hex()}"
    with contextlib.suppress(OSError):  # what is lost is found out again, so a home that cannot be written is no error
        try:
            with open(temporary, "xb") as file:
                file.writelines((head, hashlib.sha256(body).digest(), body))
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
