"""
Keeping records only as long as the settings say, without any daemon.

Whoever opens an instance or ends a run looks at a part of what is recorded, for a tenth of a second at most, and deletes what
may go; the next goes on where it ended. When all was looked at, the next hour begins anew. Only what the settings
``retention:`` name is done: without them nothing is deleted by itself.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import msgspec

from orrery.base.errors import StorageUnavailableError
from orrery.model.records.upkeep import PruneReport, Retention, Sweep, sweep_due

__all__ = ["PASS_SECONDS", "keep_retention"]

PASS_SECONDS = 0.1
"""How long one who passes by looks and deletes, about."""

_KEPT = "retention/sweep"


def keep_retention(instance: Any) -> PruneReport | None:
    """
    Delete some of what the settings of an instance do not keep, if it is time for that; None if it is not.

    Two who come at once look at the same: what one has deleted the other does not find. Where the records cannot be written
    just now, a warning says so, and the next who comes tries again: this is nobody's errand.

    Raises:
        StorageError: The settings are wrong.
    """
    settings = instance.settings.get("retention")
    if instance.upkeep is None or settings is None:
        return None
    retention = Retention.of_settings(settings)
    if not retention.is_automatic:
        return None
    try:
        return _pass(instance, retention)
    except StorageUnavailableError as error:
        warnings.warn(f"Records that are kept no longer were not deleted: {error.args[0]}", stacklevel=2)
        return None


def _pass(instance: Any, retention: Retention) -> PruneReport | None:
    kept = instance.runs.get_cursor_values({_KEPT}).get(_KEPT)
    now = time.time()
    sweep = sweep_due(None if kept is None else msgspec.json.decode(kept, type=Sweep), now)
    if sweep is None:
        return None
    report: PruneReport = instance.upkeep.prune(
        retention.cutoffs(sweep.began), after=sweep.after or 0, seconds=PASS_SECONDS
    )
    ended = msgspec.structs.replace(sweep, after=report.after)
    instance.runs.set_cursor_values({_KEPT: msgspec.json.encode(ended).decode()})
    return report
