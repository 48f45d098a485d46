"""
The look at what lies outside: each source that a run depends on is asked for its version, once, before the first step.

What is found is noted for the decisions of the run; the run also records it, so that the next one may go by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from orrery.base.errors import ExecutionInterruptedError, OrreryError, ProbeFailedError
from orrery.base.keys import AssetKey
from orrery.base.tags import DATA_VERSION_TAG
from orrery.definitions.parts.probe import Probe
from orrery.model.events.data_version import DataVersion
from orrery.model.events.event import Event
from orrery.model.events.payloads import AssetObservationData
from orrery.model.events.user import AssetObservation
from orrery.runtime.engine.expiry import LimitReached
from orrery.runtime.engine.last_made import PresentValues

__all__ = ["Sighting", "look_at"]


class Sighting(NamedTuple):
    """
    What a look at one source gave.

    Attributes:
        key: The source.
        version: Its version; None if the probe failed, and the run goes on without.
        trouble: Why it failed, and by what the run goes.
    """

    key: AssetKey
    version: str | None
    trouble: str | None = None

    def event(self, job_name: str) -> Event | None:
        """Return the observation to record, if something was seen."""
        if self.version is None:
            return None
        seen = AssetObservation(self.key, tags={DATA_VERSION_TAG: self.version})
        return Event("ASSET_OBSERVATION", job_name, event_specific_data=AssetObservationData(seen))


def look_at(
    probes: Mapping[AssetKey, Probe], present: PresentValues, is_decisive: Callable[[AssetKey], bool], unseen: str
) -> list[Sighting]:
    """
    Ask each source for its version, and note it; one that was seen less than its ``max_lag`` ago is not asked.

    Args:
        probes: The sources, and how to ask them.
        present: What is known of the assets; takes what is seen.
        is_decisive: Tells whether a decision of the run hangs on the source. If none does, a probe that fails
            is no reason to stop.
        unseen: What stands for the version of a source that could not be seen.

    Raises:
        ProbeFailedError: A probe failed, and a decision hangs on it.
    """
    found: list[Sighting] = []
    for key, probe in probes.items():
        seen_at = present.seen_at(key)
        if probe.max_lag is not None and seen_at is not None and 0 <= time.time() - seen_at < probe.max_lag:
            continue
        try:
            version = _asked(key, probe)
        except ProbeFailedError as error:
            if probe.on_failure == "fail" and is_decisive(key):
                raise
            if probe.on_failure == "warn" and seen_at is not None:
                by = "What was seen last counts."
            else:  # what is made from it now must not pass for made from what was there before
                by = "It counts as changed."
                present.note(key, None, unseen, None)
            found.append(Sighting(key, None, f"{error.args[0]} {by}"))
        else:
            present.note(key, None, version, None)
            found.append(Sighting(key, version))
    return found


def _asked(key: AssetKey, probe: Probe) -> str:
    name = key.to_user_string()
    try:
        told: object = probe.look()
    except (ExecutionInterruptedError, LimitReached):
        raise
    except (Exception, SystemExit) as error:
        what = error.args[0] if isinstance(error, OrreryError) and error.args else error
        raise ProbeFailedError(
            f"The probe of asset '{name}' failed: {type(error).__name__}: {str(what).rstrip('.')}.",
            mend="see that what it looks at is there and in reach, or give the probe on_failure='warn'.",
        ) from error
    if isinstance(told, DataVersion):
        return told.value
    if isinstance(told, str):
        return told
    raise ProbeFailedError(
        f"The probe of asset '{name}' returned {told!r} ({type(told).__name__}), which is no version.",
        mend="return DataVersion(...).",
    )
