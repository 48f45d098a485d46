"""
Tables as metadata: records, schemas, constraints, and where columns come from.

Values only. The metadata types that carry them are in ``values``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orrery.base.errors import InvalidMetadataError
from orrery.base.keys import AssetKey, CoercibleToAssetKey

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


def _refuse(what: str, expected: str, got: object, mend: str) -> InvalidMetadataError:
    return InvalidMetadataError(f"{what} is {expected}, not {got!r} ({type(got).__name__}).", mend=mend)


def _optional_text(what: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
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


@dataclass(frozen=True, slots=True, init=False)
class TableRecord:
    """
    One record of a table: a value by field name.

    Args:
        data: Text, numbers, truth values or None, by field name.

    Raises:
        InvalidMetadataError: A name is not text, or a value is none of these.
    """

    data: Mapping[str, str | int | float | bool | None]

    def __init__(self, data: Mapping[str, RecordValue]) -> None:
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
        object.__setattr__(self, "data", dict(data))


@dataclass(frozen=True, slots=True, init=False)
class TableConstraints:
    """
    Constraints on a whole table, in the author's own words.

    Attributes:
        other: One text per constraint.
    """

    other: Sequence[str]

    def __init__(self, other: Sequence[str]) -> None:
        object.__setattr__(self, "other", _texts("The constraints of a table", other))


@dataclass(frozen=True, slots=True, init=False)
class TableColumnConstraints:
    """
    Constraints on one column.

    Attributes:
        nullable: Whether the column may hold nulls.
        unique: Whether its values differ from one another.
        other: Further constraints, in the author's own words.
    """

    nullable: bool = True
    unique: bool = False
    other: Sequence[str] = ()

    def __init__(self, nullable: bool = True, unique: bool = False, other: Sequence[str] | None = None) -> None:
        for name, value in (("nullable", nullable), ("unique", unique)):
            if not isinstance(value, bool):
                raise _refuse(f"'{name}' of a column constraint", "True or False", value, "give True or False.")
        put = object.__setattr__
        put(self, "nullable", nullable)
        put(self, "unique", unique)
        put(self, "other", _texts("The constraints of a column", other))


@dataclass(frozen=True, slots=True, init=False)
class TableColumn:
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
    constraints: TableColumnConstraints = field(default_factory=TableColumnConstraints)
    tags: Mapping[str, str] = field(default_factory=dict)

    def __init__(
        self,
        name: str,
        type: str = "string",
        description: str | None = None,
        constraints: TableColumnConstraints | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise _refuse("The name of a table column", "text", name, f"give {str(name)!r}.")
        if not isinstance(type, str):
            raise _refuse(f"The type of column '{name}'", "text", type, "give its name, for instance 'int'.")
        _optional_text(f"The description of column '{name}'", description)
        if constraints is not None and not isinstance(constraints, TableColumnConstraints):
            raise _refuse(
                f"The constraints of column '{name}'",
                "a TableColumnConstraints",
                constraints,
                "write TableColumnConstraints(nullable=False).",
            )
        for key, value in (tags or {}).items():
            _optional_text(f"Tag '{key}' of column '{name}'", value)
        put = object.__setattr__
        put(self, "name", name)
        put(self, "type", type)
        put(self, "description", description)
        put(self, "constraints", TableColumnConstraints() if constraints is None else constraints)
        put(self, "tags", dict(tags or {}))


@dataclass(frozen=True, slots=True, init=False)
class TableSchema:
    """
    The columns of a table and the constraints on it.

    Attributes:
        columns: The columns, in order.
        constraints: Constraints on the table as a whole.

    >>> TableSchema.from_name_type_dict({"id": "int"}).columns[0].name
    'id'
    """

    columns: Sequence[TableColumn]
    constraints: TableConstraints = field(default_factory=lambda: TableConstraints([]))

    def __init__(self, columns: Sequence[TableColumn], constraints: TableConstraints | None = None) -> None:
        given: object = columns
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise _refuse("The columns of a table schema", "a list of TableColumn", columns, "give a list.")
        for column in given:
            if not isinstance(column, TableColumn):
                raise _refuse(
                    "A column of a table schema", "a TableColumn", column, "write TableColumn('name', 'int')."
                )
        if constraints is not None and not isinstance(constraints, TableConstraints):
            raise _refuse(
                "The constraints of a table schema",
                "a TableConstraints",
                constraints,
                "write TableConstraints(other=[...]).",
            )
        object.__setattr__(self, "columns", list(columns))
        object.__setattr__(self, "constraints", TableConstraints([]) if constraints is None else constraints)

    @staticmethod
    def from_name_type_dict(name_type_dict: Mapping[str, str]) -> TableSchema:
        """Return the schema whose columns have these types by name, without further constraints."""
        return TableSchema([TableColumn(name, type_name) for name, type_name in name_type_dict.items()])


@dataclass(frozen=True, slots=True, init=False)
class TableColumnDep:
    """
    A column of another asset that a column is made from.

    Attributes:
        asset_key: The asset that holds the column.
        column_name: The column there.
    """

    asset_key: AssetKey
    column_name: str

    def __init__(self, asset_key: CoercibleToAssetKey, column_name: str) -> None:
        if not isinstance(column_name, str):
            raise _refuse("The column name of a dependency", "text", column_name, f"give {str(column_name)!r}.")
        object.__setattr__(self, "asset_key", AssetKey.from_coercible(asset_key))
        object.__setattr__(self, "column_name", column_name)


@dataclass(frozen=True, slots=True, init=False)
class TableColumnLineage:
    """
    Where the columns of a table come from.

    Attributes:
        deps_by_column: The columns that a column is made from, by its name.
    """

    deps_by_column: Mapping[str, Sequence[TableColumnDep]]

    def __init__(self, deps_by_column: Mapping[str, Sequence[TableColumnDep]]) -> None:
        if not isinstance(deps_by_column, Mapping):
            raise _refuse("Column lineage", "a mapping", deps_by_column, 'write {"column": [TableColumnDep(...)]}.')
        kept: dict[str, list[TableColumnDep]] = {}
        for column, deps in deps_by_column.items():
            if not isinstance(column, str):
                raise _refuse("A column name of a lineage", "text", column, f"give {str(column)!r}.")
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
        object.__setattr__(self, "deps_by_column", kept)
