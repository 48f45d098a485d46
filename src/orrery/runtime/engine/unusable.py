"""
A load that finds a stored value missing or damaged: what is recorded of it, and who makes it again.

The finding is an observation of the asset, so that the next decision knows of it without a look at the value; a later
materialization makes it a thing of the past. Where the value is that of a step which this run skipped, the step that
wanted it is tried again after that one ran.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orrery.base.errors import UnusableValueError, ValueNotFoundError
from orrery.base.tags import DAMAGED_VALUE_TAG, REPLACED_INPUTS_TAG
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.model.events.user import AssetObservation
from orrery.runtime.contexts.input import InputContext
from orrery.runtime.contexts.step import StepExecutionContext

__all__ = ["CONTESTED", "ELSEWHERE", "REPLACED", "tell_unusable", "trouble_of"]

ELSEWHERE = ""
"""Stands for the step that made a value, where no step of the run does."""
_MISSING, _DAMAGED = "missing", "damaged"
REPLACED = "replaced"
"""The third thing that is recorded of a value as these two are: an input of it was made anew meanwhile (``replaced.py``)."""
CONTESTED = "contested"
"""The fourth: another run stored it at the same time, and nobody can tell which of the two lies there."""


def tell_unusable(
    context: StepExecutionContext,
    described: InputContext,
    error: UnusableValueError,
    name: str,
    producer: str | None,
) -> Iterator[Event]:
    """
    Say that the stored value of an asset cannot be used, and complete *error* by what is to be done about it.

    Args:
        context: The step that loads it.
        described: The input.
        error: What the IO manager raised.
        name: The input, as people write it.
        producer: The step that made the value; ``ELSEWHERE`` if no step of this run; None if it is not known whether
            what was loaded is the stored value of the asset.
    """
    key = described.asset_key
    shown = key.to_user_string()
    is_missing = isinstance(error, ValueNotFoundError)
    is_made, is_kept = _last_made(context, described)
    if is_made and not is_kept:
        if is_missing:
            error.mend = (
                f"asset '{shown}' was made, and gave no value to keep: return one (MaterializeResult(value=...), if there is "
                f"metadata, too), or take '{name}' out of the parameters and name it in deps=."
            )
        return
    may = context.plan_context.may_make_again
    is_made_again = (
        producer is not None and producer != ELSEWHERE and may is not None and may(context.step.key, producer)
    )
    layer = context.job_def.asset_layer
    known = layer.assets_def_for_key(key) if layer is not None else None
    # A step that was launched elsewhere has no records of its own there: what the run had skipped was made.
    if (
        producer is None
        or not error.is_latest
        or not (is_made or is_made_again)
        or (known is not None and known.execution_type == "OBSERVATION")
    ):
        return
    partitions: Sequence[str | None] = error.partitions
    if not partitions:
        partitions = (
            [str(each) for each in described.asset_partition_keys] if described.has_asset_partitions else [None]
        )
        if len(partitions) != 1:
            return  # nobody knows which
    what = str(error.args[0]) if error.args else type(error).__name__
    kind = _MISSING if is_missing else _DAMAGED
    for partition in partitions:
        observed = AssetObservation(key, what, partition=partition, tags={DAMAGED_VALUE_TAG: kind})
        yield build.asset_observation(context.ref, observed)
    if is_made_again:
        error.made_again_by = producer
        context.log.warning(f"{what} It is made again, by step '{producer}'.")
        return
    if len(partitions) > 1:
        keys = ",".join(map(str, partitions))
        error.mend = f"make them again: `orrery backfill {shown} --partitions '{keys}' --all`."
        return
    chosen = "" if partitions[0] is None else f" --partition '{partitions[0]}'"
    error.mend = f"make it again: `orrery materialize {shown}{chosen} --reuse` (it is known now that it has to be)."


def _last_made(context: StepExecutionContext, described: InputContext) -> tuple[bool, bool]:
    """Tell whether the asset was ever made, and whether it gave a value to its IO manager then."""
    for state in context.instance.get_asset_states([described.asset_key]):
        record = state.last_materialization
        event = record.event_log_entry.dagster_event if record is not None else None
        return event is not None, event is not None and getattr(event.event_specific_data, "is_stored", True)
    return False, False


def trouble_of(observation: AssetObservation) -> str | None:
    """Return ``missing``, ``damaged: how``, ``contested: how`` or ``replaced: inputs``, if that is what was observed."""
    kind = observation.tags.get(DAMAGED_VALUE_TAG) if observation.tags else None
    if kind is None:
        return None
    if kind == REPLACED and REPLACED_INPUTS_TAG in observation.tags:
        return f"{REPLACED}: {observation.tags[REPLACED_INPUTS_TAG]}"
    if kind == _MISSING:
        return _MISSING
    return f"{CONTESTED if kind == CONTESTED else _DAMAGED}: {observation.description}"
