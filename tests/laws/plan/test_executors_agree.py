"""A plan tells the same story whatever executor carries it out: graphs by chance, with failures and what they skip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.runtime.instance import Instance
from orrery.testing.conformance.executor import story_of


def story(seed: int, executor: str, config: dict[str, Any] | None, instance: Instance) -> dict[Any, Any]:
    job = build_reconstructable_job(
        "orrery.testing.conformance.executor_programs", "make", (f"random:{seed}", executor, config)
    )
    return story_of(execute_job(job, instance).all_events)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), threads=st.integers(1, 4))
def test_threads_tell_the_story_of_one(quick_path: Path, seed: int, threads: int) -> None:
    with Instance.local_temp(str(quick_path / "home")) as instance:
        alone = story(seed, "orrery:in_process_executor", None, instance)
        assert story(seed, "orrery:in_process_executor", {"threads": threads}, instance) == alone


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), workers=st.integers(1, 3))
def test_workers_tell_the_story_of_one_process(quick_path: Path, seed: int, workers: int) -> None:
    with Instance.local_temp(str(quick_path / "home")) as instance:
        alone = story(seed, "orrery:in_process_executor", None, instance)
        assert story(seed, "orrery:multiprocess_executor", {"max_concurrent": workers}, instance) == alone


@pytest.mark.parametrize("system", ["dask", "ray"])
def test_clusters_tell_the_story_of_one_process(system: str, quick_path: Path, request: pytest.FixtureRequest) -> None:
    cluster = {"existing": {"address": request.getfixturevalue(f"{system}_cluster")}}

    @settings(max_examples=4, deadline=None)
    @given(seed=st.integers(0, 10_000), at_once=st.integers(1, 3))
    def holds(seed: int, at_once: int) -> None:
        config = {"cluster": cluster, "max_concurrent": at_once}
        alone = story(seed, "orrery:in_process_executor", None, instance)
        assert story(seed, f"orrery:{system}_executor", config, instance) == alone

    with Instance.local_temp(str(quick_path / "home")) as instance:
        holds()
