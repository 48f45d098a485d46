"""
How the inputs and outputs of a function are tied to assets, where their names do not say it.

The same function with the same inputs gives another value where two of its parameters take each other's assets.
"""

from __future__ import annotations

from typing import Any

from orrery.definitions.parts.orrery_type import NOTHING
from orrery.plan.fingerprint.canonical import canonical_digest

__all__ = ["WIRING", "wiring_digest"]

WIRING = "names of inputs and outputs"
"""The name of this part of the code."""


def wiring_digest(assets_def: Any, op: Any) -> str | None:
    """
    Return the digest of what names do not say; None where they say all, as a rule.

    An input that bears the name of its asset, and says neither metadata nor an IO manager, needs no word; nor does the only
    output, or one that bears the name of its asset.

    Args:
        assets_def: The definition.
        op: Its op.
    """
    told: dict[str, Any] = {}
    said = op._inputs  # none where the function alone says what its inputs are: then they are not made for this
    for name, key in assets_def._keys_by_input_name.items():
        if name == key.parts[-1]:
            given = None if said is None else said[name]
            if given is None or (not given.raw_metadata and given.input_manager_key is None):
                continue
        given = op._input_dict[name]
        if given._type is not NOTHING:  # it only comes before
            metadata = {each: canonical_digest(value) for each, value in (given.raw_metadata or {}).items()}
            told[f"input {name}"] = [list(key.parts), metadata, given.input_manager_key]
    outputs = assets_def._keys_by_output_name
    if len(outputs) > 1:
        for name, key in outputs.items():
            if name != key.parts[-1]:
                told[f"output {name}"] = list(key.parts)
    return canonical_digest(told) if told else None
