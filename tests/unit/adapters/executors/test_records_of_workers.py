"""Workers open the records of their instance only when a step asks for something in them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.runtime.instance import Instance

CODE = """
    import os
    from orrery import job, multiprocess_executor, op

    def is_open():
        return any("orrery.db" in os.path.realpath(f"/dev/fd/{each}") for each in os.listdir("/dev/fd"))

    @op
    def asks_nothing():
        return is_open()

    @op
    def asks(context, before):
        run = context.instance.get_run_by_id(context.run_id)
        return [before, run.status.value, context.instance.is_persistent, is_open()]

    def make():
        @job(executor_def=multiprocess_executor.configured({"max_concurrent": 1}))
        def nightly():
            asks(asks_nothing())
        return nightly
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "asking_code.py").write_text(textwrap.dedent(CODE))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("asking_code", None)


def test_a_worker_opens_the_records_when_a_step_asks_for_them(folder: Path) -> None:
    """One whose steps ask nothing is spared what takes longest in its start."""
    job = build_reconstructable_job("asking_code", "make", ())
    with Instance.local_temp(str(folder / "home")) as instance, execute_job(job, instance) as result:
        assert result.success
        assert result.output_for_node("asks") == [False, "STARTED", True, True]
