"""
Every error that Orrery raises, in one tree.

::

    OrreryError
    ├── InvalidDefinitionError            a declaration that cannot stand
    │   ├── DuplicateDefinitionError      two definitions under one key
    │   ├── CyclicDependencyError         a graph that runs into itself
    │   ├── UnknownAssetError             a key that no definition provides
    │   └── InvalidSubsetError            a selection that selects nothing, or what is not there
    ├── InvalidConfigDefinitionError      a config schema that cannot be built
    │   └── InvalidPythonicConfigDefinitionError
    ├── InvalidConfigError                run config that its schema refuses
    ├── InvalidInvocationError            a definition called with the wrong arguments
    │   └── WrongArgumentsError           (also TypeError) a record made of the wrong arguments
    ├── InvalidMetadataError              metadata that has no metadata type
    ├── InvalidPropertyError              an attribute of a context asked outside its place
    ├── InvariantViolationError           a rule of the running system was broken
    ├── PlanOutdatedError                 a saved plan whose world has moved
    ├── UnknownResourceError              (also AttributeError) a resource that nobody provides
    ├── UnknownPartitionError             a partition key outside its definition
    ├── UndefinedDataVersionError         a data version that was never recorded
    ├── TypeCheckDidNotPass               a value that fails its declared type
    ├── UnmetExecutorRequirementsError    an executor that cannot run this job here
    ├── StepOutputNotFoundError           a value that no step of the run gave
    ├── ExecutionStepNotFoundError        a step key outside the plan
    ├── BackfillNotFoundError             a backfill that is not recorded
    ├── RunNotFoundError / RunAlreadyExistsError / RunConflictError
    ├── EventLogInvalidForRunError        an event log that tells no consistent story
    ├── MaxRetriesExceededError           a step that used up its retries
    ├── TimeLimitExceededError            a step or a run that was stopped at its time limit
    ├── AssetCheckFailedError             a blocking check that failed
    ├── RemoteValueError                  a place of values that is out of reach, or refuses
    ├── ProbeFailedError                  a source whose version could not be learned
    ├── UnusableValueError                a stored value that cannot be loaded
    │   ├── DamagedValueError             ... as its bytes are not what was written
    │   └── ValueNotFoundError            ... as it is not there
    ├── UntrustedValueError               a stored pickle that this instance did not sign
    ├── StorageError                      records that cannot be read or written
    │   ├── SchemaVersionError            records of a newer release
    │   ├── StorageUnavailableError       records that cannot be reached now: locked, full, or the server is gone
    │   └── HomeNotSetError               no place for records is known
    ├── CodeLocationLoadError             definitions that cannot be loaded
    ├── SubprocessError                   a child process that ended badly
    ├── PipesExecutionError               an external process that broke the protocol
    └── UserCodeExecutionError            code of the user raised; ``user_exception`` holds it
        ├── ExecutionStepExecutionError   ... in the function of a step
        ├── ExecutionLoadInputError       ... in ``load_input`` of an IO manager
        ├── ExecutionHandleOutputError    ... in ``handle_output`` of an IO manager
        ├── ResourceFunctionError         ... while a resource was set up
        ├── ConfigMappingFunctionError    ... in a config mapping
        ├── TypeCheckError                ... in a type check function
        ├── TypeLoadingError              ... in a type loader
        ├── HookExecutionError            ... in a hook
        ├── ScheduleExecutionError        ... in a function of a schedule
        └── UserCodeLoadError             ... while definitions were imported
    ExecutionInterruptedError             (BaseException) the run was asked to stop

A message has two parts: what is wrong, in the user's own names, and what to try, as an order. Every
class has a stable ``code``: its heading on the errors page of the documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

__all__ = [
    "AssetCheckFailedError",
    "BackfillNotFoundError",
    "CodeLocationLoadError",
    "ConfigMappingFunctionError",
    "CyclicDependencyError",
    "DamagedValueError",
    "DuplicateDefinitionError",
    "EventLogInvalidForRunError",
    "ExecutionHandleOutputError",
    "ExecutionInterruptedError",
    "ExecutionLoadInputError",
    "ExecutionStepExecutionError",
    "ExecutionStepNotFoundError",
    "HomeNotSetError",
    "HookExecutionError",
    "InvalidConfigDefinitionError",
    "InvalidConfigError",
    "InvalidDefinitionError",
    "InvalidInvocationError",
    "InvalidMetadataError",
    "InvalidPropertyError",
    "InvalidPythonicConfigDefinitionError",
    "InvalidSubsetError",
    "InvariantViolationError",
    "MaxRetriesExceededError",
    "OrreryError",
    "PipesExecutionError",
    "PlanOutdatedError",
    "ProbeFailedError",
    "RemoteValueError",
    "ResourceFunctionError",
    "RunAlreadyExistsError",
    "RunConflictError",
    "RunNotFoundError",
    "ScheduleExecutionError",
    "SchemaVersionError",
    "StepOutputNotFoundError",
    "StorageError",
    "StorageUnavailableError",
    "SubprocessError",
    "TimeLimitExceededError",
    "TypeCheckDidNotPass",
    "TypeCheckError",
    "TypeLoadingError",
    "UndefinedDataVersionError",
    "UnknownAssetError",
    "UnknownPartitionError",
    "UnknownResourceError",
    "UnmetExecutorRequirementsError",
    "UntrustedValueError",
    "UnusableValueError",
    "UserCodeExecutionError",
    "UserCodeLoadError",
    "ValueNotFoundError",
    "WrongArgumentsError",
    "nearest",
    "nearest_hint",
]


class OrreryError(Exception):
    """
    Root of all errors that Orrery raises.

    Args:
        what: What is wrong, in the user's own names.
        mend: What to try, as an order; shown on a line of its own.

    Attributes:
        code: Stable name of the kind of error: its heading in the documentation.
        mend: The order given at construction, if any.
    """

    code: ClassVar[str] = "error"

    def __init__(self, what: object = "", *rest: object, mend: str | None = None) -> None:
        super().__init__(what, *rest)
        self.mend = mend

    @property
    def is_user_code_error(self) -> bool:
        """Tell whether the fault lies in code of the user and not in ours."""
        return False

    def __str__(self) -> str:
        what = str(self.args[0]) if self.args else ""
        return f"{what}\n  Try: {self.mend}\n  More: errors#{self.code}" if self.mend else what


class InvalidDefinitionError(OrreryError):
    """A declaration cannot stand as it is written."""

    code = "invalid-definition"


class DuplicateDefinitionError(InvalidDefinitionError):
    """Two definitions claim one key; the message names both places."""

    code = "duplicate-definition"


class CyclicDependencyError(InvalidDefinitionError):
    """
    A graph runs into itself.

    Attributes:
        members: The members of one cycle, in order, as shown to people.
    """

    code = "cyclic-dependency"

    def __init__(self, what: object = "", *rest: object, mend: str | None = None, members: Sequence[str] = ()) -> None:
        super().__init__(what, *rest, mend=mend)
        self.members = tuple(members)


class UnknownAssetError(InvalidDefinitionError):
    """A key was named that no definition provides."""

    code = "unknown-asset"


class InvalidConfigDefinitionError(OrreryError):
    """A config schema cannot be built from what was given."""

    code = "invalid-config-definition"


class InvalidPythonicConfigDefinitionError(InvalidConfigDefinitionError):
    """A config or resource class has a field that no config can express."""

    code = "invalid-config-class"


class InvalidConfigError(OrreryError):
    """
    Config was given that its schema refuses; all problems are told at once.

    Attributes:
        problems: One value per problem (path, given, expected, nearest name).
        errors: The same, under the name that users of the compatible package know.
    """

    code = "invalid-config"

    def __init__(
        self, what: object = "", *rest: object, mend: str | None = None, problems: Sequence[object] = ()
    ) -> None:
        super().__init__(what, *rest, mend=mend)
        self.problems = tuple(problems)

    @property
    def errors(self) -> Sequence[object]:
        """Return the problems."""
        return self.problems


class InvalidInvocationError(OrreryError):
    """A definition was called directly with arguments that it does not take."""

    code = "invalid-invocation"


class WrongArgumentsError(InvalidInvocationError, TypeError):
    """A record was made of arguments that its class does not take."""

    code = "wrong-arguments"


class InvalidMetadataError(OrreryError):
    """A metadata value has no metadata type."""

    code = "invalid-metadata"


class InvalidSubsetError(InvalidDefinitionError):
    """A selection names what is not there, or selects nothing."""

    code = "invalid-selection"


class InvalidPropertyError(OrreryError):
    """An attribute of a context was asked where it has no meaning."""

    code = "invalid-property"


class InvariantViolationError(OrreryError):
    """A rule of the running system was broken by a definition or a call."""

    code = "invariant-violation"


class PlanOutdatedError(OrreryError):
    """A saved plan was to be carried out, and something changed since it was made."""

    code = "plan-outdated"


class ProbeFailedError(OrreryError):
    """The probe of a source raised, or gave no version."""

    code = "probe-failed"


class UnknownResourceError(OrreryError, AttributeError):
    """A resource was asked for that nobody declared or provides."""

    code = "unknown-resource"


class UnknownPartitionError(OrreryError):
    """A partition key lies outside its partitions definition."""

    code = "unknown-partition"


class BackfillNotFoundError(OrreryError):
    """A backfill is not recorded."""

    code = "backfill-not-found"


class UndefinedDataVersionError(OrreryError):
    """A data version was asked for that was never recorded."""

    code = "undefined-data-version"


class TypeCheckDidNotPass(OrreryError):
    """
    A value fails its declared type.

    Attributes:
        description: What the type check said, if anything.
        metadata: What the type check measured, as metadata values by name.
        dagster_type: The type that was expected.
    """

    code = "type-check"

    def __init__(
        self,
        what: object = "",
        *rest: object,
        mend: str | None = None,
        description: str | None = None,
        metadata: object = None,
        dagster_type: object = None,
    ) -> None:
        super().__init__(what, *rest, mend=mend)
        self.description = description
        self.metadata = metadata
        self.dagster_type = dagster_type


class UnmetExecutorRequirementsError(OrreryError):
    """An executor cannot run this job in this place."""

    code = "executor-requirements"


class StepOutputNotFoundError(InvariantViolationError):
    """
    A value was asked for that no step of the run gave.

    Attributes:
        step_key: The step that should have given it.
        output_name: The output that was asked for.
    """

    code = "step-output-not-found"

    def __init__(
        self,
        what: object = "",
        *rest: object,
        mend: str | None = None,
        step_key: str | None = None,
        output_name: str | None = None,
    ) -> None:
        super().__init__(what, *rest, mend=mend)
        self.step_key = step_key
        self.output_name = output_name


class ExecutionStepNotFoundError(OrreryError):
    """
    A step key was named that the plan does not have.

    Attributes:
        step_keys: The keys that were not found.
    """

    code = "step-not-found"

    def __init__(
        self, what: object = "", *rest: object, mend: str | None = None, step_keys: Sequence[str] = ()
    ) -> None:
        super().__init__(what, *rest, mend=mend)
        self.step_keys = list(step_keys)


class RunNotFoundError(OrreryError):
    """No run of this id is recorded."""

    code = "run-not-found"


class RunAlreadyExistsError(OrreryError):
    """A run of this id is recorded already."""

    code = "run-already-exists"


class RunConflictError(OrreryError):
    """A run of this id is recorded with other contents, or a living process executes it."""

    code = "run-conflict"


class EventLogInvalidForRunError(OrreryError):
    """The event log of a run tells no consistent story."""

    code = "event-log-invalid"


class MaxRetriesExceededError(OrreryError):
    """A step asked to be retried more often than its policy allows."""

    code = "max-retries-exceeded"


class TimeLimitExceededError(OrreryError):
    """
    A step or a run took longer than it may, and was stopped.

    Attributes:
        scope: Whose limit it was: ``step`` or ``run``.
        seconds: The limit.
    """

    code = "time-limit"

    def __init__(
        self, what: object = "", *, mend: str | None = None, scope: str = "step", seconds: float = 0.0
    ) -> None:
        super().__init__(what, mend=mend)
        self.scope = scope
        self.seconds = seconds


class AssetCheckFailedError(OrreryError):
    """A blocking asset check failed."""

    code = "asset-check-failed"


class UnusableValueError(OrreryError):
    """
    A stored value cannot be loaded: it is damaged, or is not there.

    Attributes:
        partitions: Which partitions, where several were asked for: those that are known, one at least.
        is_latest: Whether it is the value that the asset has now; one of the past, which was asked for, nobody makes again.
        made_again_by: The step of the run that makes it again, where the run does so before it goes on.
    """

    code = "unusable-value"
    is_latest: bool = True
    partitions: tuple[str, ...] = ()
    made_again_by: str | None = None


class DamagedValueError(UnusableValueError):
    """The bytes of a stored value are not the bytes that were written."""

    code = "damaged-value"


class ValueNotFoundError(UnusableValueError):
    """A stored value is not there."""

    code = "value-not-found"


class UntrustedValueError(OrreryError):
    """A stored pickle was not signed with the key of this instance: loading it could run anybody's code."""

    code = "untrusted-value"


