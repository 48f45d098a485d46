"""
A hash of values that says whether two are equal, in this process or another.

The same value has the same digest whatever the hash seed, the machine, the order of a mapping or the chunks
of a table. Types count: ``1``, ``1.0`` and ``True`` differ, a list differs from a tuple, ``0.0`` from ``-0.0``; all
not-a-numbers are one. A pickle is never hashed: what has no canonical form has no digest.

=====================  ====================================================================
mappings               pairs, sorted by the form of their keys
``OrderedDict``        its order, too; of a ``defaultdict`` the name of what makes the values
sets, frozen sets      members, sorted by their form; a set equals a frozen set
dataclasses, structs   name of the type, then the fields by name
enumerations           name of the type, name of the member
arrays of numpy        element type, shape, elements in C order; of matrices, records and masked arrays their kind
tables                 columns by name and type; chunks, offsets and padding do not count
frames of pandas       their index counts as columns; labels count with their types, categories with their order;
                       types of columns, kinds of cells that are no texts, names of labels, ``attrs`` and flags
series                 their name, then as a column
enumerations (polars)  their categories, then as texts
=====================  ====================================================================
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import hashlib
import pathlib
import re
import struct
import types
import uuid
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from orrery.plan.fingerprint.contents import beside_fields

__all__ = ["Canonical", "NotCanonicalError", "canonical_digest"]

_DEEPEST = 200
_DEEPEST_PLAIN = 8
_LENGTH = struct.Struct(">Q").pack
_TEXT: Mapping[type, Callable[[Any], str]] = {
    decimal.Decimal: str,
    uuid.UUID: str,
    dt.date: dt.date.isoformat,
    dt.time: lambda value: f"{value.isoformat()} {value.tzinfo}{' fold' * value.fold}",
    dt.datetime: lambda value: f"{value.isoformat()} {value.tzinfo}{' fold' * value.fold}",
    complex: repr,
    range: repr,
    slice: repr,
    type(...): repr,
    type(NotImplemented): repr,
}
_PLAIN_CELLS = frozenset({str, type(None)})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
_SPLITTING = re.compile(r"(?:large_)?(string|binary)(?:_view)?\Z")


class NotCanonicalError(TypeError):
    """
    A value has no canonical form; caught by whoever asked for a digest.

    Attributes:
        kind: The type that has none.
    """

    def __init__(self, value: object) -> None:
        self.kind = f"{type(value).__module__}.{type(value).__qualname__}"
        super().__init__(f"a {self.kind} has no canonical form")


def canonical_digest(value: Any, *, most: int | None = None, classes: set[Any] | None = None) -> str | None:
    """
    Return the SHA-256 of the canonical form of *value*; None if it has none.

    Args:
        value: The value.
        most: Give up, as if it had none, where it holds more than so many values; arrays and tables count as one.
        classes: Gets the classes of what is in it, but for numbers, texts, collections and instants.

    >>> canonical_digest({"a": 1, "b": 2}) == canonical_digest({"b": 2, "a": 1})
    True
    >>> canonical_digest(1) == canonical_digest(1.0)
    False
    >>> canonical_digest(object()) is None
    True
    """
    plain = _plain(value, _DEEPEST_PLAIN) if most is None else None
    if plain is not None:
        return hashlib.sha256(plain).hexdigest()
    writer = Canonical(most=most, classes=classes)
    try:
        writer.write(value)
    except NotCanonicalError:
        return None
    return writer.hexdigest()


def _plain(value: Any, deepest: int) -> bytes | None:
    """
    Return the canonical form of texts, and of lists and mappings of them, in one piece; None of others.

    Of these is most that is asked for step by step: it takes a third of the time.
    """
    kind = type(value)
    if kind is str:
        data: bytes = value.encode("utf-8", "surrogatepass")
        return b"s" + _LENGTH(len(data)) + data
    if value is None:
        return b"n"
    if deepest == 0:
        return None
    if kind is list:
        forms = []
        for each in value:
            form = _plain(each, deepest - 1)
            if form is None:
                return None
            forms.append(form)
        return b"l" + _LENGTH(len(forms)) + b"".join(forms)
    if kind is dict:
        pairs = []
        for key, each in value.items():
            form = _plain(each, deepest - 1)
            if form is None or type(key) is not str:
                return None
            pairs.append(hashlib.sha256(_plain(key, 0) or b"").digest() + form)
        return b"d" + _LENGTH(len(pairs)) + b"".join(sorted(pairs))
    return None


class Canonical:
    """
    Writes values into a hash.

    Args:
        other: Gives the form of what has none here (a function, say), or None to refuse it.
        most: Refuse what holds more than so many values.
        is_code: Whether values stand in code: then the order of a dictionary counts, as whoever iterates it sees, and what a
            ``defaultdict`` makes.
        classes: Gets the classes of the objects that are written.
    """

    def __init__(
        self,
        other: Callable[[Any], bytes | None] | None = None,
        most: int | None = None,
        *,
        is_code: bool = False,
        classes: set[Any] | None = None,
    ) -> None:
        self._hash = hashlib.sha256()
        self._put = self._hash.update
        self._other = other
        self._is_code = is_code
        self._classes = classes
        self._open: set[int] = set()
        self._left = [most] if most is not None else None

    def hexdigest(self) -> str:
        """Return the digest of all that was written."""
        return self._hash.hexdigest()

    def write(self, value: Any) -> None:
        """
        Add *value*.

        Raises:
            NotCanonicalError: It, or something in it, has no canonical form, or it holds itself.
        """
        kind = type(value)
        if kind is str:
            self._part(b"s", value.encode("utf-8", "surrogatepass"))
        elif kind is int:
            self._part(b"i", str(value).encode() if -(1 << 4096) < value < (1 << 4096) else hex(value).encode())
        elif value is None:
            self._put(b"n")
        elif kind is bool:
            self._put(b"T" if value else b"F")
        elif kind is float:
            self._put(b"f" + (struct.pack(">d", value) if value == value else b"nan"))
        elif kind is bytes or kind is bytearray or kind is memoryview:
            self._part(b"y" if kind is bytes or not self._is_code else b"Y", bytes(value))
        else:
            self._nested(value, kind)

    def _part(self, tag: bytes, data: bytes) -> None:
        self._put(tag + struct.pack(">Q", len(data)))
        self._put(data)

    def _nested(self, value: Any, kind: type) -> None:
        mark = id(value)
        if mark in self._open or len(self._open) > _DEEPEST:
            raise NotCanonicalError(value)
        if self._left is not None and kind in _CONTAINERS:
            self._left[0] -= len(value)
            if self._left[0] < 0:
                raise NotCanonicalError(value)
        self._open.add(mark)
        try:
            self._compound(value, kind)
        finally:
            self._open.discard(mark)

    def _compound(self, value: Any, kind: type) -> None:
        if kind is list or kind is tuple:
            self._put((b"l" if kind is list else b"t") + struct.pack(">Q", len(value)))
            for each in value:
                self.write(each)
        elif kind is dict or kind is types.MappingProxyType:
            self._mapping(b"d", value)
        elif kind is set or kind is frozenset:
            self._put((b"S" if kind is set or not self._is_code else b"Z") + struct.pack(">Q", len(value)))
            for form in sorted(self._form(each) for each in value):
                self._put(form)
        elif kind in _TEXT:
            self._part(b"x", f"{kind.__name__} {_TEXT[kind](value)}".encode())
        elif kind.__module__ == "fractions" and kind.__name__ == "Fraction":  # known by name: loading it takes 2 ms
            self._part(b"x", f"Fraction {value}".encode())
        elif kind is dt.timedelta:
            self._part(b"x", f"timedelta {value.days} {value.seconds} {value.microseconds}".encode())
        else:
            try:
                self._object(value, kind)
            except NotCanonicalError:
                raise
            except Exception as error:  # an object tells of itself by code of its own, which may refuse
                raise NotCanonicalError(value) from error

    def _object(self, value: Any, kind: type) -> None:
        if self._classes is not None:
            self._classes.add(kind)
        name = f"{kind.__module__}.{kind.__qualname__}".encode()
        if isinstance(value, enum.Enum):
            self._part(b"e", name + b"." + (value.name or repr(value.value)).encode())
            form = self._other(kind) if self._is_code and self._other is not None else None
            if form is not None:  # what the members stand for, and their methods
                self._part(b"o", form)
        elif isinstance(value, pathlib.PurePath):
            self._part(b"p", value.as_posix().encode("utf-8", "surrogateescape"))
        elif isinstance(value, re.Pattern):
            self._part(b"r", repr((value.pattern, value.flags)).encode())
        elif isinstance(value, tuple) and hasattr(kind, "_fields"):
            self._fields(name, value, kind._fields)
        elif dataclasses.is_dataclass(value):
            self._fields(name, value, [each.name for each in dataclasses.fields(value)])
        elif isinstance(value, msgspec.Struct):
            self._fields(name, value, value.__struct_fields__)
        elif hasattr(kind, "model_fields") and hasattr(value, "__dict__"):
            self._model(name, value, kind)
        elif isinstance(value, Mapping) and kind.__module__ in ("collections", "types"):
            self._mapping(b"d" + name, value)
            made = getattr(value, "default_factory", None)
            if self._is_code:
                if made is not None:
                    self.write(made)
            elif made is not None:  # what a key gives that is not there
                if not hasattr(made, "__qualname__"):  # a partial, say
                    raise NotCanonicalError(made)
                self._part(b"f", f"{made.__module__}.{made.__qualname__}".encode())
            elif kind.__name__ == "OrderedDict":
                self.write(list(value))
        elif not self._array(value, kind):
            form = self._other(value) if self._other is not None else None
            if form is None:
                raise NotCanonicalError(value)
            self._part(b"o", form)

    def _mapping(self, tag: bytes, value: Mapping[Any, Any]) -> None:
        self._put(tag + struct.pack(">Q", len(value)))
        if self._is_code and tag:
            for key in value:
                self.write(key)
                self.write(value[key])
            return
        for form, key in sorted(((self._form(key), key) for key in value), key=lambda pair: pair[0]):
            self._put(form)
            self.write(value[key])

    def _fields(self, name: bytes, value: Any, names: Collection[str]) -> None:
        self._part(b"c", name)
        self._mapping(b"", {each: getattr(value, each) for each in names if hasattr(value, each)})  # set by now
        beside = beside_fields(value, names)
        if self._is_code:  # attributes that nobody declared change while it is used
            beside = {"": beside[""]} if "" in beside else {}
        if beside:
            self._mapping(b"+", beside)

    def _model(self, name: bytes, value: Any, kind: Any) -> None:
        """Write a model of pydantic: what it holds, also where no field says so, and which of its fields were given."""
        self._part(b"c", name)
        self._mapping(b"", dict(value.__dict__))
        extra = getattr(value, "__pydantic_extra__", None)
        if extra:
            self._mapping(b"+", extra)
        if self._is_code:  # the rest changes while it is used
            return
        private = getattr(value, "__pydantic_private__", None)
        if private:
            self._mapping(b"p", private)
        given = getattr(value, "__pydantic_fields_set__", None)
        absent = kind.model_fields.keys() - given if given is not None else None
        if absent:
            self.write(absent)

    def _form(self, value: Any) -> bytes:
        """Return a short form of *value* that sorts: its own digest."""
        if type(value) is str:  # as most keys are
            data = value.encode("utf-8", "surrogatepass")
            return hashlib.sha256(b"s" + struct.pack(">Q", len(data)) + data).digest()
        inner = Canonical(self._other, is_code=self._is_code, classes=self._classes)
        inner._open = self._open
        inner._left = self._left
        inner.write(value)
        return inner._hash.digest()

    # -- arrays and tables, of libraries that are loaded if there is a value of theirs ---------------

    def _array(self, value: Any, kind: type) -> bool:
        try:
            return self._of_library(value, kind)
        except NotCanonicalError:
            raise
        except Exception as error:  # each library refuses in its own way what Arrow or Python has no type for
            raise NotCanonicalError(value) from error

    def _of_library(self, value: Any, kind: type) -> bool:
        library = kind.__module__.partition(".")[0]
        if library == "numpy":
            return self._numpy(value)
        if library == "pyarrow":
            return self._arrow(value)
        if library == "polars" and hasattr(value, "to_arrow") and hasattr(value, "rechunk"):  # a schema has no rows
            self._polars(value)
            return self._arrow(value.to_arrow())
        if library == "pandas":
            return self._pandas(value)
        return False

    def _numpy(self, value: Any) -> bool:
        kind = getattr(value, "dtype", None)
        if kind is None or not hasattr(value, "tobytes"):
            return False
        own = type(value).__name__
        if hasattr(value, "filled"):  # of a masked array: what lies below the mask does not count
            self._part(b"m", repr(value.fill_value).encode())
            self._numpy(value.mask)
            value = value.filled()
        elif hasattr(value, "__array_finalize__") and (own != "ndarray" or not value.shape):
            self._part(b"K", own.encode())  # a matrix multiplies otherwise; an array of no dimension is no number
        if kind.hasobject:
            if not hasattr(value, "tolist"):
                return False
            self._part(b"O", f"{value.shape} {value.dtype.names or ''}".rstrip().encode())
            self.write(value.ravel().tolist())
            return True
        plain = value.astype(kind.newbyteorder("<"), copy=False)
        self._part(b"A", f"{plain.dtype.descr if plain.dtype.names else plain.dtype.str} {value.shape}".encode())
        self._part(b"a", _with_one_nan(plain).tobytes() if kind.kind in "fc" else plain.tobytes())
        return True

    def _polars(self, value: Any) -> None:
        """Write what is lost on the way to Arrow: the name of a series, the categories of an enumeration."""
        import polars as pl  # the value is one of its frames or series

        self._put(b"polars")
        is_series = isinstance(value, pl.Series)
        if is_series:
            self._part(b"s", value.name.encode("utf-8", "surrogatepass"))
        for kind in [value.dtype] if is_series else value.dtypes:
            if kind == pl.Object:  # Arrow would have the addresses
                raise NotCanonicalError(value)
            if isinstance(kind, pl.Enum):
                self.write(kind.categories.to_list())

    def _pandas(self, value: Any) -> bool:
        import pyarrow as pa  # the value is a frame; without pyarrow it has no canonical form

        name = type(value).__name__
        if name == "DataFrame":
            self._put(b"pandas")
            self.write(list(value.columns))
            self.write(list(value.index.names))
            self._of_frame(value)
            for kind in value.dtypes:
                if hasattr(kind, "categories"):
                    self.write(kind.categories.tolist())
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # of labels that are no texts, which stand above
                    table = pa.Table.from_pandas(value, preserve_index=True)
            except (pa.ArrowException, ValueError, TypeError, OverflowError):  # two columns of one name, 2**100, ...
                raise NotCanonicalError(value) from None
            if any(pa.types.is_struct(each.type) for each in table.schema):  # dictionaries get the keys of one another
                raise NotCanonicalError(value)
            self._table(table)
            return True
        if name == "Series":
            self._put(b"series")
            self.write(value.name)
            frame = value.to_frame("")
            frame.attrs, frame.flags.allows_duplicate_labels = value.attrs, value.flags.allows_duplicate_labels
            return self._pandas(frame)
        if name in ("Timestamp", "Timedelta"):
            unit = "" if getattr(value, "unit", "ns") == "ns" else f" {value.unit}"
            self._part(b"x", f"{name} {value.isoformat()} {getattr(value, 'tzinfo', None)}{unit}".encode())
            return True
        return False

    def _of_frame(self, frame: Any) -> None:
        """Write what is lost on the way to Arrow of a frame of pandas, where it is not as with most frames."""
        if any(name is not None for name in frame.columns.names):
            self.write(["columns", list(frame.columns.names)])
        if frame.attrs:
            self.write(["attrs", dict(frame.attrs)])
        if not frame.flags.allows_duplicate_labels:
            self.write("no duplicate labels")
        for place, kind in enumerate(frame.dtypes):
            if getattr(kind, "hasobject", False):
                kinds = set(map(type, frame.iloc[:, place]))
                if not kinds <= _PLAIN_CELLS:  # a missing value may be None, nan or another; a list may be a tuple
                    of_each = map(type, frame.iloc[:, place]) if len(kinds) > 1 else kinds
                    self.write([place, [f"{each.__module__}.{each.__qualname__}" for each in of_each]])
            elif _is_of_pandas(kind):
                self.write([place, str(kind)])
        if _is_of_pandas(frame.index.dtype):
            self.write(["index", str(frame.index.dtype)])

    def _arrow(self, value: Any) -> bool:
        name = type(value).__name__
        if name == "Table" or name == "RecordBatch":
            self._table(value)
        elif hasattr(value, "type") and (hasattr(value, "buffers") or hasattr(value, "chunks")):
            self._column(value)
        elif name == "Schema" or name.endswith("DataType"):
            self._part(b"x", str(value).encode())
        else:
            return False
        return True

    def _table(self, table: Any) -> None:
        self._put(b"table" + struct.pack(">QQ", table.num_columns, table.num_rows))
        for index, field in enumerate(table.schema):
            self._part(b"s", field.name.encode("utf-8", "surrogatepass"))
            self._column(table.column(index))

    def _column(self, column: Any) -> None:
        import pyarrow as pa  # the value is one of its columns

        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
            if isinstance(column, pa.ChunkedArray):
                column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        kind = column.type
        if pa.types.is_dictionary(kind):
            self._part(b"k", b"ordered dictionary" if kind.ordered else b"dictionary")
            column = column.dictionary_decode()
            kind = column.type
        split = _SPLITTING.match(str(kind))
        self._part(b"k", (split[1] if split else str(kind)).encode())
        self._put(struct.pack(">QQ", len(column), column.null_count))
        if column.null_count:
            valid = column.is_valid()
            self._put(_bits(valid))
        if pa.types.is_null(kind):
            return
        if split:
            self._texts(column, split[1])
        elif pa.types.is_primitive(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
            self._fixed(column)
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            from pyarrow import compute  # as above

            self._fixed(compute.list_value_length(column).cast(pa.int64()))
            self._column(column.flatten())
        elif pa.types.is_struct(kind):
            for index, child in enumerate(column.flatten()):
                self._part(b"s", kind.field(index).name.encode())
                self._column(child)
        else:
            self.write(column.to_pylist())

    def _fixed(self, column: Any) -> None:
        """Write the elements of a column of fixed width; those that are absent as zero."""
        import pyarrow as pa  # as above

        if pa.types.is_boolean(column.type):
            self._put(_bits(column.fill_null(False) if column.null_count else column))
            return
        width = column.type.bit_width // 8
        data = memoryview(column.buffers()[1] or b"")[column.offset * width : (column.offset + len(column)) * width]
        if column.null_count:
            import numpy as np  # pyarrow brings it

            rows = np.frombuffer(data, dtype=np.uint8).reshape(len(column), width).copy()
            rows[~np.asarray(column.is_valid())] = 0
            data = memoryview(rows.tobytes())
        if pa.types.is_floating(column.type):
            import numpy as np  # as above

            data = memoryview(_with_one_nan(np.frombuffer(data, dtype=f"<f{width}")).tobytes())
        self._put(data)

    def _texts(self, column: Any, kind: str) -> None:
        """Write a column of texts: how long each is, then all of them."""
        import pyarrow as pa  # as above
        from pyarrow import compute

        column = column.cast(pa.large_string() if kind == "string" else pa.large_binary())
        if column.null_count:
            column = compute.fill_null(column, pa.scalar("" if kind == "string" else b"", column.type))
        self._fixed(compute.binary_length(column).cast(pa.int64()))
        _, offsets, data = column.buffers()
        ends = memoryview(offsets or b"").cast("q") if offsets is not None and len(column) else None
        if ends is not None and data is not None:
            self._put(memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]])


def _with_one_nan(values: Any) -> Any:
    """Return an array of NumPy in which all that is not a number has the same bits; 0 / 0 has a sign, and NaN of Python none."""
    import numpy as np  # the value is one of its arrays

    parts = values
    if values.dtype.kind == "c" and values.shape:
        parts = np.ascontiguousarray(values).view(f"<f{values.itemsize // 2}")
    absent = np.isnan(parts)
    if not absent.any():
        return values
    return np.where(absent, parts.dtype.type("nan"), parts)


def _is_of_pandas(kind: Any) -> bool:
    """Tell whether the type of a column is one that Arrow may take for another; categories and time zones stay."""
    is_of_numpy = type(kind).__module__.partition(".")[0] == "numpy"
    return not is_of_numpy and not hasattr(kind, "categories") and not hasattr(kind, "tz")


def _bits(column: Any) -> bytes:
    """Return a column of truth values as one byte each."""
    import numpy as np  # pyarrow brings it

    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.uint8).tobytes()
