"""A Ray worker that dies takes one step with it, and Ray runs none a second time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from orrery import InvalidInvocationError, UnmetExecutorRequirementsError, job, op, ray_executor
from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.definitions.graphs.job import JobDefinition
from orrery.runtime.instance import Instance
from orrery.testing.conformance.executor import story_of

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
