"""
Values that are kept by partition, as an IO manager sees them through its contexts.

An output may belong to one partition, to several or to none, and an input may ask for as many. What all IO managers
that keep each partition apart have in common is here; where and how they keep them is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orrery.base.errors import DamagedValueError, InvariantViolationError, UnusableValueError, ValueNotFoundError

__all__ = [
    "another_value",
    "check_each",
    "describe_partitions",
    "describe_value",
    "each_partition",
    "load_for_partitions",
    "note_contents",
    "partitions_of_output",
    "values_by_partition",
]

_MOST_NAMED = 3


def describe_value(context: Any, partition: str | None = None) -> str:
    """Return what people call the value of *context*: ``asset 'orders'``."""
    if context.has_asset_key:
        name = f"asset '{context.asset_key.to_user_string()}'"
        return name if partition is None else f"{name}, partition '{partition}'"
    source = getattr(context, "upstream_output", None) or context
    return f"output '{source.name}' of step '{source.step_key}'"


def describe_partitions(context: Any, partitions: Sequence[str]) -> str:
    """Return how people call the values of some partitions: the first few by name."""
    if len(partitions) == 1:
        return describe_value(context, partitions[0])
    named = ", ".join(f"'{each}'" for each in partitions[:_MOST_NAMED])
    more = f" and {len(partitions) - _MOST_NAMED:,} more" if len(partitions) > _MOST_NAMED else ""
    return f"{describe_value(context)}, partitions {named}{more}"


def partitions_of_output(context: Any) -> Sequence[str | None]:
    """Return the partitions that an output belongs to; None alone if it has none."""
    if not context.has_asset_key or not context.has_asset_partitions:
        return (None,)
    keys: Sequence[str] = context.asset_partition_keys
    return keys


def values_by_partition(context: Any, value: Any, keys: Sequence[str | None]) -> Mapping[str, Any]:
    """
    Return the value of each partition, where a run makes several: what its function returned by partition key.

    Raises:
        InvariantViolationError: It returned something else, or not a value for each partition and no other.
    """
    if not isinstance(value, Mapping):
        raise InvariantViolationError(
            f"The value of {describe_value(context)} belongs to {len(keys)} partitions at once, and this IO manager stores "
            f"each apart: it needs a dictionary by partition key, not {type(value).__name__}.",
            mend="return {key: value} for context.partition_keys; or return None and store them yourself; or run the "
            "partitions one by one (BackfillPolicy.multi_run()).",
        )
    lacking = [key for key in keys if key not in value]
    known = set(keys)
    wrong = [key for key in value if key not in known]
    if lacking or wrong:
        what = f"lacks '{lacking[0]}'" if lacking else f"has '{wrong[0]}', which this run does not make"
        raise InvariantViolationError(
            f"The dictionary of the partitions of {describe_value(context)} {what}.",
            mend="return one value for each of context.partition_keys, and no other.",
        )
    return value


def load_for_partitions(context: Any, load: Callable[[str | None], Any], *, missing: type[Exception]) -> Any:
    """
    Load what an input asks for: one value, or a dictionary of the values of several partitions.

    Where the metadata of the input says ``allow_missing_partitions``, partitions without a value are
    left out.

    Args:
        context: The ``InputContext``.
        load: Loads the value of one partition, or of the whole (None).
        missing: What *load* raises where there is no value.
    """
    if not context.has_asset_key or not context.has_asset_partitions:
        return load(None)
    keys = context.asset_partition_keys
    if not keys:
        return None
    lenient = bool((context.definition_metadata or {}).get("allow_missing_partitions"))
    if not lenient:
        if len(keys) == 1:
            return load(keys[0])
        return dict(each_partition(keys, load))
    found = dict(_present(keys, load, missing))
    if len(keys) == 1:
        return found.get(keys[0])
    return found


def each_partition(keys: Iterable[str], load: Callable[[str], Any]) -> Iterable[tuple[str, Any]]:
    """Yield what *load* gives of each partition; where it finds no whole value, the error says of which partition."""
    for key in keys:
        try:
            value = load(key)
        except UnusableValueError as error:
            error.partitions = (str(key),)  # whoever makes it again needs to know which
            raise
        yield key, value


def note_contents(context: Any, contents: Mapping[str | None, str]) -> None:
    """
    Tell an ``OutputContext`` what was stored, or an ``InputContext`` what was loaded; contexts that people made themselves need
    not hear of it.
    """
    note = getattr(context, "note_contents", None)
    if note is not None:
        note(contents)


def check_each(contents: Mapping[str | None, str], check: Callable[[str | None, str], None]) -> None:
    """
    Check the stored value of each partition; the first error is raised, of one that is missing only if no other is worse.

    Args:
        contents: What was noted of each partition; of None for a value without.
        check: Checks one; raises ``ValueNotFoundError`` where it is missing. The error is told which partition it is of.
    """
    missing: ValueNotFoundError | None = None
    for partition, content in contents.items():
        try:
            check(partition, content)
        except UnusableValueError as error:
            error.partitions = () if partition is None else (str(partition),)
            if not isinstance(error, ValueNotFoundError):
                raise
            missing = missing or error
    if missing is not None:
        raise missing


def another_value(context: Any, partition: str | None, place: str) -> DamagedValueError:
    """Return the error that tells that some other value lies at *place*, where one of *context* was stored."""
    name = describe_value(context, partition)
    error = DamagedValueError(
        f"The stored value of {name} ({place}) is not the one that was recorded last: it is of another event log, or the IO "
        "manager wrote elsewhere since.",
        mend=f"materialize {name} again.",
    )
    error.partitions = () if partition is None else (str(partition),)
    return error


def _present(
    keys: Iterable[str], load: Callable[[str | None], Any], missing: type[Exception]
) -> Iterable[tuple[str, Any]]:
    for key in keys:
        try:
            yield from each_partition((key,), load)
        except missing:
            continue
