"""
``orrery apply``: carry out a saved plan.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from orrery.api.verbs.asset_values import asset_value_loader
from orrery.api.verbs.plan import MaterializationPlan, check_plan, plan_job, plan_outdated
from orrery.base.keys import AssetKey
from orrery.cli.endings import wrong_usage
from orrery.cli.options import RunOptions, Source, run_options, source_options
from orrery.cli.project import load_project
from orrery.cli.running import run_shown
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]


@click.command("apply", short_help="Carry out a saved plan.")
@click.argument("plan", type=click.Path(exists=True, dir_okay=False))
@source_options
@run_options
def command(plan: str, source: Source, options: RunOptions) -> int:
    """
    Carry out PLAN, a file that `orrery plan -o` saved.

    It is refused if anything changed since it was saved: code, config, inputs, stored values. Run config and partition
    are those of the plan.
    """
    project = load_project(source)
    with wrong_usage():
        saved = MaterializationPlan.from_json(Path(plan).read_bytes())
        if options.config or options.partition is not None or options.partition_range is not None:
            raise click.UsageError(
                "The plan holds its config and partitions.\n"
                "  Try: leave --config, --partition and --partition-range out, or plan again.",
                click.get_current_context(),
            )
    keys = {AssetKey.from_user_string(name) for step in saved.steps for name in step.assets}
    gone = sorted(key.to_escaped_user_string() for key in keys if not project.graph.has(key))
    if gone:
        raise plan_outdated([f"{name}: is not there any more, or is of another project" for name in gone])
    job = project.job_of(keys, set(), plan)
    forced = {
        AssetKey.from_user_string(name)
        for step in saved.steps
        for name in step.assets
        if any(reason.kind == "forced" for reason in step.decision.reasons)
    }
    reuse = Reuse(policy=CachePolicy(), is_default=True, forced=frozenset(forced))
    with Instance.get() as instance:
        now = plan_job(
            job,
            instance,
            reuse,
            saved.run_config,
            saved.partition_key,
            saved.partition_range,
            values=partial(asset_value_loader, project.repository, instance),
            is_verified=True,
        )
        check_plan(saved, now)
    own = replace(options, config=(), partition=saved.partition_key, partition_range=saved.partition_range)
    origin = project.origin_of_selection(keys, set())
    return run_shown(job, own, saved.run_config, origin=origin, asset_selection=keys, reuse=reuse)
