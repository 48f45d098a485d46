"""
Asset checks: what the user's function says, and what the record of it keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey
from orrery.base.metadata import AnyMetadataValue, RawMetadataMapping, normalize_metadata
from orrery.base.records import Replaceable

__all__ = [
    "AssetCheckEvaluation",
    "AssetCheckEvaluationPlanned",
    "AssetCheckEvaluationTargetMaterializationData",
    "AssetCheckResult",
    "AssetCheckSeverity",
]

_put = msgspec.structs.force_setattr


class AssetCheckSeverity(Enum):
    """
    How bad it is that a check does not pass.

    WARN is told and shown; ERROR degrades the asset, and blocks its dependants where the check is
    blocking.
    """

    WARN = "WARN"
    ERROR = "ERROR"


def _truth(what: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    item = getattr(value, "item", None)  # a NumPy truth value, the fruit of most comparisons on data
    plain = item() if callable(item) and getattr(value, "shape", None) == () else value
    if isinstance(plain, bool):
        return plain
    raise InvalidDefinitionError(
        f"{what} is True or False, not {value!r} ({type(value).__name__}).", mend=f"give bool({value!r})."
    )


def _checked_severity(value: object) -> None:
    if not isinstance(value, AssetCheckSeverity):
        raise InvalidDefinitionError(
            f"The severity of a check is an AssetCheckSeverity, not {value!r} ({type(value).__name__}).",
            mend="give AssetCheckSeverity.WARN or AssetCheckSeverity.ERROR.",
        )


class AssetCheckResult(Replaceable, msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """
    Say whether a check of an asset passed.

    Attributes:
        passed: Whether it did.
        asset_key: The asset; may be left out where one asset is checked.
        check_name: The check; may be left out where the function has one check.
        metadata: What was measured.
        severity: How bad it is if it did not pass.
        description: What was found, for people.
    """

    passed: bool
    asset_key: AssetKey | None = None
    check_name: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = {}
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR
    description: str | None = None

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(
            self,
            *,
            passed: bool,
            asset_key: CoercibleToAssetKey | None = None,
            check_name: str | None = None,
            metadata: RawMetadataMapping | None = None,
            severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
            description: str | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        _put(self, "passed", _truth("'passed' of an asset check result", self.passed))
        if self.asset_key is not None:
            _put(self, "asset_key", AssetKey.from_coercible(self.asset_key))
        _optional_text("The name of a check", self.check_name)
        _put(self, "metadata", normalize_metadata(self.metadata))
        _checked_severity(self.severity)
        _optional_text("The description of a check result", self.description)

    def with_metadata(self, metadata: RawMetadataMapping) -> AssetCheckResult:
        """Return the result with *metadata* in place of its own."""
        return AssetCheckResult(
            passed=self.passed,
            asset_key=self.asset_key,
            check_name=self.check_name,
            metadata=metadata,
            severity=self.severity,
            description=self.description,
        )

    def resolve_target_check_key(
        self, check_names_by_asset_key: Mapping[AssetKey, Iterable[str]] | None
    ) -> AssetCheckKey:
        """
        Return which check this result is of, given the checks that the step may evaluate.

        Args:
            check_names_by_asset_key: Names of the checks of the step, by asset.

        Raises:
            InvariantViolationError: It is none of them, or it does not say which of several it is.
        """
        possible = [
            AssetCheckKey(asset_key, name)
            for asset_key, names in (check_names_by_asset_key or {}).items()
            for name in names
        ]
        if not possible:
            raise InvariantViolationError(
                f"An asset check result was given ({self._said()}) where no check is declared.",
                mend="declare it with check_specs=[AssetCheckSpec(...)].",
            )
        fitting = [
            key for key in possible if self.asset_key in (None, key.asset_key) and self.check_name in (None, key.name)
        ]
        if len(fitting) == 1:
            return fitting[0]
        listed = ", ".join(key.to_user_string() for key in possible)
        if fitting:
            raise InvariantViolationError(
                f"An asset check result ({self._said()}) does not say which check it is of: {listed}.",
                mend="give asset_key= and check_name=.",
            )
        mend = "name one of the declared checks, or declare this one."
        if self.check_name is not None:
            mend = nearest_hint(self.check_name, [key.name for key in possible], noun="check")
        raise InvariantViolationError(
            f"An asset check result ({self._said()}) is of no declared check; declared are {listed}.", mend=mend
        )

    def _said(self) -> str:
        asset = "no asset key" if self.asset_key is None else f"asset '{self.asset_key.to_user_string()}'"
        return f"{asset}, {'no check name' if self.check_name is None else f'check {self.check_name!r}'}"

    def to_asset_check_evaluation(self, step_context: Any) -> AssetCheckEvaluation:
        """
        Return the evaluation that records this result.

        Args:
            step_context: The running step: has ``check_names_by_asset_key`` and, where known,
                ``get_check_spec(key)``, ``latest_target_materialization(asset_key)`` and ``partition_key``.
        """
        key = self.resolve_target_check_key(step_context.check_names_by_asset_key)
        return self.evaluation_of(
            key,
            target=step_context.latest_target_materialization(key.asset_key),
            blocking=step_context.get_check_spec(key).blocking,
            partition=step_context.partition_key if step_context.has_partition_key else None,
        )

    def evaluation_of(
        self,
        key: AssetCheckKey,
        *,
        target: AssetCheckEvaluationTargetMaterializationData | None = None,
        blocking: bool = False,
        partition: str | None = None,
    ) -> AssetCheckEvaluation:
        """
        Return the evaluation that records this result of the check *key*.

        Args:
            key: The check, as ``resolve_target_check_key`` tells it.
            target: The materialization that was checked, if one is known.
            blocking: Whether the check blocks the dependants of its asset.
            partition: The partition that was checked.
        """
        return AssetCheckEvaluation(
            key.asset_key,
            key.name,
            self.passed,
            self.metadata,
            target,
            self.severity,
            self.description,
            blocking,
            partition,
        )


def _optional_text(what: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidDefinitionError(
            f"{what} is text, not {value!r} ({type(value).__name__}).", mend=f"give {str(value)!r}."
        )


class AssetCheckEvaluationTargetMaterializationData(msgspec.Struct, frozen=True, gc=False):
    """
    Which materialization a check looked at.

    Attributes:
        storage_id: Row of its event.
        run_id: The run that made it.
        timestamp: When, in seconds since 1970 (UTC).
    """

    storage_id: int
    run_id: str
    timestamp: float


class AssetCheckEvaluationPlanned(msgspec.Struct, frozen=True, gc=False, tag="asset_check_planned", omit_defaults=True):
    """
    A run is going to evaluate a check.

    Attributes:
        asset_key: The asset.
        check_name: The check.
        partition: The partition, if one.
    """

    asset_key: AssetKey
    check_name: str
    partition: str | None = None

    @property
    def asset_check_key(self) -> AssetCheckKey:
        """Return the key of the check."""
        return AssetCheckKey(self.asset_key, self.check_name)


class AssetCheckEvaluation(msgspec.Struct, frozen=True, gc=False, tag="asset_check_evaluation", omit_defaults=True):
    """
    The record of one evaluation of a check.

    Attributes:
        asset_key: The asset.
        check_name: The check.
        passed: Whether it passed.
        metadata: What was measured.
        target_materialization_data: The materialization that was checked, if one was known.
        severity: How bad it is if it did not pass.
        description: What was found, for people.
        blocking: Whether the check blocks the dependants of its asset.
        partition: The partition that was checked, if one.
    """

    asset_key: AssetKey
    check_name: str
    passed: bool
    metadata: Mapping[str, AnyMetadataValue] = {}
    target_materialization_data: AssetCheckEvaluationTargetMaterializationData | None = None
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR
    description: str | None = None
    blocking: bool | None = None
    partition: str | None = None

    def __post_init__(self) -> None:
        if self.asset_key.__class__ is not AssetKey:
            _put(self, "asset_key", AssetKey.from_coercible(self.asset_key))
        _put(self, "passed", _truth("'passed' of an asset check evaluation", self.passed))
        _put(self, "metadata", normalize_metadata(self.metadata))

    @property
    def asset_check_key(self) -> AssetCheckKey:
        """Return the key of the check."""
        return AssetCheckKey(self.asset_key, self.check_name)

    def with_metadata(self, metadata: RawMetadataMapping) -> AssetCheckEvaluation:
        """Return the evaluation with *metadata* in place of its own."""
        return msgspec.structs.replace(self, metadata=normalize_metadata(metadata))
