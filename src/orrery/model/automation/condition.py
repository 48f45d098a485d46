"""
Automation conditions: when an asset, a check or a job is to run by itself; the whole algebra, as data.

A condition is a tree of frozen values that can be compared, stored and shown. Nothing here looks at the
world: a condition is carried by the definition that names it, and evaluating one is the work of the daemon.

The front, ``AutomationCondition``, makes all the parts that stand below it, and each of these is one. The older form,
rules and policies, comes last: either form turns into the other, so both stand here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Any, Self

import msgspec

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError
from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.model.assets.selection import AssetSelection
from orrery.model.partitions.cron import parse_cron

__all__ = [
    "AutoMaterializeAssetPartitionsFilter",
    "AutoMaterializePolicy",
    "AutoMaterializeRule",
    "AutomationCondition",
]


class AutomationCondition(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """
    When something is to run by itself.

    Begin with :meth:`eager`, :meth:`on_cron` or :meth:`on_missing`, and change them with ``&``, ``|``, ``~``,
    :meth:`since`, :meth:`newly_true`, :meth:`replace`; or put one together from the parts below.

    Attributes:
        label: Name of this part of a condition, for people and for :meth:`replace`.

    >>> AutomationCondition.on_cron("@daily").get_label()
    'on_cron(@daily, UTC)'
    """

    label: str | None = None

    # -- what a condition is -------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Return a short name of the kind of condition."""
        return ""

    @property
    def description(self) -> str:
        """Return what the condition says, for people."""
        return ""

    @property
    def operator_type(self) -> str:
        """Return ``and``, ``or``, ``not``, or ``identity`` for all others."""
        return "identity"

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Return the conditions that this one is made of."""
        return ()

    @property
    def requires_cursor(self) -> bool:
        """Tell whether an evaluation must know the one before."""
        return False

    @property
    def is_serializable(self) -> bool:
        """Tell whether the condition can be stored: all that are made of our own parts can."""
        return type(self).__module__.startswith("orrery.") and all(each.is_serializable for each in self.children)

    @property
    def has_rule_condition(self) -> bool:
        """Tell whether an older rule is among the parts."""
        return any(each.has_rule_condition for each in self.children)

    def get_label(self) -> str | None:
        """Return the label, if any."""
        return self.label

    def with_label(self, label: str | None) -> Self:
        """Return the condition under a label."""
        return msgspec.structs.replace(self, label=label)

    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, each) for each in self.__struct_fields__)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._parts() == other._parts()

    def __ne__(self, other: object) -> bool:  # without it, that of msgspec's structs compares identities
        return not self == other

    def __hash__(self) -> int:
        return int(self.get_unique_id()[:15], 16)

    def get_node_unique_id(
        self, *, parent_unique_id: str | None = None, index: int | None = None, target_key: Any = None
    ) -> str:
        """Return a text that stands for this part at this place of a condition."""
        return _digest(
            parent_unique_id or "", "" if index is None else str(index), str(target_key or ""), self._written()
        )

    def get_backcompat_node_unique_ids(
        self, *, parent_unique_id: str | None = None, index: int | None = None, target_key: Any = None
    ) -> Sequence[str]:
        """Return texts that stood for this part in earlier releases: none."""
        return []

    def get_node_unique_ids(
        self, *, parent_unique_ids: Sequence[str | None], child_indices: Sequence[int | None], target_key: Any
    ) -> Sequence[str]:
        """Return the texts that stand for this part below each of *parent_unique_ids*."""
        return [
            self.get_node_unique_id(parent_unique_id=parent, index=index, target_key=target_key)
            for parent in parent_unique_ids
            for index in child_indices
        ]

    def get_unique_id(self, *, parent_node_unique_id: str | None = None, index: int | None = None) -> str:
        """Return a text that stands for this condition with all its parts."""
        own = self.get_node_unique_id(parent_unique_id=parent_node_unique_id, index=index)
        below = [
            each.get_unique_id(parent_node_unique_id=own, index=number) for number, each in enumerate(self.children)
        ]
        return _digest(own, *below)

    def get_node_snapshot(self, unique_id: str) -> Mapping[str, Any]:
        """Return this part as data that needs no code."""
        return {
            "class_name": type(self).__name__,
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "operator_type": self.operator_type,
            "unique_id": unique_id,
        }

    def get_snapshot(self, *, parent_unique_id: str | None = None, index: int | None = None) -> Mapping[str, Any]:
        """Return the condition with all its parts as data that needs no code."""
        own = self.get_node_unique_id(parent_unique_id=parent_unique_id, index=index)
        return {
            "node_snapshot": self.get_node_snapshot(own),
            "children": [
                each.get_snapshot(parent_unique_id=own, index=number) for number, each in enumerate(self.children)
            ],
        }

    def _written(self) -> str:
        plain = [
            (name, getattr(self, name))
            for name in self.__struct_fields__
            if name not in ("operands", "operand", "label")
        ]
        shown = [(name, value) for name, value in plain if not isinstance(value, AutomationCondition)]
        return f"{type(self).__name__}({self.label!r}, {shown!r})"

    def evaluate(self, context: Any) -> Any:
        """
        Evaluate the condition; refused here.

        Raises:
            NotImplementedError: Always: conditions are carried, and no release evaluates them yet.
        """
        raise NotImplementedError(
            f"Automation conditions are declared and carried, but not evaluated yet ({self.label or self.name}). "
            "Start the runs with a schedule or a sensor."
        )

    def as_auto_materialize_policy(self) -> AutoMaterializePolicy:
        """Return the condition in the form of an older policy."""
        return AutoMaterializePolicy.from_automation_condition(self)

    # -- putting together ----------------------------------------------------------------------

    def __and__(self, other: AutomationCondition) -> AndAutomationCondition:
        return AndAutomationCondition(operands=(*_operands(AndAutomationCondition, self), *_one(other, "&")))

    def __or__(self, other: AutomationCondition) -> OrAutomationCondition:
        return OrAutomationCondition(operands=(*_operands(OrAutomationCondition, self), *_one(other, "|")))

    def __invert__(self) -> NotAutomationCondition:
        return NotAutomationCondition(operand=self)

    def newly_true(self) -> NewlyTrueCondition:
        """Be true where this condition is true and was not at the last evaluation."""
        return NewlyTrueCondition(operand=self)

    def since(self, reset_condition: AutomationCondition) -> SinceCondition:
        """Be true from when this condition was true until *reset_condition* is."""
        return SinceCondition(trigger_condition=self, reset_condition=_one(reset_condition, "since")[0])

    def since_last_handled(self) -> SinceCondition:
        """Be true from when this condition was true until the target was requested or updated."""
        handled = (
            AutomationCondition.newly_requested()
            | AutomationCondition.newly_updated()
            | AutomationCondition.initial_evaluation()
        )
        return self.since(handled.with_label("handled"))

    def replace(self, old: AutomationCondition | str, new: AutomationCondition) -> AutomationCondition:
        """
        Return the condition with each part that is *old* replaced by *new*.

        Args:
            old: A part, or its label or name.
            new: What stands in its place.
        """
        if old in (self.get_label(), self.name) if isinstance(old, str) else self == old:
            return new
        return self._over_children(lambda each: each.replace(old, new))

    def allow(self, selection: AssetSelection) -> AutomationCondition:
        """Return the condition with all parts that look at upstream assets looking at *selection* alone."""
        return self._over_children(lambda each: each.allow(selection))

    def ignore(self, selection: AssetSelection) -> AutomationCondition:
        """Return the condition with all parts that look at upstream assets passing over *selection*."""
        return self._over_children(lambda each: each.ignore(selection))

    def _over_children(self, change: Any) -> AutomationCondition:
        changes: dict[str, Any] = {}
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, AutomationCondition):
                changes[name] = change(value)
            elif name == "operands":
                changes[name] = tuple(change(each) for each in value)
        return msgspec.structs.replace(self, **changes) if changes else self

    # -- facts about the target ----------------------------------------------------------------

    @staticmethod
    def missing() -> MissingAutomationCondition:
        """Be true where the target has never been materialized or observed."""
        return MissingAutomationCondition()

    @staticmethod
    def run_in_progress() -> RunInProgressAutomationCondition:
        """Be true while a run makes the target."""
        return RunInProgressAutomationCondition()

    @staticmethod
    def backfill_in_progress() -> BackfillInProgressAutomationCondition:
        """Be true while a backfill makes the target."""
        return BackfillInProgressAutomationCondition()

    @staticmethod
    def in_progress() -> OrAutomationCondition:
        """Be true while a run or a backfill makes the target."""
        return (AutomationCondition.run_in_progress() | AutomationCondition.backfill_in_progress()).with_label(
            "in_progress"
        )

    @staticmethod
    def execution_failed() -> ExecutionFailedAutomationCondition:
        """Be true where the last run that was to make the target failed."""
        return ExecutionFailedAutomationCondition()

    @staticmethod
    def newly_updated() -> NewlyUpdatedCondition:
        """Be true where the target was updated since the last evaluation."""
        return NewlyUpdatedCondition()

    @staticmethod
    def newly_requested() -> NewlyRequestedCondition:
        """Be true where the target was requested at the last evaluation."""
        return NewlyRequestedCondition()

    @staticmethod
    def newly_missing() -> NewlyTrueCondition:
        """Be true where the target became missing since the last evaluation."""
        return AutomationCondition.missing().newly_true().with_label("newly_missing")

    @staticmethod
    def code_version_changed() -> CodeVersionChangedCondition:
        """Be true where the code version of the target changed since the last evaluation."""
        return CodeVersionChangedCondition()

    @staticmethod
    def data_version_changed() -> DataVersionChangedCondition:
        """Be true where the data version of the target changed since the last evaluation."""
        return DataVersionChangedCondition()

    @staticmethod
    def will_be_requested() -> WillBeRequestedCondition:
        """Be true where this evaluation requests the target."""
        return WillBeRequestedCondition()

    @staticmethod
    def initial_evaluation() -> InitialEvaluationCondition:
        """Be true at the first evaluation of this condition."""
        return InitialEvaluationCondition()

    @staticmethod
    def in_latest_time_window(lookback_delta: timedelta | None = None) -> InLatestTimeWindowCondition:
        """
        Be true for the newest partition of time, or where there are none.

        Args:
            lookback_delta: Be true for the partitions so long before its end, too.
        """
        return InLatestTimeWindowCondition(lookback_delta=lookback_delta)

    @staticmethod
    def cron_tick_passed(cron_schedule: str, cron_timezone: str = "UTC") -> CronTickPassedCondition:
        """Be true where a tick of the cron string passed since the last evaluation."""
        parse_cron(cron_schedule, where="cron_tick_passed")
        return CronTickPassedCondition(cron_schedule=cron_schedule, cron_timezone=cron_timezone)

    @staticmethod
    def check_passed() -> CheckResultCondition:
        """Be true where the last evaluation of the check passed."""
        return CheckResultCondition(passed=True)

    @staticmethod
    def check_failed() -> CheckResultCondition:
        """Be true where the last evaluation of the check did not pass."""
        return CheckResultCondition(passed=False)

    @staticmethod
    def freshness_passed() -> FreshnessResultCondition:
        """Be true while the freshness policy of the target is kept."""
        return FreshnessResultCondition(state="PASS")

    @staticmethod
    def freshness_warned() -> FreshnessResultCondition:
        """Be true while the freshness policy of the target warns."""
        return FreshnessResultCondition(state="WARN")

    @staticmethod
    def freshness_failed() -> FreshnessResultCondition:
        """Be true while the freshness policy of the target is broken."""
        return FreshnessResultCondition(state="FAIL")

    @staticmethod
    def executed_with_root_target() -> LatestRunExecutedWithRootTargetCondition:
        """Be true where the last run of the target also made the target that the condition belongs to."""
        return LatestRunExecutedWithRootTargetCondition()

    @staticmethod
    def executed_with_tags(
        *, tag_keys: AbstractSet[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> LatestRunExecutedWithTagsCondition:
        """Be true where the last run of the target bore the tags."""
        return LatestRunExecutedWithTagsCondition(tag_keys=_keys(tag_keys), tag_values=_pairs(tag_values))

    @staticmethod
    def any_new_update_has_run_tags(
        *, tag_keys: AbstractSet[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> NewUpdatesWithRunTagsCondition:
        """Be true where a run with the tags updated the target since the last evaluation."""
        return NewUpdatesWithRunTagsCondition(match="any", tag_keys=_keys(tag_keys), tag_values=_pairs(tag_values))

    @staticmethod
    def all_new_updates_have_run_tags(
        *, tag_keys: AbstractSet[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> NewUpdatesWithRunTagsCondition:
        """Be true where only runs with the tags updated the target since the last evaluation."""
        return NewUpdatesWithRunTagsCondition(match="all", tag_keys=_keys(tag_keys), tag_values=_pairs(tag_values))

    # -- facts about neighbours ----------------------------------------------------------------

    @staticmethod
    def asset_matches(key: CoercibleToAssetKey, condition: AutomationCondition) -> EntityMatchesCondition:
        """Be true where *condition* is true of another asset."""
        return EntityMatchesCondition(key=AssetKey.from_coercible(key), operand=condition)

    @staticmethod
    def any_deps_match(condition: AutomationCondition) -> AnyDepsCondition:
        """Be true where *condition* is true of any upstream asset."""
        return AnyDepsCondition(operand=condition)

    @staticmethod
    def all_deps_match(condition: AutomationCondition) -> AllDepsCondition:
        """Be true where *condition* is true of some partition of each upstream asset."""
        return AllDepsCondition(operand=condition)

    @staticmethod
    def any_checks_match(condition: AutomationCondition, blocking_only: bool = False) -> AnyChecksCondition:
        """Be true where *condition* is true of any check of the target."""
        return AnyChecksCondition(operand=condition, blocking_only=blocking_only)

    @staticmethod
    def all_checks_match(condition: AutomationCondition, blocking_only: bool = False) -> AllChecksCondition:
        """Be true where *condition* is true of all checks of the target."""
        return AllChecksCondition(operand=condition, blocking_only=blocking_only)

    @staticmethod
    def any_job_root_assets_match(condition: AutomationCondition) -> AnyJobRootAssetsCondition:
        """Be true where *condition* is true of any asset at the root of the job."""
        return AnyJobRootAssetsCondition(operand=condition)

    @staticmethod
    def all_job_root_assets_match(condition: AutomationCondition) -> AllJobRootAssetsCondition:
        """Be true where *condition* is true of all assets at the root of the job."""
        return AllJobRootAssetsCondition(operand=condition)

    @staticmethod
    def any_downstream_conditions() -> AnyDownstreamConditionsCondition:
        """Be true where the condition of any downstream asset is true."""
        return AnyDownstreamConditionsCondition()

    @staticmethod
    def any_deps_missing() -> AnyDepsCondition:
        """Be true where any upstream asset is missing and is not requested now."""
        inner = AutomationCondition.missing() & ~AutomationCondition.will_be_requested()
        return AutomationCondition.any_deps_match(inner).with_label("any_deps_missing")

    @staticmethod
    def any_deps_updated() -> AnyDepsCondition:
        """Be true where any upstream asset was updated without the target, or is requested now."""
        without_root = (
            AutomationCondition.newly_updated() & ~AutomationCondition.executed_with_root_target()
        ).with_label("newly_updated_without_root")
        return AutomationCondition.any_deps_match(without_root | AutomationCondition.will_be_requested()).with_label(
            "any_deps_updated"
        )

    @staticmethod
    def any_deps_in_progress() -> AnyDepsCondition:
        """Be true while any upstream asset is being made."""
        return AutomationCondition.any_deps_match(AutomationCondition.in_progress()).with_label("any_deps_in_progress")

    @staticmethod
    def all_deps_blocking_checks_passed() -> AllDepsCondition:
        """Be true where all blocking checks of all upstream assets passed, or are requested now."""
        passed = AutomationCondition.check_passed() | AutomationCondition.will_be_requested()
        return AutomationCondition.all_deps_match(
            AutomationCondition.all_checks_match(passed, blocking_only=True)
        ).with_label("all_deps_blocking_checks_passed")

    @staticmethod
    def all_deps_updated_since_cron(cron_schedule: str, cron_timezone: str = "UTC") -> AllDepsCondition:
        """Be true where all upstream assets were updated since the last tick of the cron string."""
        updated = AutomationCondition.newly_updated().since(
            AutomationCondition.cron_tick_passed(cron_schedule, cron_timezone)
        )
        return AutomationCondition.all_deps_match(updated | AutomationCondition.will_be_requested()).with_label(
            f"all_deps_updated_since_cron({cron_schedule}, {cron_timezone})"
        )

    # -- whole conditions ----------------------------------------------------------------------

    @staticmethod
    def eager() -> AndAutomationCondition:
        """Run the target whenever something upstream is updated, and once where it is missing."""
        trigger = (AutomationCondition.newly_missing() | AutomationCondition.any_deps_updated()).since_last_handled()
        return (
            AutomationCondition.in_latest_time_window()
            & trigger
            & ~AutomationCondition.any_deps_missing()
            & ~AutomationCondition.any_deps_in_progress()
            & ~AutomationCondition.in_progress()
        ).with_label("eager")

    @staticmethod
    def on_cron(cron_schedule: str, cron_timezone: str = "UTC") -> AndAutomationCondition:
        """Run the target once after each tick of the cron string, when all that is upstream has been updated."""
        return (
            AutomationCondition.in_latest_time_window()
            & AutomationCondition.cron_tick_passed(cron_schedule, cron_timezone).since_last_handled()
            & AutomationCondition.all_deps_updated_since_cron(cron_schedule, cron_timezone)
        ).with_label(f"on_cron({cron_schedule}, {cron_timezone})")

    @staticmethod
    def on_missing() -> AndAutomationCondition:
        """Run the target once where it is missing, when nothing upstream is."""
        return (
            AutomationCondition.in_latest_time_window()
            & AutomationCondition.missing().newly_true().since_last_handled().with_label("missing_since_last_handled")
            & ~AutomationCondition.any_deps_missing()
        ).with_label("on_missing")


# -- operators ---------------------------------------------------------------------------------


class AndAutomationCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """All of several conditions."""

    operands: tuple[AutomationCondition, ...]

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "AND"

    @property
    def description(self) -> str:
        """Return what the condition says."""
        return "All of"

    @property
    def operator_type(self) -> str:
        """Return ``and``."""
        return "and"

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Return the operands."""
        return self.operands

    def without(self, condition: AutomationCondition) -> AndAutomationCondition:
        """
        Return the condition without one of its operands.

        Raises:
            InvalidInvocationError: *condition* is none of them.
        """
        if condition not in self.operands:
            raise InvalidInvocationError(f"{condition!r} is no operand of this condition.", mend="see .operands.")
        return msgspec.structs.replace(self, operands=tuple(each for each in self.operands if each != condition))


class OrAutomationCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """Any of several conditions."""

    operands: tuple[AutomationCondition, ...]

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "OR"

    @property
    def description(self) -> str:
        """Return what the condition says."""
        return "Any of"

    @property
    def operator_type(self) -> str:
        """Return ``or``."""
        return "or"

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Return the operands."""
        return self.operands


class NotAutomationCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """The opposite of a condition."""

    operand: AutomationCondition

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "NOT"

    @property
    def description(self) -> str:
        """Return what the condition says."""
        return "Not"

    @property
    def operator_type(self) -> str:
        """Return ``not``."""
        return "not"

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Return the operand."""
        return (self.operand,)


class NewlyTrueCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """A condition that is true and was not at the last evaluation."""

    operand: AutomationCondition

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "NEWLY_TRUE"

    @property
    def description(self) -> str:
        """Return what the condition says."""
        return "Condition newly became true."

    @property
    def requires_cursor(self) -> bool:
        """Tell that the last evaluation must be known."""
        return True

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Return the operand."""
        return (self.operand,)


class SinceCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """True from when one condition was true until another one is."""

    trigger_condition: AutomationCondition
    reset_condition: AutomationCondition

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "SINCE"

    @property
    def requires_cursor(self) -> bool:
        """Tell that the last evaluation must be known."""
        return True

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Return the trigger and the reset."""
        return (self.trigger_condition, self.reset_condition)


