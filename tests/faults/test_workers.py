"""Worker processes that die, are killed, fork, or lose their run: the step is told why, and nothing else suffers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.living import gone_within

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.model.records.run import RunStatus
from orrery.runtime.instance import Instance
from orrery.testing.conformance.executor import story_of

SOURCES = str(Path(__file__).parents[2] / "src")
WAIT_SECONDS = 60.0
PROGRAM = """
    import sys
    from orrery import Instance, build_reconstructable_job, execute_job

    home, program, sign = sys.argv[1:]
    job = build_reconstructable_job(
        "orrery.testing.conformance.executor_programs", "make", (program, "orrery:multiprocess_executor")
    )
    with Instance.local_temp(home) as instance:
        execute_job(job, instance, tags={"conformance/sign": sign})
"""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        yield instance


def run(program: str, instance: Instance, executor: str = "orrery:multiprocess_executor") -> Any:
    job = build_reconstructable_job("orrery.testing.conformance.executor_programs", "make", (program, executor))
    return execute_job(job, instance)


def failure_of(story: dict[Any, list[tuple[Any, ...]]], step: str) -> str:
    kind, *told = story[step][-1]
    assert kind == "STEP_FAILURE"
    return str(told[1])


def test_a_worker_that_dies_fails_its_step_with_the_cause(instance: Instance) -> None:
    """Kill -9, segmentation fault, os._exit(0), want of memory; retry policies apply, other branches go on."""
    story = story_of(run("dying", instance).all_events)
    assert [each[0] for each in story["is_killed_once"]] == [
        "STEP_START",
        "STEP_UP_FOR_RETRY",
        "STEP_RESTARTED",
        "STEP_OUTPUT",
        "HANDLED_OUTPUT",
        "STEP_SUCCESS",
    ]
    killed = failure_of(story, "is_killed")
    assert "of step 'is_killed' was ended by SIGKILL (peak memory " in killed
    assert "memory may have run out" in killed
    assert "was ended by SIGSEGV" in failure_of(story, "crashes")
    assert "memory may have run out" not in failure_of(story, "crashes")
    assert "ended with exit code 0" in failure_of(story, "leaves")
    assert failure_of(story, "lacks_memory") == "MemoryError\n"
    assert [each[0] for each in story["after_kill"]] == ["STEP_SKIPPED"]
    assert story["others_go_on"][-1][0] == "STEP_SUCCESS"


def test_a_step_that_is_lost_is_started_once(instance: Instance) -> None:
    """Without a retry policy nothing starts it again."""
    story = story_of(run("dying", instance).all_events)
    for step in ("is_killed", "crashes", "leaves"):
        assert [each[0] for each in story[step]] == ["STEP_START", "STEP_FAILURE"]


@pytest.mark.parametrize("executor", ["orrery:in_process_executor", "orrery:multiprocess_executor"])
def test_a_fork_inside_a_step_doubles_nothing(instance: Instance, executor: str) -> None:
    """No event, and no line of the log."""
    result = run("forking", instance, executor)
    story = story_of(result.all_events)
    assert [each[0] for each in story["forks"]] == ["STEP_START", "STEP_OUTPUT", "HANDLED_OUTPUT", "STEP_SUCCESS"]
    assert story["plus_one"][-1][0] == "STEP_SUCCESS"
    logs = instance.all_logs(result.run_id)
    assert [each.user_message for each in logs if not each.is_dagster_event] == ["before", "after"]
    assert sum(each.is_dagster_event and each.step_key == "forks" for each in logs) >= 4


def test_a_copy_that_a_step_forked_is_told_that_what_it_logs_is_not_recorded(tmp_path: Path) -> None:
    program = """
        import os, sys
        from orrery import Instance, asset, materialize

        @asset
        def forks(context):
            child = os.fork()
            if not child:
                context.log.info("from the copy")
                context.log.info("again")
                os._exit(0)
            os.waitpid(child, 0)
            context.log.info("from the step")

        with Instance.local_temp(sys.argv[1]) as instance:
            run_id = materialize([forks], instance=instance).run_id
            print([each.user_message for each in instance.all_logs(run_id) if not each.is_dagster_event])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "['from the step']"
    assert done.stderr.count("is not recorded") == 1
    assert "'from the copy' is logged by process" in done.stderr


