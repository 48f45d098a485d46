"""
Tables as metadata: records, schemas, constraints, and where columns come from.

Values only. The metadata types that carry them are in ``values``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from orrery.base.errors import InvalidMetadataError
from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.base.records import StructRecordMeta

__all__ = [
    "TableColumn",
    "TableColumnConstraints",
    "TableColumnDep",
    "TableColumnLineage",
    "TableConstraints",
    "TableRecord",
    "TableSchema",
]

RecordValue = str | int | float | bool | None
_put = msgspec.structs.force_setattr


def _refuse(what: str, expected: str, got: object, mend: str) -> InvalidMetadataError:
    return InvalidMetadataError(f"{what} is {expected}, not {got!r} ({type(got).__name__}).", mend=mend)


def _text(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise _refuse(what, "text", value, f"give {str(value)!r}.")


def _texts(what: str, values: object) -> list[str]:
    if values is None:
        return []
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise _refuse(what, "a list of text", values, "give a list of strings.")
    for value in values:
        if not isinstance(value, str):
            raise _refuse(f"A member of {what}", "text", value, f"give {str(value)!r}.")
    return list(values)


class TableRecord(msgspec.Struct, frozen=True, metaclass=StructRecordMeta):
    """
    One record of a table: a value by field name.

    Attributes:
        data: Text, numbers, truth values or None, by field name.

    Raises:
        InvalidMetadataError: A name is not text, or a value is none of these.
    """

    data: Mapping[str, str | int | float | bool | None]

    def __post_init__(self) -> None:
        data: object = self.data
        if not isinstance(data, Mapping):
            raise _refuse("The data of a table record", "a mapping", data, 'write TableRecord({"field": 1}).')
        for name, value in data.items():
            if not isinstance(name, str):
                raise _refuse("A field name of a table record", "text", name, f"write {str(name)!r}.")
            if value is not None and not isinstance(value, str | int | float | bool):
                raise _refuse(
                    f"Field '{name}' of a table record",
                    "text, a number, a truth value or None",
                    value,
                    "convert it, for instance with str().",
                )
        _put(self, "data", dict(data))


class TableConstraints(msgspec.Struct, frozen=True):
    """
    Constraints on a whole table, in the author's own words.

    Attributes:
        other: One text per constraint.
    """

    other: Sequence[str]

    def __post_init__(self) -> None:
        _put(self, "other", _texts("The constraints of a table", self.other))


class TableColumnConstraints(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    Constraints on one column.

    Attributes:
        nullable: Whether the column may hold nulls.
        unique: Whether its values differ from one another.
        other: Further constraints, in the author's own words.
    """

    nullable: bool = True
    unique: bool = False
    other: Sequence[str] = []

    def __post_init__(self) -> None:
        for name in ("nullable", "unique"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise _refuse(f"'{name}' of a column constraint", "True or False", value, "give True or False.")
        _put(self, "other", _texts("The constraints of a column", self.other))


_PLAIN_COLUMN = TableColumnConstraints()
_PLAIN_TABLE = TableConstraints([])


class TableColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One column of a table schema.

    Attributes:
        name: The name of the column.
        type: Its type, as the author's system calls it.
        description: What it holds (Markdown).
        constraints: What its values obey.
        tags: Text by name.
    """

    name: str
    type: str = "string"
    description: str | None = None
    constraints: TableColumnConstraints = _PLAIN_COLUMN
    tags: Mapping[str, str] = {}

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(
            self,
            name: str,
            type: str = "string",
            description: str | None = None,
            constraints: TableColumnConstraints | None = None,
            tags: Mapping[str, str] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        _text("The name of a table column", self.name)
        _text(f"The type of column '{self.name}'", self.type)
        if self.description is not None:
            _text(f"The description of column '{self.name}'", self.description)
        constraints: object = self.constraints
        if constraints is None:
            _put(self, "constraints", _PLAIN_COLUMN)
        elif not isinstance(constraints, TableColumnConstraints):
            raise _refuse(
                f"The constraints of column '{self.name}'",
                "a TableColumnConstraints",
                constraints,
                "write TableColumnConstraints(nullable=False).",
            )
        tags = dict(self.tags or {})
        for key, value in tags.items():
            _text(f"Tag '{key}' of column '{self.name}'", value)
        _put(self, "tags", tags)


class TableSchema(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The columns of a table and the constraints on it.

    Attributes:
        columns: The columns, in order.
        constraints: Constraints on the table as a whole.

    >>> TableSchema.from_name_type_dict({"id": "int"}).columns[0].name
    'id'
    """

    columns: Sequence[TableColumn]
    constraints: TableConstraints = _PLAIN_TABLE

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(self, columns: Sequence[TableColumn], constraints: TableConstraints | None = None) -> None: ...

    def __post_init__(self) -> None:
        columns: object = self.columns
        if isinstance(columns, str) or not isinstance(columns, Sequence):
            raise _refuse("The columns of a table schema", "a list of TableColumn", columns, "give a list.")
        for column in columns:
            if not isinstance(column, TableColumn):
                raise _refuse(
                    "A column of a table schema", "a TableColumn", column, "write TableColumn('name', 'int')."
                )
        constraints: object = self.constraints
        if constraints is None:
            _put(self, "constraints", _PLAIN_TABLE)
        elif not isinstance(constraints, TableConstraints):
            raise _refuse(
                "The constraints of a table schema",
                "a TableConstraints",
                constraints,
                "write TableConstraints(other=[...]).",
            )
        _put(self, "columns", list(columns))

    @staticmethod
    def from_name_type_dict(name_type_dict: Mapping[str, str]) -> TableSchema:
        """Return the schema whose columns have these types by name, without further constraints."""
        return TableSchema([TableColumn(name, type_name) for name, type_name in name_type_dict.items()])


class TableColumnDep(msgspec.Struct, frozen=True):
    """
    A column of another asset that a column is made from.

    Attributes:
        asset_key: The asset that holds the column.
        column_name: The column there.
    """

    asset_key: AssetKey
    column_name: str

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(self, asset_key: CoercibleToAssetKey, column_name: str) -> None: ...

    def __post_init__(self) -> None:
        _text("The column name of a dependency", self.column_name)
        if self.asset_key.__class__ is not AssetKey:
            _put(self, "asset_key", AssetKey.from_coercible(self.asset_key))


class TableColumnLineage(msgspec.Struct, frozen=True):
    """
    Where the columns of a table come from.

    Attributes:
        deps_by_column: The columns that a column is made from, by its name.
    """

    deps_by_column: Mapping[str, Sequence[TableColumnDep]]

    def __post_init__(self) -> None:
        given: object = self.deps_by_column
        if not isinstance(given, Mapping):
            raise _refuse("Column lineage", "a mapping", given, 'write {"column": [TableColumnDep(...)]}.')
        kept: dict[str, list[TableColumnDep]] = {}
        for column, deps in given.items():
            _text("A column name of a lineage", column)
            distinct: dict[TableColumnDep, None] = {}
            for dep in deps:
                if not isinstance(dep, TableColumnDep):
                    raise _refuse(
                        f"A dependency of column '{column}'",
                        "a TableColumnDep",
                        dep,
                        "write TableColumnDep(asset_key, column_name).",
                    )
                distinct[dep] = None
            kept[column] = list(distinct)
        _put(self, "deps_by_column", kept)
