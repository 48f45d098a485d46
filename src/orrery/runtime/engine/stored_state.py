"""
How the stored value of an output is, as its IO manager tells: before a step runs, and where a load has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from orrery.base.errors import UntrustedValueError, UnusableValueError, ValueNotFoundError
from orrery.base.keys import AssetKey
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.contexts.output import OutputContext
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.contexts.stored_values import describe_value
from orrery.runtime.engine.spoken_of import AssetsSpokenOf

__all__ = ["StoredState", "can_tell", "described_outputs", "trouble_in_store"]


class StoredState:
    """
    Answer for one run.

    Args:
        run: The run.
        managers: IO managers by key.
        assets: The assets of the run.
        is_there: Tells whether the value that was made last is stored, where its IO manager can tell of many at once;
            None where it cannot.
    """

    def __init__(
        self,
        run: Any,
        managers: Mapping[str, Any],
        assets: AssetsSpokenOf,
        is_there: Callable[[StepOutput, AssetKey, str | None], bool | None],
    ) -> None:
        self._run = run
        self._managers = managers
        self._assets = assets
        self._is_there = is_there

    def of(
        self,
        step: ExecutionStep,
        context: StepExecutionContext,
        output: StepOutput,
        policy: CachePolicy | None,
        content: str | None,
        partition: str | None = None,
    ) -> str:
        """
        Return how the stored value is: ``present``, ``missing``, ``damaged: how``, ``unknown``.

        Args:
            step: The step that makes it.
            context: That of the step, of the one partition if the asset has any.
            output: The output.
            policy: Says how closely to look.
            partition: The partition, if the asset has any.
            content: Names the bytes that were stored, if that was noted.
        """
        if policy is None or policy.verify == "none" or output.definition.dagster_type.is_nothing:
            return "unknown"
        key = output.asset_key
        if (
            policy.verify == "exists"
            and key is not None
            and self._assets.partitions_def_of(key) is None
            and self._is_there(output, key, content)
        ):
            return "present"
        manager = self._managers.get(output.definition.io_manager_key)
        look = _look_of(manager)
        if look is None:
            return "unknown"
        described = _described(self._run, step, context, output)
        check, is_own = getattr(manager, "check_output", None), getattr(manager, "check_content", None)
        try:
            if content is not None and is_own is not None:
                is_own(described, {partition: content})
            elif not look(described):
                return "missing"
            if policy.verify == "digest" and check is not None:
                check(described)
        except ValueNotFoundError:
            return "missing"
        except (UnusableValueError, UntrustedValueError) as error:
            return f"damaged: {error.args[0] if error.args else error}"
        return "present"


def can_tell(manager: Any) -> bool:
    """Tell whether an IO manager says which values it has."""
    return _look_of(manager) is not None


def described_outputs(
    context: StepExecutionContext, step: ExecutionStep, output: StepOutput
) -> Iterable[tuple[str | None, OutputContext]]:
    """
    Yield each partition of an output that the run makes, with what its IO manager is asked by; None for the whole.

    Args:
        context: Any step of the run.
        step: The step that makes the output.
        output: The output, of an asset.
    """
    run, own = context.plan_context.run, StepExecutionContext(context.plan_context, step)
    key = output.asset_key
    partitions = own.partition_keys_of_output(key) if key is not None and own.run_tags else ()
    if not partitions:
        yield None, _described(run, step, own, output)
    for each in partitions:
        yield str(each), _described(run, step, own.of_partitions([each]), output)


def trouble_in_store(manager: Any, outputs: Iterable[tuple[str | None, OutputContext]]) -> UnusableValueError | None:
    """
    Ask the IO manager that stored values whether they are there and whole; return what is wrong with the first that is not.

    The error names all partitions of which the same is to be said.

    Args:
        manager: The IO manager; :func:`can_tell` says that it can be asked.
        outputs: Each value, with its partition.
    """
    look, check = _look_of(manager), getattr(manager, "check_output", None)
    assert look is not None
    first: UnusableValueError | None = None
    partitions: list[str] = []
    for partition, described in outputs:
        trouble: UnusableValueError | None = None
        if not look(described):
            name = describe_value(described, partition)
            trouble = ValueNotFoundError(f"No value of {name} is stored.", mend=f"materialize {name} first.")
        elif check is not None:
            try:
                check(described)
            except UnusableValueError as error:
                trouble = error
        if trouble is not None and (first is None or type(trouble) is type(first)):
            first = first or trouble
            if partition is not None:
                partitions.append(partition)
    if first is not None:
        first.partitions = tuple(partitions)
    return first


def _look_of(manager: Any) -> Callable[[Any], bool] | None:
    found: Callable[[Any], bool] | None = getattr(manager, "has_output", None) or getattr(manager, "has_value", None)
    return found


def _described(run: Any, step: ExecutionStep, context: StepExecutionContext, output: StepOutput) -> OutputContext:
    definition = output.definition
    return OutputContext(
        step.key,
        output.name,
        run.job_name,
        run.run_id,
        definition.raw_metadata,
        None,
        context.op_entry.outputs.get(output.name) if context.op_entry.outputs else None,
        definition.dagster_type,
        step_context=context,
        op_def=step.op,
        asset_key=output.asset_key,
        manager_key=definition.io_manager_key,
    )
