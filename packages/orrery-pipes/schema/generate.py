"""
Write the JSON schemas of what crosses the border, from the types in ``orrery_pipes.shapes``.

Run it after a change of the types: ``python packages/orrery-pipes/schema/generate.py``. A test compares.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union

from orrery_pipes import messages, shapes

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NUMBER = {
    "type": "integer",
    "minimum": 1,
    "description": "Position of the message, counted from 1. Only if the orchestrator asked for it.",
}


def schema_of(tp: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of *tp*; what has a name is written to *definitions* and referred to."""
    origin, arguments = typing.get_origin(tp), typing.get_args(tp)
    if tp is Any:
        return {}
    if tp is NoneType:
        return {"type": "null"}
    if tp in (str, int, float, bool):
        return {"type": {str: "string", int: "integer", float: "number", bool: "boolean"}[tp]}
    if typing.is_typeddict(tp):
        name = tp.__name__.lstrip("_")
        if name not in definitions:
            definitions[name] = {}  # holds the place: the type may refer to itself
            definitions[name] = object_schema(tp, definitions)
        return {"$ref": f"#/$defs/{name}"}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of(argument, definitions) for argument in arguments]}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], definitions)}
    if origin is Sequence:
        return {"type": "array", "items": schema_of(arguments[0], definitions)}
    raise TypeError(f"no schema for {tp!r}")


def object_schema(tp: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the typed dictionary *tp*; keys that it does not name are refused."""
    hints = typing.get_type_hints(tp)
    return {
        "type": "object",
        "description": " ".join(inspect.cleandoc(tp.__doc__).split()),
        "properties": {name: schema_of(hint, definitions) for name, hint in hints.items()},
        "required": sorted(tp.__required_keys__),
        "additionalProperties": False,
    }


def context_schema() -> dict[str, Any]:
    """Return the schema of the context; later orchestrators may tell more, so that other keys are allowed."""
    definitions: dict[str, Any] = {}
    schema = object_schema(shapes.PipesContextData, definitions)
    return {
        "$schema": DRAFT,
        "title": "Context of a Pipes process",
        **schema,
        "additionalProperties": True,
        "$defs": definitions,
    }


def message_schema() -> dict[str, Any]:
    """Return the schema of a message: one branch for each method."""
    definitions: dict[str, Any] = {}
    branches = [
        {
            "type": "object",
            "properties": {
                messages.PIPES_PROTOCOL_VERSION_FIELD: {"const": messages.PIPES_PROTOCOL_VERSION},
                "method": {"const": method},
                "params": schema_of(params, definitions),
                "number": NUMBER,
            },
            "required": [messages.PIPES_PROTOCOL_VERSION_FIELD, "method", "params"],
        }
        for method, params in shapes.PARAMS_BY_METHOD.items()
    ]
    return {"$schema": DRAFT, "title": "Message of a Pipes process", "oneOf": branches, "$defs": definitions}


def files() -> dict[str, str]:
    """Return the text of each schema file by its name."""
    schemas = {"context.schema.json": context_schema(), "message.schema.json": message_schema()}
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}


if __name__ == "__main__":
    for name, text in files().items():
        Path(__file__).with_name(name).write_text(text, encoding="utf-8")
