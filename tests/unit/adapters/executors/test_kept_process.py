"""What runs with worker processes share: one process that is kept, from which the next run's processes are forked."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.runtime.instance import Instance

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are kept on Linux only")

WAIT_SECONDS = 60.0
CODE = """
    import os
    from orrery import job, multiprocess_executor, op

    VERSION = 1

    @op
    def says():
        with open(f"/proc/{os.getppid()}/stat") as file:
            kept = int(file.read().rpartition(")")[2].split()[1])
        return VERSION, kept

    def make(limit):
        @job(executor_def=multiprocess_executor.configured({"max_concurrent": limit}))
        def nightly():
            says()
        return nightly
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("kept")
    (made / "kept_code.py").write_text(textwrap.dedent(CODE))
    before = sys.path[:]
    sys.path.insert(0, str(made))
    yield made
    sys.path[:] = before
    sys.modules.pop("kept_code", None)


def said(instance: Instance, limit: int = 1) -> tuple[int, int]:
    """Execute a run, and return the version of the code that its worker had, and the process that was kept for it."""
    with execute_job(build_reconstructable_job("kept_code", "make", (limit,)), instance) as result:
        assert result.success
        version, kept = result.output_for_node("says")
        return version, kept


def test_the_next_run_of_an_instance_starts_from_a_process_that_was_kept(folder: Path) -> None:
    """It has the code as it is by then, and ends with the instance; whoever runs again afterwards gets another one."""
    with Instance.local_temp() as instance:
        version, kept = said(instance)
        assert os.path.exists(f"/proc/{kept}")
        (folder / "kept_code.py").write_text(textwrap.dedent(CODE).replace("VERSION = 1", "VERSION = 'edited'"))
        assert said(instance, 2) == ("edited", kept)
    assert version == 1
    until = time.monotonic() + WAIT_SECONDS
    while os.path.exists(f"/proc/{kept}") and time.monotonic() < until:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{kept}")
