"""
Frames whose rows must obey a schema: of pandera, or a pydantic model.

Nothing is imported here for it: a schema is known by where its class comes from, and it checks itself.
Write the schema where a type stands: ``Out(Flights)``, ``-> DataFrame[Flights]``, ``-> Flights`` with a
model of pandera; ``Annotated[pl.DataFrame, Flight]`` with a model of pydantic, for one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orrery.base.metadata import MetadataValue, TableColumn, TableColumnConstraints, TableSchema
from orrery.definitions.parts.orrery_type import PASSED, OrreryType, class_name, failed, show_value
from orrery.model.events.user import TypeCheck

__all__ = ["frame_schema_type", "is_pydantic_model", "rows_type"]

_PANDERA_MODELS = frozenset({"DataFrameModel", "SchemaModel"})
_PANDERA_SCHEMAS = frozenset({"DataFrameSchema", "SeriesSchema"})
_TOLD = 10


def _comes_from(cls: type, package: str, names: frozenset[str]) -> bool:
    return any(
        base.__name__ in names and (base.__module__ == package or base.__module__.startswith(f"{package}."))
        for base in cls.__mro__
    )


def is_pydantic_model(annotation: Any) -> bool:
    """Tell whether *annotation* is a model of pydantic."""
    return isinstance(annotation, type) and _comes_from(annotation, "pydantic", frozenset({"BaseModel"}))


def frame_schema_type(annotation: Any) -> OrreryType | None:
    """Return the type of the frames that obey *annotation*, if it is a schema or model of pandera."""
    if isinstance(annotation, type):
        if not _comes_from(annotation, "pandera", _PANDERA_MODELS):
            return None
        name = annotation.__name__
        key = f"Pandera.{annotation.__module__}.{annotation.__qualname__}"
    else:
        if not _comes_from(type(annotation), "pandera", _PANDERA_SCHEMAS):
            return None
        name = str(getattr(annotation, "name", None) or "DataFrame")
        key = f"Pandera.{name}.{id(annotation)}"
    schema = annotation
    make_schema = getattr(schema, "to_schema", None)
    described = make_schema() if make_schema is not None else schema

    def check(_context: Any, value: Any) -> TypeCheck:
        return _pandera_check(schema, name, value)

    return OrreryType(
        check,
        key=key,
        name=name,
        is_builtin=True,
        description=getattr(described, "description", None) or f"Frames that the schema {name} of pandera accepts.",
        metadata={"schema": MetadataValue.table_schema(_pandera_columns(described))},
    )


def _pandera_check(schema: Any, name: str, value: Any) -> TypeCheck:
    try:
        schema.validate(value, lazy=True)
    except Exception as error:
        if not _comes_from(type(error), "pandera", frozenset({"SchemaError", "SchemaErrors", "BackendNotFoundError"})):
            if isinstance(error, TypeError | AttributeError | KeyError) and not hasattr(value, "columns"):
                return failed(f"Value of type {type(value)} is no frame, which the schema {name} wants.")
            raise
        problems = list(_pandera_problems(error))
        told = "; ".join(problems[:_TOLD]) + ("; ..." if len(problems) > _TOLD else "")
        return failed(
            f"The {type(value).__name__} does not obey the schema {name}: {told}",
            {"problems": len(problems), "first_problems": "\n".join(problems[:_TOLD])},
        )
    return PASSED


def _pandera_problems(error: Any) -> Iterator[str]:
    """Iterate over what a schema found, in its own words."""
    told = getattr(error, "message", None)
    if not isinstance(told, Mapping):
        yield show_value(error)
        return
    for kinds in told.values():
        for entries in kinds.values():
            for entry in entries:
                yield show_value(entry.get("error") or entry)


def _pandera_columns(schema: Any) -> TableSchema:
    columns = getattr(schema, "columns", None)
    if not isinstance(columns, Mapping):
        return TableSchema([])
    return TableSchema(
        [
            TableColumn(
                name=str(name),
                type=str(getattr(column, "dtype", "") or "any"),
                description=getattr(column, "description", None),
                constraints=TableColumnConstraints(
                    nullable=bool(getattr(column, "nullable", True)),
                    unique=bool(getattr(column, "unique", False)),
                    other=[show_value(each) for each in getattr(column, "checks", None) or ()],
                ),
            )
            for name, column in columns.items()
        ]
    )


def rows_type(frame: OrreryType, model: Any) -> OrreryType:
    """
    Return the type of the frames of *frame* whose every row a pydantic *model* accepts.

    A frame that is not computed yet (of polars, lazy) is computed for the check, a batch at a time where polars
    can do so, and once more by whoever uses it. Its columns are looked at first, which costs nothing.
    """
    name = f"{frame.display_name}[{model.__name__}]"

    def check(context: Any, value: Any) -> TypeCheck:
        found = frame.type_check(context, value)
        return found if not found.success else _rows_check(model, name, value)

    return OrreryType(
        check,
        key=f"Rows.{frame.key}.{class_name(model)}",
        name=name,
        is_builtin=True,
        description=f"Frames whose rows are each a {model.__name__}.",
        typing_type=frame.typing_type,
        metadata={"schema": MetadataValue.table_schema(_model_columns(model))},
        inner_types=(frame,),
    )


def _rows_check(model: Any, name: str, value: Any) -> TypeCheck:
    if _is_lazy(value):
        known = set(value.collect_schema().names())
        missing = [
            field.alias or each
            for each, field in model.model_fields.items()
            if field.is_required() and (field.alias or each) not in known
        ]
        if missing:
            return failed(f"The frame has no columns {', '.join(missing)}, which {name} wants.")
    rows = _rows_of(value)
    if rows is None:
        return failed(f"Value of type {type(value)} is no frame with rows, which {name} wants.")
    validate: Callable[[Any], Any] = model.model_validate
    count, bad = 0, 0
    told: list[str] = []
    for row in rows:
        try:
            validate(row)
        except ValueError as error:  # pydantic's ValidationError is one
            bad += 1
            if len(told) < _TOLD:
                told.append(f"Row {count}: {_first_problem(error)}")
        count += 1
    if not bad:
        return PASSED
    return failed(
        f"{bad} of {count} rows are no {model.__name__}. {told[0]}",
        {"rows": count, "bad_rows": bad, "first_problems": "\n".join(told)},
    )


def _is_lazy(value: Any) -> bool:
    return hasattr(value, "collect_schema") and not hasattr(value, "iter_rows")


def _rows_of(value: Any) -> Iterator[Mapping[str, Any]] | None:
    if _is_lazy(value):
        can_stream = hasattr(value, "collect_batches")  # newer releases of polars: one batch is held, not all
        frames = value.collect_batches(maintain_order=True) if can_stream else (value.collect(),)
        return (row for frame in frames for row in frame.iter_rows(named=True))
    if hasattr(value, "iter_rows"):  # polars
        rows: Iterator[Mapping[str, Any]] = value.iter_rows(named=True)
        return rows
    if hasattr(value, "itertuples"):  # pandas
        names = [str(each) for each in value.columns]
        return (dict(zip(names, row, strict=True)) for row in value.itertuples(index=False, name=None))
    if hasattr(value, "to_batches"):  # pyarrow
        return (row for batch in value.to_batches() for row in batch.to_pylist())
    return None


def _first_problem(error: Any) -> str:
    found = error.errors() if hasattr(error, "errors") else []
    if not found:
        return show_value(error)
    where = ".".join(str(part) for part in found[0].get("loc", ()))
    return f"{where}: {found[0].get('msg')}, got {show_value(found[0].get('input'))}"


def _model_columns(model: Any) -> TableSchema:
    return TableSchema(
        [
            TableColumn(
                name=field.alias or name,
                type=getattr(field.annotation, "__name__", None) or str(field.annotation),
                description=field.description,
                constraints=TableColumnConstraints(
                    nullable=not field.is_required(), other=[show_value(each) for each in field.metadata]
                ),
            )
            for name, field in model.model_fields.items()
        ]
    )
