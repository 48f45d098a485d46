"""Every executor passes the suite of its seam."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from orrery.testing.conformance.executor import ExecutorSuite


class TestInProcess(ExecutorSuite):
    """One process, one thread."""

    executor = "orrery:in_process_executor"


class TestThreads(ExecutorSuite):
    """One process, plain functions in threads."""

    executor = "orrery:in_process_executor"
    config: ClassVar[dict[str, Any]] = {"threads": 4}
    concurrent: ClassVar[dict[str, Any] | None] = {"max_concurrent": 2}


class TestMultiprocess(ExecutorSuite):
    """Warm workers, forked."""

    executor = "orrery:multiprocess_executor"
    concurrent: ClassVar[dict[str, Any] | None] = {"max_concurrent": 2}


class TestDask(ExecutorSuite):
    """Tasks of a Dask cluster on this machine, which all tests share."""

    executor = "orrery:dask_executor"
    concurrent: ClassVar[dict[str, Any] | None] = {"max_concurrent": 2}

    workers_end_with_run = False

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def cluster(cls, dask_cluster: str) -> None:
        cls.config = {"cluster": {"existing": {"address": dask_cluster}}}


class TestRay(ExecutorSuite):
    """Tasks of Ray on this machine, which all tests share."""

    executor = "orrery:ray_executor"
    concurrent: ClassVar[dict[str, Any] | None] = {"max_concurrent": 2}

    workers_end_with_run = False

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def cluster(cls, ray_cluster: str) -> None:
        cls.config = {"cluster": {"existing": {"address": ray_cluster}}}


class TestSpawned(TestMultiprocess):
    """Workers that are fresh interpreters."""

    config: ClassVar[dict[str, Any]] = {"start_method": {"spawn": {}}}
