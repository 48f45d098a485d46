"""
Values as bytes, in a format of choice or the one that fits the type.
"""

from __future__ import annotations

import io
import json
import pickle
import sys
from collections.abc import Callable, Mapping
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError

__all__ = ["check_format", "FORMATS", "decode", "encode", "encode_as", "format_for", "table_of"]

_TABLES = ("polars", "pandas", "pyarrow")
_KINDS_OF_TABLES = ("DataFrame", "LazyFrame", "Table")
_KEPT_IN_PARQUET = frozenset({"string", "bytes", "boolean", "date", "decimal", "empty"})
"""What a column of Python's objects of pandas may hold to come out of Parquet as it was: not lists, not numbers beside nothing."""


def format_for(value: Any) -> str:
    """
    Return the format that fits the type of *value*.

    >>> [format_for(each) for each in ("a", b"a", {"a": 1})]
    ['text', 'bytes', 'pickle']
    """
    kind = type(value)
    if kind is str:
        return "text"
    if kind is bytes:
        return "bytes"
    library = kind.__module__.partition(".")[0]
    if table_of(value):
        return "parquet" if library != "pandas" or _fits_parquet(value) else "pickle"
    if library == "numpy" and kind.__name__ == "ndarray" and not value.dtype.hasobject:
        return "numpy"
    return "pickle"


def table_of(value: Any) -> str:
    """
    Return which table *value* is, such as ``polars.LazyFrame``; nothing if it is none.

    >>> table_of([1])
    ''
    """
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    return f"{library}.{kind.__name__}" if library in _TABLES and kind.__name__ in _KINDS_OF_TABLES else ""


def _fits_parquet(frame: Any) -> bool:
    """Tell whether a frame of pandas comes out of Parquet as it was."""
    from pandas.api.types import infer_dtype  # the value is one of its frames

    objects = [index for index, kind in enumerate(frame.dtypes) if kind.name == "object"]
    return all(infer_dtype(frame.iloc[:, index], skipna=True) in _KEPT_IN_PARQUET for index in objects)


def encode_as(value: Any, chosen: str | None) -> tuple[str, bytes]:
    """
    Return *value* as bytes, and their format: the *chosen* one, or that which fits its type, or a pickle.

    Raises:
        InvariantViolationError: The format that was chosen cannot hold it, or none can.
    """
    form = chosen or format_for(value)
    try:
        return form, encode(value, form)
    except InvariantViolationError:
        if chosen is not None or form == "pickle":
            raise
    return "pickle", encode(value, "pickle")


def encode(value: Any, form: str) -> bytes:
    """
    Return *value* as bytes.

    Raises:
        InvariantViolationError: The format cannot hold such a value.
    """
    _check(form)
    try:
        return FORMATS[form][0](value)
    except Exception as error:  # whatever the library of the format raises
        raise InvariantViolationError(
            f"The format '{form}' cannot hold a {type(value).__name__}: {error}",
            mend="return a value that pickle takes (a function defined at the top of a module, not a lambda)."
            if form == "pickle"
            else "leave format= out, so that it follows the type of the value.",
        ) from error


def decode(data: bytes, form: str, wanted: Any = None, *, table: str = "") -> Any:
    """
    Return the value of *data*.

    Args:
        data: What :func:`encode` gave.
        form: The format.
        wanted: The type that a table shall have: that of pandas, polars or pyarrow.
        table: Which table it was (:func:`table_of`), and is again if none of these is wanted.
    """
    _check(form)
    library = (getattr(wanted, "__module__", "") or "").partition(".")[0]
    asked = f"{library}.{getattr(wanted, '__name__', '')}" if library in _TABLES else table
    return FORMATS[form][1](data, asked)


def check_format(form: str | None) -> str | None:
    """
    Return *form*, or None where none is chosen.

    Raises:
        InvalidDefinitionError: There is no such format.
    """
    if form is not None:
        _check(form)
    return form


