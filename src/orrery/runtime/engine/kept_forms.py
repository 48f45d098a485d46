"""
Forms of code objects that earlier processes found out, kept beside the records of an instance.

To find the form of a function its file is read and compiled again, which takes most of the time of the first plan in a
process. The form follows from the code object alone, so it is kept under the digest of the whole code object: bytecode,
constants, names, lines and file. Nothing is believed on account of an age or a size, and nothing can be out of date: a
function that was edited is another code object. Another release of Python or of the form begins anew (``kept_table.py``).
"""

from __future__ import annotations

import hashlib
import marshal
import sys
from types import CodeType

import msgspec

from orrery.plan.fingerprint.code_form import FORM_VERSION, CodeForm
from orrery.runtime.files.kept_table import read_table, write_table

__all__ = ["KeptForms"]

_HEAD = f"orrery code forms 1, form {FORM_VERSION}, python {sys.version!r}\n".encode()
_PLAIN = 2
"""Of what marshal writes, the version without references, which depend on what else a process holds."""
_MOST = 50_000
_Table = dict[bytes, CodeForm]


class KeptForms:
    """
    The forms that are kept in one file.

    Args:
        path: The file; None where nothing is kept.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._table: _Table | None = None
        self._used: _Table = {}
        self._is_new = False

    def find(self, code: CodeType) -> CodeForm | None:
        """Return the form of *code*, if an earlier process kept it."""
        if self._path is None:
            return None
        if self._table is None:
            self._table = _read(self._path)
        key = _key_of(code)
        found = self._table.get(key) if self._table and key is not None else None
        if found is not None and key is not None:
            self._used[key] = found
        return found

    def keep(self, code: CodeType, form: CodeForm) -> None:
        """Keep the form of *code* for processes to come, once :meth:`save` is called."""
        if self._path is None:
            return
        key = _key_of(code)
        if key is not None:
            self._used[key] = form
            self._is_new = True

    def save(self) -> None:
        """Write what is new, beside what others wrote; where that cannot be, later processes find it out themselves."""
        if self._path is None or not self._is_new:
            return
        self._is_new = False
        table = _read(self._path) | self._used
        if len(table) > _MOST:
            table = dict(list(self._used.items())[-_MOST:])
        write_table(self._path, _HEAD, msgspec.msgpack.encode(table))


def _key_of(code: CodeType) -> bytes | None:
    """Return the digest of all that a code object is; None where it holds what cannot be written."""
    try:
        return hashlib.sha256(marshal.dumps(code, _PLAIN)).digest()[:16]
    except ValueError:
        return None


def _read(path: str) -> _Table:
    return read_table(path, _HEAD, _decoder) or {}


_decoder = msgspec.msgpack.Decoder(_Table).decode
