"""A Dask worker that dies takes one step with it, and Dask runs none a second time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.runtime.instance import Instance
from orrery.testing.conformance.executor import story_of

distributed: Any = pytest.importorskip("distributed", reason="the extra dask is not installed")


@pytest.fixture
def address() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


def test_a_worker_that_is_killed_fails_its_step_once(tmp_path: Path, address: str) -> None:
    """The one with a retry policy is tried again; the others have one start, and nothing silent follows."""
    config = {"cluster": {"existing": {"address": address}}, "max_concurrent": 1}
    job = build_reconstructable_job(
        "orrery.testing.conformance.executor_programs", "make", ("killed", "orrery:dask_executor", config)
    )
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        story = story_of(execute_job(job, instance).all_events)
    assert [each[0] for each in story["is_killed"]] == ["STEP_START", "STEP_FAILURE"]
    assert "The Dask worker of step 'is_killed'" in story["is_killed"][-1][2]
    assert [each[0] for each in story["is_killed_once"]][:3] == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED"]
    assert story["is_killed_once"][-1][0] == "STEP_SUCCESS"
    assert story["others_go_on"][-1][0] == "STEP_SUCCESS"


def test_a_local_cluster_is_started_for_the_run(tmp_path: Path) -> None:
    config = {"cluster": {"local": {"n_workers": 1, "processes": True}}}
    job = build_reconstructable_job(
        "orrery.testing.conformance.executor_programs", "make", ("resources", "orrery:dask_executor", config)
    )
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        result = execute_job(job, instance)
        assert result.success
        assert "Executing steps on Dask at tcp://127.0.0.1:" in str([each.message for each in result.all_events])
