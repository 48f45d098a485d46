"""
The look at what lies outside: each source that a run depends on is asked for its version, once, before the first step.

Of a source with partitions, those are looked at that the run takes values from. What is found is noted for the decisions of
the run; the run also records it, so that the next one may go by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from orrery.base.errors import ExecutionInterruptedError, OrreryError, ProbeFailedError
from orrery.base.keys import AssetKey
from orrery.base.tags import DATA_VERSION_TAG
from orrery.definitions.parts.probe import Probe
from orrery.model.events.data_version import DataVersion, DataVersionsByPartition
from orrery.model.events.event import Event
from orrery.model.events.payloads import AssetObservationData
from orrery.model.events.user import AssetObservation
from orrery.runtime.engine.expiry import LimitReached
from orrery.runtime.engine.last_made import PresentValues

__all__ = ["Looked", "Sighting", "look_at"]


class Looked(NamedTuple):
    """
    What a run has to look at.

    Attributes:
        probe: How.
        partitions: The partitions that it takes values from; None of a source without.
    """

    probe: Probe
    partitions: Sequence[str] | None = None


class Sighting(NamedTuple):
    """
    What a look at one source, or at one partition of it, gave.

    Attributes:
        key: The source.
        version: Its version; None if the probe failed, and the run goes on without.
        trouble: Why it failed, and by what the run goes.
        partition: The partition, if it is one.
    """

    key: AssetKey
    version: str | None
    trouble: str | None = None
    partition: str | None = None

    def event(self, job_name: str) -> Event | None:
        """Return the observation to record, if something was seen."""
        if self.version is None:
            return None
        seen = AssetObservation(self.key, partition=self.partition, tags={DATA_VERSION_TAG: self.version})
        return Event("ASSET_OBSERVATION", job_name, event_specific_data=AssetObservationData(seen))


def look_at(
    sources: Mapping[AssetKey, Looked], present: PresentValues, is_decisive: Callable[[AssetKey], bool], unseen: str
) -> list[Sighting]:
    """
    Ask each source for its version, and note it; what was seen less than ``max_lag`` ago is not asked for.

    Args:
        sources: The sources, and how to ask them.
        present: What is known of the assets; takes what is seen.
        is_decisive: Tells whether a decision of the run hangs on the source. If none does, a probe that fails
            is no reason to stop.
        unseen: What stands for the version of a source that could not be seen.

    Returns:
        What is to be recorded or told. Of partitions, only what is new is: there may be very many.

    Raises:
        ProbeFailedError: A probe failed, and a decision hangs on it.
    """
    found: list[Sighting] = []
    for key, (probe, partitions) in sources.items():
        wanted: Sequence[str | None] = (None,) if partitions is None else partitions
        if partitions is not None:
            present.versions(key, partitions)  # all in one question
        due = [each for each in wanted if _is_due(probe, present.seen_at(key, each))]
        if not due:
            continue
        for partition, seen in _seen(key, probe, due).items():
            if isinstance(seen, ProbeFailedError):
                if probe.on_failure == "fail" and is_decisive(key):
                    raise seen
                found.append(_failed(key, partition, probe, present, seen, unseen))
            else:
                is_known = (
                    partition is not None
                    and probe.max_lag is None
                    and present.seen_at(key, partition) is not None
                    and present.versions(key, (partition,))[partition][0] == seen
                )
                if not is_known:
                    present.note(key, partition, seen, None)
                    found.append(Sighting(key, seen, partition=partition))
    return found


def _is_due(probe: Probe, seen_at: float | None) -> bool:
    return probe.max_lag is None or seen_at is None or not 0 <= time.time() - seen_at < probe.max_lag


def _failed(
    key: AssetKey, partition: str | None, probe: Probe, present: PresentValues, error: ProbeFailedError, unseen: str
) -> Sighting:
    if probe.on_failure == "warn" and present.seen_at(key, partition) is not None:
        by = "What was seen last counts."
    else:  # what is made from it now must not pass for made from what was there before
        by = "It counts as changed."
        present.note(key, partition, unseen, None)
    return Sighting(key, None, f"{error.args[0]} {by}", partition)


def _seen(key: AssetKey, probe: Probe, due: Sequence[str | None]) -> Mapping[str | None, str | ProbeFailedError]:
    """Return the version of each partition that is due (of the whole, under None), or why it could not be learned."""
    if probe.by_partition:
        return {each: _version(key, each, partial(probe.look, each)) for each in due}
    told = _asked(key, None, probe.look)
    if isinstance(told, ProbeFailedError):
        return dict.fromkeys(due, told)
    if due == [None] or not isinstance(told, DataVersionsByPartition | Mapping):
        return dict.fromkeys(due, _as_version(key, None, told))
    versions: Mapping[Any, Any] = told if isinstance(told, Mapping) else told.data_versions_by_partition
    return {
        each: _as_version(key, each, versions[each])
        if each in versions
        else ProbeFailedError(
            f"The probe of asset '{key.to_user_string()}' says nothing of partition '{each}'.",
            mend="return a version of each partition, or let the probe take a partition key.",
        )
        for each in due
    }


def _version(key: AssetKey, partition: str | None, look: Callable[[], Any]) -> str | ProbeFailedError:
    told = _asked(key, partition, look)
    return told if isinstance(told, ProbeFailedError) else _as_version(key, partition, told)


def _asked(key: AssetKey, partition: str | None, look: Callable[[], Any]) -> Any:
    """Return what a function of the user tells, or the error to raise where that counts."""
    try:
        return look()
    except (ExecutionInterruptedError, LimitReached):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # told by whoever knows whether it counts
        what = error.args[0] if isinstance(error, OrreryError) and error.args else error
        failed = ProbeFailedError(
            f"The probe of {_name(key, partition)} failed: {type(error).__name__}: {str(what).rstrip('.')}.",
            mend="see that what it looks at is there and in reach, or give the probe on_failure='warn'.",
        )
        failed.__cause__ = error
        return failed


def _as_version(key: AssetKey, partition: str | None, told: object) -> str | ProbeFailedError:
    if isinstance(told, DataVersion):
        return told.value
    if isinstance(told, str):
        return told
    return ProbeFailedError(
        f"The probe of {_name(key, partition)} returned {told!r} ({type(told).__name__}), which is no version.",
        mend="return DataVersion(...).",
    )


def _name(key: AssetKey, partition: str | None) -> str:
    return f"asset '{key.to_user_string()}'" + ("" if partition is None else f", partition '{partition}',")