# -- neighbours --------------------------------------------------------------------------------


class EntityMatchesCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """A condition of another asset."""

    key: AssetKey
    operand: AutomationCondition

    @property
    def name(self) -> str:
        """Return the key of the other asset."""
        return self.key.to_user_string()

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Return the condition."""
        return (self.operand,)


class _SelectingCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """A condition of neighbours, of which a selection may be looked at alone, or passed over."""

    operand: AutomationCondition
    allow_selection: AssetSelection | None = None
    ignore_selection: AssetSelection | None = None

    @property
    def requires_cursor(self) -> bool:
        """Tell whether the last evaluation must be known."""
        return False

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Return the condition of the neighbours."""
        return (self.operand,)

    def allow(self, selection: AssetSelection) -> Self:
        """Look at *selection* alone."""
        _checked_selection(selection)
        known = self.allow_selection
        return msgspec.structs.replace(self, allow_selection=selection if known is None else known | selection)

    def ignore(self, selection: AssetSelection) -> Self:
        """Pass over *selection*."""
        _checked_selection(selection)
        known = self.ignore_selection
        return msgspec.structs.replace(self, ignore_selection=selection if known is None else known | selection)


class AnyDepsCondition(_SelectingCondition, frozen=True, kw_only=True, eq=False):
    """A condition of any upstream asset."""

    resolves_virtual_deps: bool = False

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "ANY_DEPS_MATCH"


