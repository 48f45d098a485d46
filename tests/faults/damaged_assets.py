"""Assets of which some are skipped and others run always, for other processes to import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from orrery import (
    AssetExecutionContext,
    BackfillPolicy,
    CachePolicy,
    Definitions,
    JobDefinition,
    RetryPolicy,
    StaticPartitionsDefinition,
    asset,
    define_asset_job,
)

TRUSTING = CachePolicy(verify="none")
"""Believes that values are there: damage is found by who loads them, as if it came after the decision."""
ALWAYS = CachePolicy(always=True)


@asset
def base() -> list[int]:
    return [1, 2, 3]


@asset
def middle(base: list[int]) -> int:
    return sum(base)


@asset(cache=ALWAYS)
def one(middle: int) -> int:
    return middle + 1


@asset(cache=ALWAYS, retry_policy=RetryPolicy(max_retries=1))
def two(context: AssetExecutionContext, middle: int) -> int:
    if context.retry_number == 0:
        raise ValueError("the first attempt of its own")
    return middle + 2


LETTERS = StaticPartitionsDefinition(["x", "y", "z"])
AT_ONCE = BackfillPolicy.single_run()


def _each(context: AssetExecutionContext, given: Any, make: Callable[[str], str]) -> Any:
    """Return what *make* gives of the value of each partition that the run makes: by key, if there are several."""
    if len(context.partition_keys) == 1:
        return make(given)
    return {key: make(given[key]) for key in context.partition_keys}


@asset(partitions_def=LETTERS, backfill_policy=AT_ONCE)
async def source(context: AssetExecutionContext) -> Any:
    keys = context.partition_keys
    return _each(context, keys[0] if len(keys) == 1 else {key: key for key in keys}, str)


@asset(partitions_def=LETTERS, backfill_policy=AT_ONCE)
def between(context: AssetExecutionContext, source: Any) -> Any:
    return _each(context, source, lambda value: value * 2)


@asset(partitions_def=LETTERS, backfill_policy=AT_ONCE, cache=ALWAYS)
def plain(context: AssetExecutionContext, between: Any) -> Any:
    return _each(context, between, lambda value: value + "!")


@asset(partitions_def=LETTERS, backfill_policy=AT_ONCE, cache=ALWAYS)
async def awaited(context: AssetExecutionContext, between: Any) -> Any:
    return _each(context, between, lambda value: value + "?")


def make_partitioned(executor: str, config: dict[str, Any]) -> JobDefinition:
    """Return the job of the assets with partitions, plain and async, on this executor."""
    return _job([source, between, plain, awaited], executor, config)


def make_moody(executor: str, config: dict[str, Any], world: str) -> JobDefinition:
    """Return the job of assets that stand on what a file says, of which their code does not tell."""

    @asset(name="base", code_version="1")
    def told() -> int:
        return int(Path(world).read_text())

    @asset(name="middle", code_version="1")
    def tenfold(base: int) -> int:
        return base * 10

    @asset(cache=ALWAYS)
    def probe(base: int) -> int:
        return base

    @asset(cache=ALWAYS)
    def top(middle: int, probe: int) -> int:
        return middle + probe

    return _job([told, tenfold, probe, top], executor, config)


def make(executor: str, config: dict[str, Any]) -> JobDefinition:
    """Return the job of all assets, on this executor."""
    return _job([base, middle, one, two], executor, config)


def _job(assets: list[Any], executor: str, config: dict[str, Any]) -> JobDefinition:
    module, name = executor.split(":")
    made = getattr(__import__(module), name)
    job = define_asset_job("all_of_them", executor_def=made.configured(config) if config else made, cache=TRUSTING)
    return Definitions(assets=assets, jobs=[job]).resolve_job_def("all_of_them")
