"""Assets of which some are skipped and others run always, for other processes to import."""

from __future__ import annotations

from typing import Any

from orrery import AssetExecutionContext, CachePolicy, Definitions, JobDefinition, RetryPolicy, asset, define_asset_job

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


def make(executor: str, config: dict[str, Any]) -> JobDefinition:
    """Return the job of all assets, on this executor."""
    module, name = executor.split(":")
    made = getattr(__import__(module), name)
    job = define_asset_job("all_of_them", executor_def=made.configured(config) if config else made, cache=TRUSTING)
    return Definitions(assets=[base, middle, one, two], jobs=[job]).resolve_job_def("all_of_them")
