"""
The data version of a value: a digest of its content, and of the code of what it can do.

Two objects with equal fields are another value where a method of theirs was changed: what takes them gets another answer. So
the classes (and functions) of the project that a value holds count, as far as they reach, as the code of an asset does. Most
values hold none, and are known by their content alone.
"""

from __future__ import annotations

import pickle
import types
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from orrery.base.keys import AssetKey
from orrery.plan.fingerprint.canonical import canonical_digest
from orrery.runtime.contexts.output import OutputContext
from orrery.runtime.contexts.step import StepExecutionContext

__all__ = ["version_of_value", "versions_by_partition"]

_MOST_VALUES = 10_000  # what holds more is known by its stored bytes: hashing it one by one would take longer
_KEPT = "code of what values hold"


def version_of_value(value: Any, stored: tuple[str, bool] | None, context: StepExecutionContext) -> str | None:
    """
    Return a name of a value: the same for equal values, in any process; None if there is none.

    Args:
        value: The value.
        stored: A digest of the bytes that were stored, and whether equal values always give equal bytes; None where none is known.
        context: The step that made it.
    """
    if stored is not None and stored[1]:
        return stored[0]
    held = set[Any]()
    digest = canonical_digest(value, most=_MOST_VALUES, classes=held)
    if digest is None:
        if stored is None:
            return None
        digest = stored[0]
        held |= _held_by(value)
    code = _code_of(held, context) if held else None
    return digest if code is None else canonical_digest([digest, code])


def versions_by_partition(
    context: StepExecutionContext, asset_key: AssetKey, value: Any, described: OutputContext
) -> Mapping[str, str] | None:
    """Return a name of the value of each of several partitions, as one that is made alone has it; None if they are not told apart."""
    if not isinstance(value, Mapping) or not (context.run_tags or context.discovers):
        return None
    partitions = context.partition_keys_of_output(asset_key)
    if len(partitions) < 2 or value.keys() != set(partitions):
        return None
    stored, is_stable = described._digest_by_partition or {}, (described._content_digest or ("", False))[1]
    found: dict[str, str] = {}
    for key in partitions:
        version = version_of_value(value[key], (stored[key], is_stable) if key in stored else None, context)
        if version is None:
            return None
        found[key] = version
    return found


# -- what it can do ------------------------------------------------------------------------------


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, data: Any) -> int:
        return len(data)


class _Finder(pickle.Pickler):
    """Meets all that a pickle of a value refers to, and keeps none."""

    def __init__(self) -> None:
        super().__init__(_Nowhere(), protocol=5, buffer_callback=lambda buffer: None)
        self.held = set[Any]()

    def reducer_override(self, obj: Any) -> Any:
        self.held.add(obj if isinstance(obj, type | types.FunctionType) else type(obj))
        return NotImplemented


def _held_by(value: Any) -> set[Any]:
    """
    Return the classes and functions that a value holds.

    Of one that cannot be pickled, as an IO manager has stored it in another way, those that are met until it says so. That is no
    fault of the step: the value is stored, and known by its bytes and by what was met.
    """
    finder = _Finder()
    with suppress(Exception):  # of code of its own: __reduce__, __getstate__
        finder.dump(value)
    return finder.held


def _code_of(held: Iterable[Any], context: StepExecutionContext) -> list[list[str]] | None:
    """Return digests of the code that some classes and functions reach, with its libraries; None if none is of the project."""
    # 10 ms with what reads sources: only for steps whose values hold objects.
    from orrery.runtime.engine.code_facts import reacher_of

    reacher, installed = reacher_of(context.instance)
    ours = [each for each in held if installed.origin_of(each.__module__ or "?").kind == "project"]
    if not ours:
        return None
    scratch = context.instance.scratch
    if scratch.get(_KEPT, ("",))[0] != context.run_id:  # code may be another in the next one
        scratch[_KEPT] = context.run_id, {}
    known: dict[Any, str] = scratch[_KEPT][1]
    for each in ours:
        if each not in known:
            reach = reacher.reach(each)
            known[each] = canonical_digest([dict(reach.parts), dict(reach.distributions)]) or ""
    return sorted([f"{each.__module__}:{each.__qualname__}", known[each]] for each in ours)
