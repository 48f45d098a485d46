"""What runs with worker processes share: one process that is kept, from which the next run's processes are forked."""

from __future__ import annotations

import os
import subprocess
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

SOURCES = str(Path(__file__).parents[4] / "src")
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


def test_a_program_that_never_disposes_of_its_instance_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    """Nor is it warned of a process that still runs."""
    program = f"""
        import sys
        sys.path[:0] = [{SOURCES!r}, {str(folder)!r}]
        from orrery import Instance, build_reconstructable_job, execute_job
        instance = Instance.local_temp({str(tmp_path)!r})
        with execute_job(build_reconstructable_job("kept_code", "make", (1,)), instance) as result:
            print(result.output_for_node("says")[1])
    """
    done = subprocess.run(
        [sys.executable, "-W", "default::ResourceWarning", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert not os.path.exists(f"/proc/{int(done.stdout)}")
    assert "is still running" not in done.stderr