def test_a_step_may_ask_for_a_process_of_its_own(instance: Instance) -> None:
    job = build_reconstructable_job(
        "orrery.testing.conformance.executor_programs",
        "make",
        ("places", "orrery:multiprocess_executor", {"max_concurrent": 1}),
    )
    with execute_job(job, instance) as result:
        shared = {result.output_for_node(f"shared_{number}") for number in range(3)}
        own, fresh = result.output_for_node("own"), result.output_for_node("fresh")
    assert len(shared) == 1
    assert len({*shared, own, fresh, os.getpid()}) == 4


def start(tmp_path: Path, program: str) -> tuple[subprocess.Popen[bytes], int]:
    sign = tmp_path / "sign"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path / "home"), program, str(sign)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )
    until = time.monotonic() + WAIT_SECONDS
    while not (sign.exists() and sign.read_text()):
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    return process, int(sign.read_text())


def parent_of(process: int) -> int:
    with open(f"/proc/{process}/stat", encoding="utf-8") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def test_a_run_that_is_killed_takes_its_workers_along(tmp_path: Path) -> None:
    """They write nothing after it."""
    process, worker = start(tmp_path, "waiting")
    code = parent_of(worker)
    process.kill()
    process.wait()
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        (record,) = instance.get_runs()
        before = len(instance.all_logs(record.run_id))
        assert gone_within(WAIT_SECONDS, worker, code)
        assert len(instance.all_logs(record.run_id)) == before


def test_everything_is_killed_at_once(tmp_path: Path) -> None:
    """The run, its worker and the process of its code: the next who opens tells of it, and the records are whole."""
    process, worker = start(tmp_path, "waiting")
    for each in (worker, parent_of(worker), process.pid):
        os.kill(each, signal.SIGKILL)
    process.wait(WAIT_SECONDS)
    began = time.monotonic()
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        assert time.monotonic() - began < 30
        (record,) = instance.get_runs()
        assert record.status is RunStatus.FAILURE
        assert instance.leases is not None
        assert instance.leases.get_leases() == []
        assert instance.upkeep is not None
        assert instance.upkeep.check_records().problems == ()
        told = [each.dagster_event.event_type_value for each in instance.all_logs(record.run_id) if each.dagster_event]
        assert told[-1] == "PIPELINE_FAILURE"
        assert "PIPELINE_START" in told


def test_a_code_process_that_is_killed_ends_the_run(tmp_path: Path) -> None:
    """The step under way fails, and says that its process is gone."""
    process, worker = start(tmp_path, "waiting")
    os.kill(parent_of(worker), signal.SIGKILL)
    process.wait(WAIT_SECONDS)
    assert gone_within(WAIT_SECONDS, worker)
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        (record,) = instance.get_runs()
        assert record.status is RunStatus.FAILURE
        failed = [each for each in instance.all_logs(record.run_id) if each.dagster_event_type is not None]
        told = [each.dagster_event for each in failed if each.step_key == "waits"][-1]
        assert told is not None
        assert "is gone, and nobody saw how it ended" in str(told.event_specific_data)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_run_whose_worker_does_not_stop(tmp_path: Path, number: signal.Signals) -> None:
    """No process is left."""
    process, worker = start(tmp_path, "clinging")
    code = parent_of(worker)
    process.send_signal(number)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(number)
    process.wait(WAIT_SECONDS)
    assert gone_within(WAIT_SECONDS, worker, code)


def test_a_worker_that_does_not_come_back_at_its_limit_is_killed(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As code that never lets Python look at signals."""
    monkeypatch.setattr("orrery.adapters.executors.worker_pool.GRACE_SECONDS", 0.5)
    story = story_of(run("stuck", instance).all_events)
    assert "Step 'never_looks' was stopped at its limit of 0.5 s" in failure_of(story, "never_looks")
    assert story["one"][-1][0] == "STEP_SUCCESS"


def test_a_worker_that_closes_its_connection_is_lost_though_it_goes_on(instance: Instance) -> None:
    """Nobody would hear what it makes: the step fails at once, and the others go on."""
    begun = time.monotonic()
    story = story_of(run("cut_off", instance).all_events)
    assert "of step 'closes_all' closed its connection to the run, and was ended" in failure_of(story, "closes_all")
    assert story["one"][-1][0] == "STEP_SUCCESS"
    assert time.monotonic() - begun < WAIT_SECONDS