class RemoteValueError(OrreryError):
    """
    A place that keeps values is out of reach, or refuses what was asked.

    Attributes:
        is_out_of_reach: Whether it may do it later; False if it refused.
    """

    code = "remote-value"

    def __init__(self, message: str, *, mend: str | None = None, is_out_of_reach: bool = False) -> None:
        super().__init__(message, mend=mend)
        self.is_out_of_reach = is_out_of_reach


class StorageError(OrreryError):
    """Records cannot be read or written."""

    code = "storage"


class SchemaVersionError(StorageError):
    """The records were made by a newer release than this one."""

    code = "schema-version"


class StorageUnavailableError(StorageError):
    """Records cannot be read or written now: they are locked, the disk is full, or the server is gone."""

    code = "storage-unavailable"


class HomeNotSetError(StorageError):
    """No place for records is known."""

    code = "home-not-set"


class CodeLocationLoadError(OrreryError):
    """Definitions cannot be loaded from the place that was named."""

    code = "code-location"


class SubprocessError(OrreryError):
    """
    A child process ended badly.

    Attributes:
        subprocess_error_infos: What each child reported, as error values.
    """

    code = "subprocess"

    def __init__(
        self,
        what: object = "",
        *rest: object,
        mend: str | None = None,
        subprocess_error_infos: Sequence[object] = (),
    ) -> None:
        super().__init__(what, *rest, mend=mend)
        self.subprocess_error_infos = list(subprocess_error_infos)


