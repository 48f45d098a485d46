"""A Ray worker that dies takes one step with it, and Ray runs none a second time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orrery import InvalidInvocationError, RunStatus, UnmetExecutorRequirementsError, job, op, ray_executor
from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.definitions.graphs.job import JobDefinition
from orrery.runtime.instance import Instance
from orrery.runtime.remote import hub
from orrery.testing.conformance.executor import story_of

WAIT_SECONDS = 60.0
PROGRAMS = "orrery.testing.conformance.executor_programs"


@op(tags={"orrery/resources": json.dumps({"press": 2})})
def prints() -> None:
    return None


def make_too_large() -> JobDefinition:
    @job(executor_def=ray_executor)
    def too_large() -> None:
        prints()

    return too_large


def run(program: str, tmp_path: Path, config: dict[str, Any], *, raise_on_error: bool = False) -> Any:
    made = build_reconstructable_job(PROGRAMS, "make", (program, "orrery:ray_executor", config))
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        return execute_job(made, instance, raise_on_error=raise_on_error)


def test_a_worker_that_is_killed_fails_its_step_once(tmp_path: Path, ray_cluster: str) -> None:
    """The one with a retry policy is tried again; the others have one start, and nothing silent follows."""
    config = {"cluster": {"existing": {"address": ray_cluster}}, "max_concurrent": 1}
    story = story_of(run("killed", tmp_path, config).all_events)
    assert [each[0] for each in story["is_killed"]] == ["STEP_START", "STEP_FAILURE"]
    assert "The Ray worker of step 'is_killed'" in story["is_killed"][-1][2]
    assert [each[0] for each in story["is_killed_once"]][:3] == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED"]
    assert story["is_killed_once"][-1][0] == "STEP_SUCCESS"
    assert story["others_go_on"][-1][0] == "STEP_SUCCESS"


DEAF = """
    import os, time
    from pathlib import Path
    from orrery import job, op, ray_executor

    def make(address, sign):
        @op
        def deaf():
            Path(sign + ".part").write_text(str(os.getpid()))
            os.replace(sign + ".part", sign)
            until = time.monotonic() + 600
            while time.monotonic() < until:
                try:
                    time.sleep(0.01)
                except BaseException:
                    Path(sign + ".asked").touch()

        @job(executor_def=ray_executor.configured({"cluster": {"existing": {"address": address}}}))
        def deaf_job():
            deaf()

        return deaf_job
"""


def test_a_step_that_does_not_end_when_it_is_asked_to_is_killed(
    tmp_path: Path, ray_cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time of grace is over: its worker is ended, the run is canceled, and the cluster takes other steps."""
    monkeypatch.setattr(hub, "GRACE_SECONDS", 1.0)
    (tmp_path / "deaf_steps.py").write_text(textwrap.dedent(DEAF))
    sign = tmp_path / "sign"
    made = build_reconstructable_job(
        "deaf_steps", "make", (ray_cluster, str(sign)), reconstructor_working_directory=str(tmp_path)
    )

    def stop_when_there() -> None:
        if wait_until(sign.exists):
            os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=stop_when_there, daemon=True)
    stopper.start()
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        with pytest.raises(KeyboardInterrupt):
            execute_job(made, instance)
        assert instance.get_runs()[0].status is RunStatus.CANCELED
    stopper.join()
    assert Path(f"{sign}.asked").exists(), "it was not asked to end"
    assert wait_until(lambda: not Path(f"/proc/{sign.read_text()}").exists())
    assert run("values", tmp_path, {"cluster": {"existing": {"address": ray_cluster}}}).success


def wait_until(found: Callable[[], bool]) -> bool:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if found():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.usefixtures("ray_cluster")
def test_a_step_that_asks_for_more_than_there_is_does_not_wait_for_ever(tmp_path: Path) -> None:
    made = build_reconstructable_job(__name__, "make_too_large")
    with (
        Instance.local_temp(str(tmp_path / "home")) as instance,
        pytest.raises(UnmetExecutorRequirementsError, match=r"'prints' asks for 2 of 'press'.* has 1\."),
    ):
        execute_job(made, instance, raise_on_error=True)


@pytest.mark.usefixtures("ray_cluster")
def test_another_cluster_than_that_of_the_process_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInvocationError, match=r"is to use 127\.0\.0\.9:6379"):
        run("values", tmp_path, {"cluster": {"existing": {"address": "127.0.0.9:6379"}}}, raise_on_error=True)


def test_the_extra_that_is_absent_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UnmetExecutorRequirementsError, match=r"orrery\[ray\]"):
        run("values", tmp_path, {})


def test_ray_is_started_for_the_run_and_leaves_signals_alone(tmp_path: Path) -> None:
    """Its steps find what the run can import; after the run Ray is gone, and signals mean what they meant."""
    (tmp_path / "mine.py").write_text(
        textwrap.dedent("""
            import os
            from orrery import job, op, ray_executor

            @op
            def where() -> int:
                return os.getpid()

            @job(executor_def=ray_executor.configured({"cluster": {"local": {"num_cpus": 1}}}))
            def somewhere():
                where()
        """)
    )
    script = f"""
        import json, os, signal, sys
        sys.path.insert(0, {str(tmp_path)!r})
        from orrery import Instance, execute_job, reconstructable
        import mine

        with Instance.local_temp({str(tmp_path / "home")!r}) as instance:
            with execute_job(reconstructable(mine.somewhere), instance) as result:
                other = result.output_for_node("where") != os.getpid()
        import ray
        print(json.dumps([result.success, other, ray.is_initialized(), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=os.sep,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [True, True, False, True]