class AllDepsCondition(_SelectingCondition, frozen=True, kw_only=True, eq=False):
    """A condition of all upstream assets."""

    resolves_virtual_deps: bool = False

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "ALL_DEPS_MATCH"


class AnyChecksCondition(_SelectingCondition, frozen=True, kw_only=True, eq=False):
    """A condition of any check."""

    blocking_only: bool = False

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "ANY_CHECKS_MATCH"


class AllChecksCondition(_SelectingCondition, frozen=True, kw_only=True, eq=False):
    """A condition of all checks."""

    blocking_only: bool = False

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "ALL_CHECKS_MATCH"


class AnyJobRootAssetsCondition(_SelectingCondition, frozen=True, kw_only=True, eq=False):
    """A condition of any asset at the root of a job."""

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "ANY_JOB_ROOT_ASSETS_MATCH"


class AllJobRootAssetsCondition(_SelectingCondition, frozen=True, kw_only=True, eq=False):
    """A condition of all assets at the root of a job."""

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "ALL_JOB_ROOT_ASSETS_MATCH"


class AnyDownstreamConditionsCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """The conditions of downstream assets."""

    @property
    def name(self) -> str:
        """Return the name of the kind."""
        return "ANY_DOWNSTREAM_CONDITIONS"


# -- facts -------------------------------------------------------------------------------------


