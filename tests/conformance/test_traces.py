"""The trace of a run tells what its steps call in workers, too, and in which process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.api.verbs.execute import execute_job_in_process
from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.origins import origin_of_reconstructable
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.runtime.engine.trace import Span
from orrery.runtime.instance import Instance

_PROGRAMS = "orrery.testing.conformance.executor_programs"


@pytest.fixture(params=["multiprocess", "dask", "ray"])
def executor(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    if request.param == "multiprocess":
        return "orrery:multiprocess_executor", {"max_concurrent": 2}
    address = request.getfixturevalue(f"{request.param}_cluster")
    return f"orrery:{request.param}_executor", {"cluster": {"existing": {"address": address}}}


def walk(spans: list[Span]) -> Iterator[Span]:
    for span in spans:
        yield span
        yield from walk(span.children)


def test_the_calls_of_a_worker_stand_below_its_step(executor: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    job = build_reconstructable_job(_PROGRAMS, "make", ("values", *executor))
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        result = execute_job_in_process(
            job.get_definition(),
            instance=instance,
            origin=origin_of_reconstructable(job),
            in_this_process=False,
            keep_values=False,
            trace_out=str(tmp_path / "trace.json"),
        )
    assert result.success
    steps = {each.name: each for each in walk(result.trace.roots) if each.kind == "step"}
    started = {each.step_key for each in result.all_events if each.event_type_value == "STEP_START"}
    assert steps.keys() == started
    for step in steps.values():
        inside = {each.kind: each for each in walk(step.children)}
        assert {"resources", "function", "handle_output"} <= inside.keys(), step.name
        assert all(each.process == (os.uname().nodename, step.details["process"]) for each in inside.values())
        assert step.details["process"] != os.getpid()
        assert step.started <= inside["resources"].started
        assert inside["function"].started + inside["function"].seconds <= step.started + step.seconds
    events = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    workers = {each.details["process"] for each in steps.values()}
    assert {each["pid"] for each in events} == {os.getpid(), *workers}
    assert {each["pid"] for each in events if each["name"].startswith("function ")} == workers


def test_execute_job_traces_where_the_executor_carries_out(tmp_path: Path) -> None:
    job = build_reconstructable_job(_PROGRAMS, "make", ("values", "orrery:multiprocess_executor"))
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        assert execute_job(job, instance, trace_out=str(tmp_path / "trace.json")).success
    events = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    assert {each["pid"] for each in events} - {os.getpid()}
