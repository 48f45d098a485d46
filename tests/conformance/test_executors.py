"""Every executor passes the suite of its seam."""

from __future__ import annotations

from typing import Any, ClassVar

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


class TestSpawned(TestMultiprocess):
    """Workers that are fresh interpreters."""

    config: ClassVar[dict[str, Any]] = {"start_method": {"spawn": {}}}
