"""
A run, shown while it goes on: what ``orrery materialize`` and ``orrery job run`` have in common.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from orrery.api.verbs.execute import check_partition_range, execute_job_in_process, plan_of, resources_for
from orrery.base.errors import ExecutionInterruptedError, InvalidInvocationError
from orrery.cli.displays.display import Display
from orrery.cli.displays.json_lines import JsonLines
from orrery.cli.displays.plain import PlainLines
from orrery.cli.endings import FAILED, SUCCESS, OutputLost, forget_output, wrong_usage
from orrery.cli.happenings import RunView
from orrery.cli.interrupts import Asked, once_in_order
from orrery.cli.json_output import json_stream
from orrery.cli.options import RunOptions
from orrery.cli.paper import is_terminal
from orrery.model.events.entry import EventLogEntry
from orrery.model.partitions.loading import PartitionLoadingContext, partition_loading_context
from orrery.plan.discovering import finds_all_partitions
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.variables import refuse_missing_variables
from orrery.runtime.instance.instance import Instance
from orrery.runtime.ports.compute_logs import outside_capture
from orrery.runtime.remote.messages import JobOrigin

__all__ = ["load_config", "plan_checked", "run_shown"]


def run_shown(
    job: Any,
    options: RunOptions,
    config: Mapping[str, Any] | None,
    *,
    origin: JobOrigin | None = None,
    **selection: Any,
) -> int:
    """
    Run *job* in the instance of the project, show it, and return the exit code.

    Args:
        job: The job.
        options: What the user said of the run.
        config: The run config; None for the job's own.
        origin: Where the job comes from, for other processes; None where it runs in this one.
        selection: What the run record says of the selection, and which stored values may be used again.
    """
    with Instance.get() as instance:
        plan = plan_checked(job, options.partition, config, instance, options.partition_range)
        return _run(job, options, config, RunView(*_steps(plan)), instance, origin, selection)


def load_config(paths: tuple[str, ...]) -> Mapping[str, Any] | None:
    """Return the run config in the files, merged; None if there is none. A bad file is wrong usage."""
    if not paths:
        return None
    from orrery.api.config_files import config_from_files  # YAML takes 15 ms

    for path in paths:
        if not os.path.isfile(path):
            what = (
                f"'{path}' is a folder, not a config file"
                if os.path.isdir(path)
                else f"There is no config file '{path}'"
            )
            raise click.UsageError(
                f"{what}.\n  Try: give the path of a YAML or JSON file.",
                click.get_current_context(),
            )
    with wrong_usage():
        return config_from_files([_literal(path) for path in paths])


def _literal(path: str) -> str:
    import glob

    return glob.escape(path)


def plan_checked(
    job: Any,
    partition: str | None,
    config: Mapping[str, Any] | None,
    instance: Instance,
    partition_range: tuple[str, str] | None = None,
) -> ExecutionPlan:
    """
    Compile the plan: its steps are shown, and what the user wrote wrongly is told before a run is made.

    Args:
        job: The job.
        partition: The partition that the user named.
        config: The run config; None for the job's own.
        instance: Knows the keys of dynamic partitions.
        partition_range: The first and last of the partitions that the user named, if they are several.
    """
    with wrong_usage(), partition_loading_context(dynamic_partitions_store=instance) as context:
        if partition_range is not None:
            check_partition_range(job, partition_range)
        elif partition is not None or job.partitions_def is None or not finds_all_partitions(plan_of(job, config)):
            _check_partition(job.partitions_def, partition, context)
        if partition is not None and config is None and job.partitioned_config is not None:
            config = job.get_run_config_for_partition_key(partition)
        plan = plan_of(job, config)
        refuse_missing_variables(*resources_for(job), plan.resolved_run_config.resources, os.environ)
        return plan


def _check_partition(partitions_def: Any, partition: str | None, context: PartitionLoadingContext) -> None:
    if partition is None and partitions_def is None:
        return
    if partitions_def is None:
        raise InvalidInvocationError(
            f"The partition '{partition}' was named, but what is selected has no partitions.",
            mend="leave --partition out, or give partitions_def= to the asset or job.",
        )
    if partition is None:
        last = partitions_def.get_last_partition_key()
        raise InvalidInvocationError(
            "What is selected has partitions, and none was named.",
            mend="add --partition KEY; there is none yet." if last is None else f"add --partition {last}, or another.",
        )
    partitions_def.validate_partition_key(partition, context)


def _steps(plan: ExecutionPlan) -> tuple[list[tuple[str, str]], list[str]]:
    """Return key and label of each step, and which of them stand for copies."""
    steps = plan.steps
    return (
        [(step.key, _label(step)) for step in steps],
        [step.key for step in steps if step.kind == "UNRESOLVED_MAPPED"],
    )


def _label(step: ExecutionStep) -> str:
    """Return what people call a step: its asset, its check, or else its key."""
    outputs = [output for output in step.outputs.values() if output.is_selected]
    assets = {output.asset_key for output in outputs if output.asset_key is not None}
    checks = [output.check_spec for output in outputs if output.check_spec is not None]
    if len(assets) == 1:
        return next(iter(assets)).to_escaped_user_string()
    if not assets and len(checks) == 1:
        return f"{checks[0].asset_key.to_escaped_user_string()}: {checks[0].name}"
    return step.key


def _run(
    job: Any,
    options: RunOptions,
    config: Mapping[str, Any] | None,
    view: RunView,
    instance: Instance,
    origin: JobOrigin | None,
    selection: Mapping[str, Any],
) -> int:
    display = _display(options)
    is_seen = True
    lost: OSError | None = None

    def listen(entry: EventLogEntry) -> None:
        nonlocal is_seen, lost
        happening = view.feed(entry)
        if happening is not None and is_seen:
            try:
                with outside_capture():
                    display.show(happening)
            except OSError as error:  # whoever reads us is gone; the run goes on
                is_seen, lost = False, error
                forget_output()

    display.begin(view)
    asked = Asked()
    try:
        with once_in_order(display.interrupt, asked):
            result = execute_job_in_process(
                job,
                run_config=config,
                instance=instance,
                partition_key=options.partition,
                partition_key_range=options.partition_range,
                raise_on_error=False,
                tags=options.tags,
                keep_values=False,
                on_event=listen,
                trace=options.trace,
                trace_out=options.trace_out,
                origin=origin,
                in_this_process=origin is None,
                obeys_retries=True,
                **selection,
            )
        code = SUCCESS if result.success else FAILED
    except (KeyboardInterrupt, ExecutionInterruptedError):
        code = asked.exit_code
    finally:
        display.end()
    if view.run_id and is_seen:
        display.finish(view)
    if lost is not None and not isinstance(lost, BrokenPipeError) and code == SUCCESS:
        raise OutputLost(lost)
    return code


def _display(options: RunOptions) -> Display:
    if options.as_json:
        return JsonLines(json_stream(), level=options.level)
    if is_terminal() and not options.plain:
        from orrery.cli.displays.live import LiveTable  # rich takes 80 ms, and only a terminal needs it

        return LiveTable(level=options.level, every_frame=options.every_frame)
    return PlainLines(level=options.level, every_frame=options.every_frame)