class _Fact(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """A fact about the target, named after its class."""

    @property
    def name(self) -> str:
        """Return the name of the fact."""
        return _FACTS[type(self).__name__]


class MissingAutomationCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.missing`."""


class RunInProgressAutomationCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.run_in_progress`."""


class BackfillInProgressAutomationCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.backfill_in_progress`."""


class ExecutionFailedAutomationCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.execution_failed`."""


class NewlyUpdatedCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.newly_updated`."""


class NewlyRequestedCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.newly_requested`."""


class CodeVersionChangedCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.code_version_changed`."""


class DataVersionChangedCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.data_version_changed`."""


class WillBeRequestedCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.will_be_requested`."""


class InitialEvaluationCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.initial_evaluation`."""


class LatestRunExecutedWithRootTargetCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.executed_with_root_target`."""


class InLatestTimeWindowCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.in_latest_time_window`."""

    lookback_delta: timedelta | None = None


class CronTickPassedCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.cron_tick_passed`."""

    cron_schedule: str
    cron_timezone: str = "UTC"

    @property
    def name(self) -> str:
        """Return the name of the fact, with the times that it is about."""
        return f"cron_tick_passed(cron_schedule={self.cron_schedule}, cron_timezone={self.cron_timezone})"


class CheckResultCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.check_passed`."""

    passed: bool

    @property
    def name(self) -> str:
        """Return the name of the fact."""
        return "check_passed" if self.passed else "check_failed"


class FreshnessResultCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.freshness_passed`."""

    state: str

    @property
    def name(self) -> str:
        """Return the name of the fact."""
        return {"PASS": "freshness_passed", "WARN": "freshness_warned", "FAIL": "freshness_failed"}[self.state]


class LatestRunExecutedWithTagsCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.executed_with_tags`."""

    tag_keys: tuple[str, ...] | None = None
    tag_values: tuple[tuple[str, str], ...] | None = None


class NewUpdatesWithRunTagsCondition(_Fact, frozen=True, kw_only=True, eq=False):
    """See :meth:`AutomationCondition.any_new_update_has_run_tags`."""

    match: str
    tag_keys: tuple[str, ...] | None = None
    tag_values: tuple[tuple[str, str], ...] | None = None

    @property
    def name(self) -> str:
        """Return the name of the fact."""
        return "any_new_update_has_run_tags" if self.match == "any" else "all_new_updates_have_run_tags"


_FACTS = {
    "MissingAutomationCondition": "missing",
    "RunInProgressAutomationCondition": "run_in_progress",
    "BackfillInProgressAutomationCondition": "backfill_in_progress",
    "ExecutionFailedAutomationCondition": "execution_failed",
    "NewlyUpdatedCondition": "newly_updated",
    "NewlyRequestedCondition": "newly_requested",
    "CodeVersionChangedCondition": "code_version_changed",
    "DataVersionChangedCondition": "data_version_changed",
    "WillBeRequestedCondition": "will_be_requested",
    "InitialEvaluationCondition": "initial_evaluation",
    "LatestRunExecutedWithRootTargetCondition": "executed_with_root_target",
    "InLatestTimeWindowCondition": "in_latest_time_window",
    "LatestRunExecutedWithTagsCondition": "executed_with_tags",
}


# -- older form --------------------------------------------------------------------------------


class AutoMaterializeRule(msgspec.Struct, frozen=True):
    """A part of an older policy: a reason to run, or to skip. Use automation conditions instead."""

    @property
    def decision_type(self) -> str:
        """Return ``MATERIALIZE``, ``SKIP`` or ``DISCARD``."""
        return _RULES[type(self).__name__][0]

    @property
    def description(self) -> str:
        """Return what the rule says, for people."""
        return _RULES[type(self).__name__][1]

    def evaluate_for_asset(self, context: Any) -> Any:
        """
        Evaluate the rule; refused here.

        Raises:
            NotImplementedError: Always: rules are carried, and no release evaluates them yet.
        """
        raise NotImplementedError("Rules of auto-materialize policies are carried, but not evaluated yet.")

    def to_asset_condition(self) -> RuleCondition:
        """Return the rule as a condition."""
        return RuleCondition(rule=self)

    def to_snapshot(self) -> Mapping[str, Any]:
        """Return the rule as data that needs no code."""
        return {
            "class_name": type(self).__name__,
            "description": self.description,
            "decision_type": self.decision_type,
        }

    @staticmethod
    def materialize_on_required_for_freshness() -> MaterializeOnRequiredForFreshnessRule:
        """Run where a freshness policy downstream needs it."""
        return MaterializeOnRequiredForFreshnessRule()

    @staticmethod
    def materialize_on_cron(
        cron_schedule: str, timezone: str = "UTC", all_partitions: bool = False
    ) -> MaterializeOnCronRule:
        """Run once after each tick of a cron string."""
        parse_cron(cron_schedule, where="materialize_on_cron")
        return MaterializeOnCronRule(cron_schedule, timezone, all_partitions)

    @staticmethod
    def materialize_on_parent_updated(updated_parent_filter: Any = None) -> MaterializeOnParentUpdatedRule:
        """Run where something upstream was updated."""
        return MaterializeOnParentUpdatedRule(updated_parent_filter)

    @staticmethod
    def materialize_on_missing() -> MaterializeOnMissingRule:
        """Run where the asset is missing."""
        return MaterializeOnMissingRule()

    @staticmethod
    def skip_on_parent_missing() -> SkipOnParentMissingRule:
        """Skip while something upstream is missing."""
        return SkipOnParentMissingRule()

    @staticmethod
    def skip_on_parent_outdated() -> SkipOnParentOutdatedRule:
        """Skip while something upstream is out of date."""
        return SkipOnParentOutdatedRule()

    @staticmethod
    def skip_on_not_all_parents_updated(
        require_update_for_all_parent_partitions: bool = False,
    ) -> SkipOnNotAllParentsUpdatedRule:
        """Skip until all that is upstream was updated."""
        return SkipOnNotAllParentsUpdatedRule(require_update_for_all_parent_partitions)

    @staticmethod
    def skip_on_not_all_parents_updated_since_cron(
        cron_schedule: str, timezone: str = "UTC"
    ) -> SkipOnNotAllParentsUpdatedSinceCronRule:
        """Skip until all that is upstream was updated since the last tick of a cron string."""
        parse_cron(cron_schedule, where="skip_on_not_all_parents_updated_since_cron")
        return SkipOnNotAllParentsUpdatedSinceCronRule(cron_schedule, timezone)

    @staticmethod
    def skip_on_required_but_nonexistent_parents() -> SkipOnRequiredButNonexistentParentsRule:
        """Skip where a partition upstream does not exist."""
        return SkipOnRequiredButNonexistentParentsRule()

    @staticmethod
    def skip_on_backfill_in_progress(all_partitions: bool = False) -> SkipOnBackfillInProgressRule:
        """Skip while a backfill makes the asset."""
        return SkipOnBackfillInProgressRule(all_partitions)

    @staticmethod
    def skip_on_run_in_progress() -> SkipOnRunInProgressRule:
        """Skip while a run makes the asset."""
        return SkipOnRunInProgressRule()


class AutoMaterializeAssetPartitionsFilter(msgspec.Struct, frozen=True, tag=True):
    """
    Which updates upstream count.

    Attributes:
        latest_run_required_tags: Tags that the run of the update must bear.
    """

    latest_run_required_tags: Mapping[str, str] | None = None

    @property
    def description(self) -> str:
        """Return what counts, for people."""
        return f"latest run includes required tags: {self.latest_run_required_tags}"

    def passes(self, context: Any, asset_partitions: Any) -> Any:
        """
        Evaluate the filter; refused here.

        Raises:
            NotImplementedError: Always: filters are carried, and no release evaluates them yet.
        """
        raise NotImplementedError("Filters of auto-materialize rules are carried, but not evaluated yet.")

    def __hash__(self) -> int:
        return hash(tuple(sorted((self.latest_run_required_tags or {}).items())))


class MaterializeOnRequiredForFreshnessRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.materialize_on_required_for_freshness`."""


class MaterializeOnCronRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.materialize_on_cron`."""

    cron_schedule: str
    timezone: str = "UTC"
    all_partitions: bool = False


class MaterializeOnParentUpdatedRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.materialize_on_parent_updated`."""

    updated_parent_filter: AutoMaterializeAssetPartitionsFilter | None = None


class MaterializeOnMissingRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.materialize_on_missing`."""


class SkipOnParentMissingRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.skip_on_parent_missing`."""


class SkipOnParentOutdatedRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.skip_on_parent_outdated`."""


class SkipOnNotAllParentsUpdatedRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.skip_on_not_all_parents_updated`."""

    require_update_for_all_parent_partitions: bool = False


class SkipOnNotAllParentsUpdatedSinceCronRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.skip_on_not_all_parents_updated_since_cron`."""

    cron_schedule: str
    timezone: str = "UTC"


class SkipOnRequiredButNonexistentParentsRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.skip_on_required_but_nonexistent_parents`."""


class SkipOnBackfillInProgressRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.skip_on_backfill_in_progress`."""

    all_partitions: bool = False


class SkipOnRunInProgressRule(AutoMaterializeRule, frozen=True, tag=True):
    """See :meth:`AutoMaterializeRule.skip_on_run_in_progress`."""


class DiscardOnMaxMaterializationsExceededRule(AutoMaterializeRule, frozen=True, tag=True):
    """Request no more than so many partitions at once."""

    limit: int


_RULES = {
    "MaterializeOnRequiredForFreshnessRule": (
        "MATERIALIZE",
        "required to meet this or downstream asset's freshness policy",
    ),
    "MaterializeOnCronRule": ("MATERIALIZE", "not materialized since last cron schedule tick"),
    "MaterializeOnParentUpdatedRule": ("MATERIALIZE", "upstream data has changed since latest materialization"),
    "MaterializeOnMissingRule": ("MATERIALIZE", "materialization is missing"),
    "SkipOnParentMissingRule": ("SKIP", "waiting on upstream data to be present"),
    "SkipOnParentOutdatedRule": ("SKIP", "waiting on upstream data to be up to date"),
    "SkipOnNotAllParentsUpdatedRule": ("SKIP", "waiting on upstream data to be updated"),
    "SkipOnNotAllParentsUpdatedSinceCronRule": (
        "SKIP",
        "waiting until all upstream assets have updated since the cron tick",
    ),
    "SkipOnRequiredButNonexistentParentsRule": ("SKIP", "required parent partitions do not exist"),
    "SkipOnBackfillInProgressRule": ("SKIP", "targeted by an in-progress backfill"),
    "SkipOnRunInProgressRule": ("SKIP", "in-progress run for asset"),
    "DiscardOnMaxMaterializationsExceededRule": ("DISCARD", "exceeds the number of materializations a minute"),
}


class RuleCondition(AutomationCondition, frozen=True, kw_only=True, eq=False):
    """An older rule as a condition."""

    rule: AutoMaterializeRule

    @property
    def name(self) -> str:
        """Return the name of the rule."""
        return type(self.rule).__name__

    @property
    def description(self) -> str:
        """Return what the rule says."""
        return self.rule.description

    @property
    def has_rule_condition(self) -> bool:
        """Tell that an older rule is among the parts: this one."""
        return True


class AutoMaterializePolicy(msgspec.Struct, frozen=True):
    """
    When an asset is to run by itself, in the older form; carried. Use automation conditions instead.

    Attributes:
        rules: Reasons to run and to skip.
        max_materializations_per_minute: No more partitions than so many are requested at once; None for any
            number.
        asset_condition: The condition, in place of rules.
    """

    rules: AbstractSet[AutoMaterializeRule]
    max_materializations_per_minute: int | None = 1
    asset_condition: AutomationCondition | None = None

    def __post_init__(self) -> None:
        limit = self.max_materializations_per_minute
        if limit is not None and limit <= 0:
            raise InvalidDefinitionError(
                f"max_materializations_per_minute is {limit}.", mend="give a positive number, or None for any number."
            )
        if self.rules and self.asset_condition is not None:
            raise InvalidDefinitionError("A policy has both rules and a condition.", mend="give one of them.")
        msgspec.structs.force_setattr(self, "rules", frozenset(self.rules))

    @staticmethod
    def eager(max_materializations_per_minute: int | None = 1) -> AutoMaterializePolicy:
        """Run the asset whenever something upstream changed, or it is missing."""
        return AutoMaterializePolicy(
            frozenset(
                {
                    AutoMaterializeRule.materialize_on_missing(),
                    AutoMaterializeRule.materialize_on_parent_updated(),
                    *AutoMaterializePolicy.lazy().rules,
                }
            ),
            max_materializations_per_minute,
        )

    @staticmethod
    def lazy(max_materializations_per_minute: int | None = 1) -> AutoMaterializePolicy:
        """Run the asset where a freshness policy downstream needs it."""
        return AutoMaterializePolicy(
            frozenset(
                {
                    AutoMaterializeRule.materialize_on_required_for_freshness(),
                    AutoMaterializeRule.skip_on_parent_outdated(),
                    AutoMaterializeRule.skip_on_parent_missing(),
                    AutoMaterializeRule.skip_on_required_but_nonexistent_parents(),
                    AutoMaterializeRule.skip_on_backfill_in_progress(),
                }
            ),
            max_materializations_per_minute,
        )

    @staticmethod
    def from_automation_condition(automation_condition: AutomationCondition) -> AutoMaterializePolicy:
        """Return a condition in the form of a policy."""
        return AutoMaterializePolicy(frozenset(), None, automation_condition)

    @property
    def materialize_rules(self) -> AbstractSet[AutoMaterializeRule]:
        """Return the reasons to run."""
        return {each for each in self.rules if each.decision_type == "MATERIALIZE"}

    @property
    def skip_rules(self) -> AbstractSet[AutoMaterializeRule]:
        """Return the reasons to skip."""
        return {each for each in self.rules if each.decision_type == "SKIP"}

    @property
    def rule_snapshots(self) -> Sequence[Mapping[str, Any]]:
        """Return the rules as data that needs no code."""
        return [each.to_snapshot() for each in self.rules]

    @property
    def policy_type(self) -> str:
        """Return ``EAGER`` where an update upstream is a reason to run, else ``LAZY``."""
        return "EAGER" if AutoMaterializeRule.materialize_on_parent_updated() in self.rules else "LAZY"

    def without_rules(self, *rules_to_remove: AutoMaterializeRule) -> AutoMaterializePolicy:
        """
        Return the policy without some of its rules.

        Raises:
            InvalidInvocationError: One of them is none of its rules.
        """
        for each in rules_to_remove:
            if each not in self.rules:
                raise InvalidInvocationError(f"Rule {each!r} is not in the policy.", mend="see .rules.")
        return msgspec.structs.replace(self, rules=self.rules - set(rules_to_remove))

    def with_rules(self, *rules_to_add: AutoMaterializeRule) -> AutoMaterializePolicy:
        """Return the policy with further rules; each takes the place of one of its own kind."""
        kinds = {type(each) for each in rules_to_add}
        kept = {each for each in self.rules if type(each) not in kinds}
        return msgspec.structs.replace(self, rules=frozenset({*kept, *rules_to_add}))

    def to_automation_condition(self) -> AutomationCondition:
        """Return the policy as a condition."""
        if self.asset_condition is not None:
            return self.asset_condition
        reasons = _any_of(self.materialize_rules)
        skips = _any_of(self.skip_rules)
        made: AutomationCondition = reasons & ~skips if skips.children else reasons
        limit = self.max_materializations_per_minute
        if limit is not None:
            made = made & ~RuleCondition(rule=DiscardOnMaxMaterializationsExceededRule(limit))
        return made


def _any_of(rules: AbstractSet[AutoMaterializeRule]) -> OrAutomationCondition:
    ordered = sorted(rules, key=repr)
    return OrAutomationCondition(operands=tuple(each.to_asset_condition() for each in ordered))


# -- small things ------------------------------------------------------------------------------


def _operands(kind: type[Any], condition: AutomationCondition) -> tuple[AutomationCondition, ...]:
    """Return the operands of an unlabelled condition of this kind, so that chains stay flat."""
    if type(condition) is kind and condition.label is None:
        operands: tuple[AutomationCondition, ...] = condition.operands  # type: ignore[attr-defined]  # of that kind
        return operands
    return (condition,)


def _one(given: Any, operator: str) -> tuple[AutomationCondition]:
    if not isinstance(given, AutomationCondition):
        raise InvalidDefinitionError(
            f"{given!r} ({type(given).__name__}) stands beside '{operator}' in an automation condition, but is none.",
            mend="write AutomationCondition.missing(), for example.",
        )
    return (given,)


def _checked_selection(given: Any) -> None:
    if not isinstance(given, AssetSelection):
        raise InvalidDefinitionError(
            f"{given!r} ({type(given).__name__}) is no asset selection.", mend="write AssetSelection.assets(...)."
        )


def _keys(given: AbstractSet[str] | None) -> tuple[str, ...] | None:
    return tuple(sorted(given)) if given is not None else None


def _pairs(given: Mapping[str, str] | None) -> tuple[tuple[str, str], ...] | None:
    return tuple(sorted(given.items())) if given is not None else None


def _digest(*parts: str) -> str:
    return hashlib.md5("\0".join(parts).encode(), usedforsecurity=False).hexdigest()