def _check(form: str) -> None:
    if form not in FORMATS:
        raise InvalidDefinitionError(
            f"There is no format '{form}'.", mend=f"choose one of {', '.join(sorted(FORMATS))}."
        )


# -- tables --------------------------------------------------------------------------------------


def _arrow(value: Any) -> Any:
    import pyarrow as pa  # formats of tables need it

    library = table_of(value).partition(".")[0]
    if library == "polars":
        return _polars_as_arrow(value.collect() if hasattr(value, "collect") else value)
    if library == "pandas":
        return pa.Table.from_pandas(value)
    if isinstance(value, pa.Table):
        return value
    raise TypeError("it is no table of polars, pandas or pyarrow")


def _polars_as_arrow(frame: Any) -> Any:
    import polars as pl  # the value is one of its frames

    objects = [name for name, kind in frame.schema.items() if kind == pl.Object]
    if objects:  # polars would give their addresses
        raise TypeError(f"column '{objects[0]}' holds objects of Python")
    return frame.to_arrow()


def _as_wanted(table: Any, asked: str) -> Any:
    library, _, kind = asked.partition(".")
    if not library and b"pandas" in (table.schema.metadata or {}):
        library = "pandas"
    elif not library:
        library = next((name for name in _TABLES if name in sys.modules), "pyarrow")
    if library == "polars":
        import polars as pl  # the user's own table library

        frame = pl.from_arrow(table)
        return frame.lazy() if kind == "LazyFrame" and not isinstance(frame, pl.Series) else frame
    return table.to_pandas() if library == "pandas" else table


def _to_parquet(value: Any) -> bytes:
    from pyarrow import parquet  # as above

    out = io.BytesIO()
    parquet.write_table(_arrow(value), out)
    return out.getvalue()


def _from_parquet(data: bytes, asked: str) -> Any:
    from pyarrow import parquet  # as above

    return _as_wanted(parquet.read_table(io.BytesIO(data)), asked)


def _to_arrow(value: Any) -> bytes:
    import pyarrow as pa  # as above

    table = _arrow(value)
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def _from_arrow(data: bytes, asked: str) -> Any:
    import pyarrow as pa  # as above

    return _as_wanted(pa.ipc.open_file(io.BytesIO(data)).read_all(), asked)


def _to_csv(value: Any) -> bytes:
    from pyarrow import csv  # as above

    out = io.BytesIO()
    csv.write_csv(_arrow(value), out)
    return out.getvalue()


def _from_csv(data: bytes, asked: str) -> Any:
    from pyarrow import csv  # as above

    return _as_wanted(csv.read_csv(io.BytesIO(data)), asked)


# -- the others ----------------------------------------------------------------------------------


def _to_numpy(value: Any) -> bytes:
    import numpy as np  # the value is one of its arrays

    out = io.BytesIO()
    np.save(out, value, allow_pickle=False)
    return out.getvalue()


def _from_numpy(data: bytes, asked: str) -> Any:
    import numpy as np  # as above

    return np.load(io.BytesIO(data), allow_pickle=False)


def _to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()


def _to_text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError("it is no text")
    return value.encode("utf-8", "surrogatepass")


def _to_bytes(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("it is no bytes")
    return bytes(value)


FORMATS: Mapping[str, tuple[Callable[[Any], bytes], Callable[[bytes, str], Any]]] = {
    "arrow": (_to_arrow, _from_arrow),
    "bytes": (_to_bytes, lambda data, _: data),
    "csv": (_to_csv, _from_csv),
    "json": (_to_json, lambda data, _: json.loads(data)),
    "numpy": (_to_numpy, _from_numpy),
    "parquet": (_to_parquet, _from_parquet),
    "pickle": (lambda value: pickle.dumps(value, 5), lambda data, _: pickle.loads(data)),  # noqa: S301  # signed, and the digest checked
    "text": (_to_text, lambda data, _: data.decode("utf-8", "surrogatepass")),
}
"""How each format writes and reads, by name."""
