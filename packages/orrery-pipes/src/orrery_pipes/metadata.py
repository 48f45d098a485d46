"""Metadata as users give it, brought into the form that goes over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, cast

from orrery_pipes.errors import PipesError, check_param_type, check_param_value
from orrery_pipes.messages import METADATA_TYPES, PIPES_METADATA_TYPE_INFER

if TYPE_CHECKING:
    from orrery_pipes.shapes import PipesMetadataValue

_KEYS = frozenset(("raw_value", "type"))


def normalize_metadata(metadata: Any, method: str, param: str) -> dict[str, PipesMetadataValue] | None:
    """
    Return *metadata* with every value as ``{"raw_value": ..., "type": ...}``, or None if there is none.

    A dict is taken for a typed value and nothing else: for one that is data, give it the type ``json``.

    Raises:
        PipesError: A key is no string, a dict has other keys than these two, or the type is unknown.
    """
    if metadata is not None and not isinstance(metadata, Mapping):
        check_param_type(metadata, dict, method, param)
    if not metadata:
        return None
    normal: dict[str, PipesMetadataValue] = {}
    for key, value in metadata.items():
        if not isinstance(key, str):
            raise PipesError(
                f"Invalid type for parameter `{param}` of `{method}`. Expected a dict with string keys, got a key "
                f"`{key}` of type `{type(key).__name__}`."
            )
        if not isinstance(value, dict):
            normal[key] = {"raw_value": value, "type": PIPES_METADATA_TYPE_INFER}
            continue
        if value.keys() != _KEYS:
            raise PipesError(
                f"Invalid type for parameter `{param}` of `{method}`. Expected a dict with string keys and values that "
                "are either raw metadata values or dictionaries with schema `{raw_value: ..., type: ...}`. Got "
                f'`{value}` for `{key}`. For a dict as the value itself write {{"raw_value": ..., "type": "json"}}.'
            )
        check_param_value(value["type"], sorted(METADATA_TYPES), method, f"{param}.{key}.type")
        if value["type"] == "float" and type(value["raw_value"]) is int:
            # The reference takes a float without its point for an error in the protocol.
            value = {"raw_value": float(value["raw_value"]), "type": "float"}
        normal[key] = cast("PipesMetadataValue", value)
    return normal