class PipesExecutionError(OrreryError):
    """An external process failed or broke the Pipes protocol."""

    code = "pipes"


class UserCodeExecutionError(OrreryError):
    """
    Code of the user raised.

    Attributes:
        user_exception: The exception as the user's code raised it.
    """

    code = "user-code"

    def __init__(
        self,
        what: object = "",
        *rest: object,
        mend: str | None = None,
        user_exception: BaseException | None = None,
    ) -> None:
        super().__init__(what, *rest, mend=mend)
        self.user_exception = user_exception

    @property
    def is_user_code_error(self) -> bool:
        """Tell whether the fault lies in code of the user and not in ours."""
        return True


class ExecutionStepExecutionError(UserCodeExecutionError):
    """The function of a step raised."""

    code = "step-execution"


class ExecutionLoadInputError(UserCodeExecutionError):
    """``load_input`` of an IO manager raised."""

    code = "load-input"


class ExecutionHandleOutputError(UserCodeExecutionError):
    """``handle_output`` of an IO manager raised."""

    code = "handle-output"


class ResourceFunctionError(UserCodeExecutionError):
    """A resource raised while it was set up."""

    code = "resource-function"


class ConfigMappingFunctionError(UserCodeExecutionError):
    """A config mapping raised."""

    code = "config-mapping"


