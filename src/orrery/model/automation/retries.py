"""
Runs that are tried again: whether, and what of them.

Pure. A run asks for it by its tags: ``orrery/max_retries``, ``orrery/retry_strategy`` (``FROM_FAILURE``, as without
it, or ``ALL_STEPS``), and ``orrery/retry_on_asset_or_op_failure`` (``false``: only where the run itself broke, for
instance because its process was killed, and not where a step failed). The names with ``dagster/`` mean the same.
"""

from __future__ import annotations

import msgspec

from orrery.base.tags import (
    AUTO_RETRY_RUN_ID_TAG,
    MAX_RETRIES_TAG,
    RETRY_NUMBER_TAG,
    RETRY_ON_ASSET_OR_OP_FAILURE_TAG,
    RETRY_STRATEGY_TAG,
)
from orrery.model.events.payloads import RunFailureReason
from orrery.model.records.run import Run, RunStatus

__all__ = ["RetryOfRun", "retry_of"]

_STRATEGIES = ("FROM_FAILURE", "ALL_STEPS")


class RetryOfRun(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a run is tried again.

    Attributes:
        number: Which retry it is, from 1.
        is_from_failure: Execute only what failed or never ran.
    """

    number: int
    is_from_failure: bool


def retry_of(run: Run, reason: RunFailureReason | None) -> RetryOfRun | None:
    """
    Return how a run that has ended is tried again; None if it is not.

    Args:
        run: The run, with its tags.
        reason: Why it failed, if that is known.

    Raises:
        ValueError: A tag says what nobody understands; says which, and what may stand there.

    >>> lost = Run(job_name="j", run_id="r", status=RunStatus.FAILURE, tags={"orrery/max_retries": "1"})
    >>> retry_of(lost, RunFailureReason.UNEXPECTED_TERMINATION)
    RetryOfRun(number=1, is_from_failure=True)
    """
    if run.status is not RunStatus.FAILURE or MAX_RETRIES_TAG not in run.tags or AUTO_RETRY_RUN_ID_TAG in run.tags:
        return None
    number = _number(run, RETRY_NUMBER_TAG, "0") + 1
    if number > _number(run, MAX_RETRIES_TAG, "0"):
        return None
    on_steps = run.tags.get(RETRY_ON_ASSET_OR_OP_FAILURE_TAG, "true").strip().lower()
    if on_steps not in ("true", "false"):
        raise ValueError(f"the tag '{RETRY_ON_ASSET_OR_OP_FAILURE_TAG}' is 'true' or 'false', not {on_steps!r}")
    if on_steps == "false" and reason is RunFailureReason.STEP_FAILURE:
        return None
    strategy = run.tags.get(RETRY_STRATEGY_TAG, _STRATEGIES[0]).strip().upper()
    if strategy not in _STRATEGIES:
        raise ValueError(f"the tag '{RETRY_STRATEGY_TAG}' is {' or '.join(_STRATEGIES)}, not {strategy!r}")
    return RetryOfRun(number=number, is_from_failure=strategy == _STRATEGIES[0])


def _number(run: Run, tag: str, default: str) -> int:
    text = run.tags.get(tag, default).strip()
    if not text.isdigit():
        raise ValueError(f"the tag '{tag}' is a number from 0, not {text!r}")
    return int(text)
