"""
Whether a step runs or is skipped, and why.

Pure: what the value was made from when it was made, what it would be made from now, a policy and an instant in; a
decision with its reasons out. ``orrery plan``, ``orrery why`` and the run itself ask the same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.events.reuse import Provenance, Reason
from orrery.plan.fingerprint.facts import Place

__all__ = ["Decision", "LastMade", "Retold", "Situation", "age_text", "current_reason", "decide", "differences"]

_MOST_REASONS = 20
_OF_ONE_VALUE = frozenset({"never_materialized", "value_missing", "value_damaged"})


class Retold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    That a value was recorded once more, as it was, by no run.

    Attributes:
        made_by: The run that made it.
        accepted_at: When it was accepted as current, in seconds since 1970; 0 where that is not recorded, None if it was not.
        is_pulled: Whether it was taken over from another machine.
    """

    made_by: str = ""
    accepted_at: float | None = None
    is_pulled: bool = False


class LastMade(msgspec.Struct, frozen=True, kw_only=True):
    """
    How the value was made last.

    Attributes:
        provenance: What it was made from; None if that is not recorded.
        at: When, in seconds since 1970.
        run_id: By which run.
        data_version: Its data version.
        storage_id: Number of the event.
        is_stored: Whether an IO manager has the value.
        content: Names the bytes that it stored, if it can tell them from others.
        trouble: ``missing``, ``damaged: how`` or ``contested: how``, if a run found since that the stored value is so.
        found_by: That run.
        is_refused: Whether its step failed after it had stored the value.
        retold: What is told of it if no run recorded it.
    """

    provenance: Provenance | None
    at: float
    run_id: str
    data_version: str | None = None
    storage_id: int | None = None
    is_stored: bool = True
    content: str | None = None
    trouble: str | None = None
    found_by: str | None = None
    is_refused: bool = False
    retold: Retold | None = None

    @property
    def made_by(self) -> str:
        """Return the run that made the value, though it may have been recorded once more since; empty if none did."""
        return self.run_id or (self.retold.made_by if self.retold is not None else "")


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is known when the decision is made.

    Attributes:
        asset: The asset, as people write it.
        last: How its value was made last; None if never.
        now: What it would be made from now.
        policy: The policy; None if there is none.
        value: ``present``, ``missing``, ``damaged: how`` or ``unknown``.
        is_forced: Whether the user asks for it to run.
        running: Assets upstream that run first, and whose new versions are not known yet.
        external: Inputs that the project does not make.
        places: Where functions stand, by name of the part.
        obstacle: Why the step can never be skipped, if so.
    """

    asset: str
    last: LastMade | None
    now: Provenance
    policy: CachePolicy | None
    value: str = "unknown"
    is_forced: bool = False
    running: tuple[str, ...] = ()
    external: frozenset[str] = frozenset()
    places: Mapping[str, Place] = {}
    obstacle: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """
    Run or skip.

    Attributes:
        action: ``run`` or ``skip``.
        reasons: Why; at least one.
        is_certain: False if the step runs only on account of steps before it: their new values may turn out the same.
    """

    action: str
    reasons: tuple[Reason, ...]
    is_certain: bool = True

    @property
    def told(self) -> str:
        """Return the reasons as people read them."""
        shown = "; ".join(str(each) for each in self.reasons[:3])
        return shown + (f"; and {len(self.reasons) - 3} more" if len(self.reasons) > 3 else "")

    def about(self, asset: str) -> Decision:
        """Return the decision with reasons that name *asset*, where they speak of a value that is one of several."""
        if not any(each.kind in _OF_ONE_VALUE for each in self.reasons):
            return self
        reasons = (
            msgspec.structs.replace(each, asset=asset) if each.kind in _OF_ONE_VALUE else each for each in self.reasons
        )
        return msgspec.structs.replace(self, reasons=tuple(reasons))

    def joined(self, other: Decision) -> Decision:
        """Return the decision about several values that are made together: all run if one does, for the reasons of each."""
        if self.action != other.action:
            return self if self.action == "run" else other
        if self.action == "skip" or len(self.reasons) >= _MOST_REASONS:
            return self
        more = tuple(each for each in other.reasons if each not in self.reasons)
        if not more and self.is_certain:
            return self
        reasons = (self.reasons + more)[:_MOST_REASONS]
        return Decision(action="run", reasons=reasons, is_certain=self.is_certain or other.is_certain)


def decide(situation: Situation, now: datetime) -> Decision:
    """
    Decide whether the value has to be made.

    Args:
        situation: What is known.
        now: The instant (aware).
    """
    policy, last = situation.policy, situation.last
    if situation.obstacle is not None:
        return _run(Reason(kind="not_reusable", subject=situation.obstacle))
    if situation.is_forced:
        return _run(Reason(kind="forced"))
    if policy is None:
        return _run(Reason(kind="no_policy"))
    if policy.always:
        return _run(Reason(kind="always"))
    if last is None:
        return _run(Reason(kind="never_materialized"))
    if last.provenance is None:
        return _run(Reason(kind="nothing_recorded"))
    made = datetime.fromtimestamp(last.at, UTC)
    reasons: list[Reason] = []
    value, found_by = situation.value, None
    if last.trouble is not None and not _is_mended(situation, last.trouble):
        value, found_by = last.trouble, last.found_by
    if value == "missing":
        reasons.append(Reason(kind="value_missing", run_id=found_by))
    elif value.startswith(("damaged", "contested")):
        reasons.append(Reason(kind="value_damaged", subject=value.partition(": ")[2], run_id=found_by))
    if last.is_refused:
        reasons.append(Reason(kind="step_failed", run_id=last.run_id))
    if policy.ttl is not None and (now - made).total_seconds() > policy.ttl:
        reasons.append(
            Reason(kind="expired", old=age_text(now - made), new=_length_text(timedelta(seconds=policy.ttl)))
        )
    reasons += _considered(differences(last.provenance, situation.now, situation.places), situation, policy)
    if reasons:
        return Decision(action="run", reasons=tuple(reasons[:_MOST_REASONS]))
    if situation.running:
        waiting = tuple(Reason(kind="upstream_will_run", subject=each) for each in situation.running)
        return Decision(action="run", reasons=waiting, is_certain=False)
    return Decision(action="skip", reasons=(current_reason(last, now),))


def current_reason(last: LastMade, now: datetime) -> Reason:
    """Return the reason that a value is current: how old it is, and when it was accepted if it was."""
    accepted_at = last.retold.accepted_at if last.retold is not None else None
    accepted = None if accepted_at is None else age_text(_since(accepted_at, now)) if accepted_at else ""
    return Reason(kind="current", old=age_text(_since(last.at, now)), run_id=last.made_by, accepted=accepted)


def _since(seconds: float, now: datetime) -> timedelta:
    return now - datetime.fromtimestamp(seconds, UTC)


def _is_mended(situation: Situation, trouble: str) -> bool:
    """Tell whether a look at the value says more than what a run found before: somebody may have put it back."""
    policy, value = situation.policy, situation.value
    if value == "missing" or value.startswith("damaged"):
        return True  # what is seen now is told, as it is seen
    if value != "present" or trouble.startswith("contested"):  # whole it may be, but whose?
        return False
    return trouble == "missing" or (policy is not None and policy.verify == "digest")


def _run(reason: Reason) -> Decision:
    return Decision(action="run", reasons=(reason,))


def _considered(found: Iterable[Reason], situation: Situation, policy: CachePolicy) -> Iterable[Reason]:
    """Iterate the differences that the policy counts."""
    running = set(situation.running)
    for each in found:
        if each.kind in ("code_changed", "library_changed", "code_version_changed") and policy.on_code == "ignore":
            continue
        if each.kind == "config_changed" and policy.on_config == "ignore":
            continue
        if each.kind == "input_changed":
            if each.subject in running:
                continue  # its version is not known yet; that it runs is said apart
            if each.subject in situation.external and policy.sources == "ignore":
                continue
        yield each


def differences(last: Provenance, now: Provenance, places: Mapping[str, Place] = {}) -> Sequence[Reason]:
    """
    Return what changed between two provenances.

    Args:
        last: The former.
        now: The latter.
        places: Where functions stand now.
    """
    found: list[Reason] = []
    if last.code_version != now.code_version:
        found.append(Reason(kind="code_version_changed", old=last.code_version, new=now.code_version))
    if last.code_version is None and now.code_version is None:
        for name, old, new in _changed(last.code, now.code):
            place = places.get(name)
            told = None if place is None else f"{place.file}:{place.first}-{place.last}"
            shown_old, shown_new = last.constants.get(name), now.constants.get(name)
            found.append(
                Reason(
                    kind="code_changed",
                    subject=name,
                    old=old,
                    new=new,
                    place=told,
                    shown_old=shown_old,
                    shown_new=shown_new,
                )
            )
        for name, old, new in _changed(last.libraries, now.libraries):
            found.append(Reason(kind="library_changed", subject=name, old=old, new=new))
        found.sort(key=lambda each: (each.place is None, each.kind != "code_changed"))
    for path in sorted({*last.config, *now.config}) if last.config != now.config else ():
        before, after = last.config.get(path), now.config.get(path)
        if (before and before.digest) != (after and after.digest):
            found.append(
                Reason(
                    kind="config_changed",
                    subject=path,
                    old=before.shown if before is not None else None,
                    new=after.shown if after is not None else None,
                )
            )
    for key in sorted({*last.inputs, *now.inputs}) if last.inputs != now.inputs else ():
        was, is_now = last.inputs.get(key), now.inputs.get(key)
        if (was and was.version) != (is_now and is_now.version):
            found.append(
                Reason(
                    kind="input_changed",
                    subject=key,
                    old=_short_version(was.version) if was is not None else None,
                    new=_short_version(is_now.version) if is_now is not None else None,
                    run_id=is_now.run_id if is_now is not None else None,
                )
            )
    for key, old, new in _changed(last.resources, now.resources):
        found.append(Reason(kind="resource_changed", subject=key, old=old, new=new))
    if last.format != now.format and last.format is not None and now.format is not None:
        found.append(Reason(kind="format_changed", old=last.format, new=now.format))
    if last.salt != now.salt:
        found.append(Reason(kind="salt_changed"))
    return found


def _changed(last: Mapping[str, str], now: Mapping[str, str]) -> Iterable[tuple[str, str | None, str | None]]:
    if last == now:
        return
    for name in sorted({*last, *now}):
        old, new = last.get(name), now.get(name)
        if old != new:
            yield name, old, new


def _short_version(version: str) -> str:
    return version if len(version) <= 24 else version[:16]


def age_text(age: timedelta) -> str:
    """
    Return how long ago something was, as people say it.

    >>> age_text(timedelta(hours=3, minutes=20))
    '3 h ago'
    """
    return "just now" if age < timedelta(seconds=1) else f"{_length_text(age)} ago"


def _length_text(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size * (2 if unit == "days" else 1):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 or seconds == 0 else f"{seconds:.2g} s"
