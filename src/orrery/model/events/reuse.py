"""
What a materialization was made from, in full, and why a step ran or did not: as data.

:class:`Provenance` is kept with each materialization, :class:`Reason` with each step that was skipped; both are what
``orrery why`` and ``orrery plan`` print. Digests are shortened: they tell changes apart, and prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["ConfigPart", "InputPart", "Provenance", "Reason"]

PROVENANCE_VERSION = 1


class ConfigPart(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    One field of config.

    Attributes:
        digest: Digest of its value.
        shown: The value, as people read it; ``***`` for a secret.
    """

    digest: str
    shown: str


class InputPart(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    One input.

    Attributes:
        version: Its data version; of several partitions, the digest of all.
        run_id: The run that made it.
        storage_id: Number of the event that tells so.
        partitions: How many partitions were taken.
    """

    version: str
    run_id: str | None = None
    storage_id: int | None = None
    partitions: int = 1


class Provenance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a value was made from.

    Attributes:
        code: Digest of each function, class and constant that could be reached, by name.
        libraries: Version of each distribution of others, by name.
        code_version: The version that the user declared; then *code* and *libraries* are empty.
        config: Fields of the config, by path.
        inputs: Inputs, by key of the asset.
        resources: Identity that each resource declares, by key.
        format: How the value is stored: the class of the IO manager.
        salt: What the policy adds, to make all before it out of date.
        seconds: How long making the value took; no part of what it was made from.
        constants: Those of *code* that are short and no secrets, as people read them, by name.
        version: Version of this record.
    """

    code: Mapping[str, str] = {}
    libraries: Mapping[str, str] = {}
    code_version: str | None = None
    config: Mapping[str, ConfigPart] = {}
    inputs: Mapping[str, InputPart] = {}
    resources: Mapping[str, str] = {}
    format: str | None = None
    salt: str | None = None
    seconds: float | None = None
    version: int = PROVENANCE_VERSION
    constants: Mapping[str, str] = {}


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Why a step runs, or is skipped.

    Attributes:
        kind: ``never_materialized``, ``nothing_recorded``, ``code_changed``, ``library_changed``,
            ``code_version_changed``, ``config_changed``, ``input_changed``, ``resource_changed``, ``format_changed``,
            ``salt_changed``, ``expired``, ``value_missing``, ``value_damaged``, ``step_failed``, ``upstream_will_run``, ``forced``,
            ``always``, ``not_reusable``, ``no_policy``; ``current`` or ``none_missing`` for a step that is skipped.
        subject: What changed: a function, an asset, a field.
        old: What it was; None if it was not there.
        new: What it is; None if it is gone.
        run_id: The run that changed it, or found that it is missing or damaged.
        place: Where it stands in the code: ``file:first-last``.
        asset: Whose value is missing, damaged or was never made, where the step makes several.
        shown_old: What a constant was, as people read it; None where that is not recorded.
        shown_new: What it is.
        accepted: How long ago the current value was accepted by hand; empty where that is not recorded, None if it was not.
    """

    kind: str
    subject: str | None = None
    old: str | None = None
    new: str | None = None
    run_id: str | None = None
    place: str | None = None
    asset: str | None = None
    shown_old: str | None = None
    shown_new: str | None = None
    accepted: str | None = None

    def __str__(self) -> str:
        return _told(self)


def _told(reason: Reason) -> str:
    subject, old, new = reason.subject, reason.old, reason.new
    where = f" ({reason.place})" if reason.place else ""
    match reason.kind:
        case "none_missing":
            return "no partition of it is missing: those that are there were made before"
        case "never_materialized":
            return "never materialized" + (f": {reason.asset}" if reason.asset else "")
        case "nothing_recorded":
            return "nothing is recorded of what it was made from"
        case "code_changed" if old is None:
            return f"code changed: {subject} is new{where}"
        case "code_changed" if new is None:
            return f"code changed: {subject} is gone"
        case "code_changed" if reason.shown_old is not None and reason.shown_new is not None:
            return f"code changed: {subject} was {reason.shown_old}, is {reason.shown_new}"
        case "code_changed":
            return f"code changed: {subject}{where}"
        case "library_changed":
            return f"library {subject} changed: {old or 'not used'} to {new or 'not used'}"
        case "code_version_changed":
            return f"code version changed: {old or 'none'} to {new or 'none'}"
        case "config_changed":
            return f"config changed: {subject} was {old or 'not given'}, is {new or 'not given'}"
        case "input_changed" if old is None:
            return f"input {subject} is new"
        case "input_changed" if new is None:
            return f"input {subject} is gone"
        case "input_changed":
            run = f" by run {reason.run_id[:8]}" if reason.run_id else ""
            return f"input {subject} changed{run}: {old} to {new}"
        case "resource_changed":
            return f"resource {subject} changed: {old or 'none'} to {new or 'none'}"
        case "format_changed":
            return f"stored otherwise: by {old} before, by {new} now"
        case "salt_changed":
            return "the policy has another salt"
        case "expired":
            return f"expired: made {old}, and may be {new} old"
        case "value_missing":
            return f"the stored value{_whose(reason)} is missing{_finder(reason)}"
        case "value_damaged" if subject is not None and subject.startswith(_WHOLE_SENTENCE):
            return f"{subject[0].lower()}{subject[1:].rstrip('.')}{_finder(reason)}"
        case "value_damaged":
            return f"the stored value{_whose(reason)} is damaged{_finder(reason)}: {subject}"
        case "step_failed":
            run = f" in run {reason.run_id[:8]}" if reason.run_id else ""
            return f"its step failed{run}, after it had stored the value"
        case "upstream_will_run":
            return f"{subject} runs first, and may change"
        case "forced":
            return "forced"
        case "always":
            return "its policy says always"
        case "no_policy":
            return "no policy allows to skip it"
        case "not_reusable":
            return f"it cannot be skipped: {subject}"
        case "current":
            accepted = "" if reason.accepted is None else f"accepted {reason.accepted}".rstrip() + ", "
            return f"current: {accepted}made {old}" + (f" by run {reason.run_id[:8]}" if reason.run_id else "")
    return reason.kind


_WHOLE_SENTENCE = "The stored value of "
"""As IO managers begin what they say of a value."""


def _whose(reason: Reason) -> str:
    return f" of {reason.asset}" if reason.asset else ""


def _finder(reason: Reason) -> str:
    return f" (found by run {reason.run_id[:8]})" if reason.run_id else ""