class TypeCheckError(UserCodeExecutionError):
    """A type check function raised."""

    code = "type-check-function"


class TypeLoadingError(UserCodeExecutionError):
    """A type loader raised."""

    code = "type-loader"


class HookExecutionError(UserCodeExecutionError):
    """A hook raised."""

    code = "hook"


class ScheduleExecutionError(UserCodeExecutionError):
    """A function of a schedule raised."""

    code = "schedule"


class UserCodeLoadError(UserCodeExecutionError):
    """A module of the user raised while definitions were loaded from it."""

    code = "user-code-load"


class ExecutionInterruptedError(BaseException):
    """
    The run was asked to stop (SIGINT, SIGTERM, or a termination request).

    Not an :class:`Exception`, so that user code that catches those does not swallow it.
    """


def nearest(name: str, known: Iterable[str]) -> str | None:
    """
    Return the known name that lies nearest to *name*, or None if none is near.

    >>> nearest("order", ["orders", "users"])
    'orders'
    """
    import difflib  # 1 ms, and only mistakes need it

    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def nearest_hint(name: str, known: Iterable[str], *, noun: str) -> str:
    """
    Return an order that helps who wrote *name*: the nearest known name, or what there is.

    >>> nearest_hint("order", ["orders", "users"], noun="asset")
    "write 'orders', the nearest name that exists."
    """
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"write '{near}', the nearest name that exists."
    if not names:
        return f"define one: there is no {noun} yet."
    shown = ", ".join(f"'{each}'" for each in names[:10])
    return f"use one of {shown}{', ...' if len(names) > 10 else ''}."
