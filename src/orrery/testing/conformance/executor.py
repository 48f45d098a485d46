"""
What every executor must do: the same program tells the same story on each, but for time and process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.model.events.event import Event
from orrery.model.records.run import RunStatus
from orrery.runtime.instance.instance import Instance
from orrery.testing.conformance.executor_programs import ODD_TEXT, SIGN_TAG

__all__ = ["ExecutorSuite", "story_of"]

WAIT_SECONDS = 60.0
_MODULE = "orrery.testing.conformance.executor_programs"
_IN_PROCESS = "orrery:in_process_executor"
_OF_PLACE = frozenset(
    {
        "ENGINE_EVENT",
        "LOGS_CAPTURED",
        "RESOURCE_INIT_STARTED",
        "RESOURCE_INIT_SUCCESS",
        "STEP_WORKER_STARTING",
        "STEP_WORKER_STARTED",
    }
)


def story_of(events: list[Event]) -> dict[str | None, list[tuple[Any, ...]]]:
    """Return what *events* tell of each step, and of the run, but for time and process."""
    story: dict[str | None, list[tuple[Any, ...]]] = defaultdict(list)
    for event in events:
        if event.event_type_value not in _OF_PLACE:
            story[event.step_key].append((event.event_type_value, *_told(event)))
    return dict(story)


def _told(event: Event) -> tuple[Any, ...]:
    data: Any = event.event_specific_data
    kind = event.event_type_value
    if kind in ("STEP_FAILURE", "STEP_UP_FOR_RETRY"):
        error = data.error.cause if data.error.cause is not None else data.error
        failure = getattr(data, "user_failure_data", None)
        return (error.cls_name, error.message.split(" at 0x")[0], None if failure is None else failure.description)
    if kind in ("STEP_OUTPUT", "HANDLED_OUTPUT", "LOADED_INPUT", "STEP_INPUT"):
        told: tuple[Any, ...] = (event.message, sorted(data.metadata or {}) if hasattr(data, "metadata") else None)
        return told
    if kind == "STEP_SKIPPED":
        return (data.reason, sorted(data.upstream_step_keys)) if data is not None else ()
    if kind == "ASSET_MATERIALIZATION":
        made = data.materialization
        return (made.asset_key, sorted(made.metadata), made.partition)
    if kind == "ASSET_CHECK_EVALUATION":
        return (data.asset_key, data.check_name, data.passed, sorted(data.metadata))
    if kind.startswith("HOOK_"):
        return (event.message,)
    return ()


class ExecutorSuite:
    """
    Subclass it, and name the executor.

    Attributes:
        executor: ``module:name`` of an :class:`ExecutorDefinition`; other processes import it, too.
        config: Its config.
        concurrent: Config under which two steps may be under way at once; None if they never are.
        takes_tag_limits: Whether the config ``tag_concurrency_limits`` holds.
        workers_end_with_run: Whether no process is left when a run has ended.
    """

    executor: ClassVar[str]
    config: ClassVar[dict[str, Any]] = {}
    concurrent: ClassVar[dict[str, Any] | None] = None
    takes_tag_limits: ClassVar[bool] = True
    workers_end_with_run: ClassVar[bool] = True

    @pytest.fixture
    def instance(self, tmp_path: Path) -> Iterator[Instance]:
        """Give a persistent instance."""
        with Instance.local_temp(str(tmp_path / "home")) as instance:
            yield instance

    def run(self, program: str, instance: Instance, **config: Any) -> Any:
        """Run a program on the executor and return its result, closed."""
        return _run(program, self.executor, {**self.config, **config}, instance)

    # -- the same story ------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "program", ["values", "dynamic", "failures", "resources", "hooks", "assets", "random:1", "random:2"]
    )
    def test_the_story_is_that_of_one_process(self, program: str, instance: Instance, tmp_path: Path) -> None:
        """Values, dynamic steps, failures and retries, resources, hooks, assets and checks."""
        with Instance.local_temp(str(tmp_path / "other")) as other:
            expected = story_of(_run(program, _IN_PROCESS, {}, other).all_events)
        found = story_of(self.run(program, instance).all_events)
        assert found.keys() == expected.keys()
        for key in expected:
            assert found[key] == expected[key], key

    def test_values_pass_through_io_managers(self, instance: Instance) -> None:
        """From step to step, and to whoever asks afterwards."""
        with _execute("values", self.executor, self.config, instance) as result:
            assert result.output_for_node("add") == 43
            assert result.output_for_node("gather") == 6
            assert result.output_for_node("nested.again") == 2

    def test_what_came_before_is_on_record_when_a_step_asks(self, instance: Instance) -> None:
        """A step that asks the instance finds what was made before it."""
        with _execute("assets", self.executor, self.config, instance) as result:
            assert result.output_for_node("looks_up") == 1

    def test_every_event_is_on_record_once(self, instance: Instance) -> None:
        """In the order in which the run told it."""
        result = self.run("dynamic", instance)
        stored = [each.dagster_event for each in instance.all_logs(result.run_id) if each.dagster_event is not None]
        kept = [
            each for each in stored if not each.event_type_value.startswith(("PIPELINE_ST", "ASSET_MATERIALIZATION_PL"))
        ]
        told = [each for each in result.all_events if not each.event_type_value.startswith("PIPELINE_ST")]
        assert [(each.event_type_value, each.step_key) for each in kept] == [
            (each.event_type_value, each.step_key) for each in told
        ]

    def test_events_of_a_step_tell_its_process(self, instance: Instance) -> None:
        """That in which its function was called."""
        with _execute("telling", self.executor, self.config, instance) as result:
            told = {
                each.pid for each in result.all_events if each.is_step_event and "WORKER" not in each.event_type_value
            }
            assert told == {result.output_for_node("tells_process")}

    def test_what_a_step_raised_is_raised(self, instance: Instance) -> None:
        """As the user's own class, where the first failure is to be raised."""
        job = build_reconstructable_job(_MODULE, "make", ("raising", self.executor, self.config))
        with pytest.raises(ValueError, match="one is too many"):
            execute_job(job, instance, raise_on_error=True)

    # -- resources, lines, output ----------------------------------------------------------------

    def test_resources_are_closed_in_reverse(self, instance: Instance) -> None:
        """Wherever they were opened."""
        result = self.run("resources", instance)
        lines = [each for each in _lines(instance, result.run_id) if each.endswith("closed")]
        assert lines[: len(lines) // 2 * 2] == ["inner closed", "outer closed"] * (len(lines) // 2)
        assert lines

    def test_lines_and_output_name_their_step(self, instance: Instance) -> None:
        """Those of ``context.log``, of Python's logging, and what is printed; exceptions with their frames."""
        result = self.run("talking", instance, **(self.concurrent or {}))
        for step in [f"voice_{number}" for number in range(4)]:
            own = [
                each for each in instance.all_logs(result.run_id) if each.step_key == step and not each.is_dagster_event
            ]
            assert [each.user_message for each in own] == [
                *(f"{step} says {number}" for number in range(3)),
                f"{step} warns",
                "with its frames",
            ]
            assert own[-1].error_info is not None
            assert "ValueError: logged" in own[-1].error_info.message
            assert instance.compute_logs is not None
            data = instance.compute_logs.get_log_data((result.run_id, "compute_logs", step))
            assert data.stdout_text == "".join(f"{step} prints {number}\n" for number in range(3))

    def test_odd_text_and_large_numbers_arrive(self, instance: Instance) -> None:
        """In a line of the log, in metadata, in an error: text that UTF-8 cannot say, and more than 64 bits."""
        result = self.run("odd_texts", instance)
        assert f"read {ODD_TEXT}" in _lines(instance, result.run_id)
        (told,) = [each for each in result.all_events if each.event_type_value == "STEP_OUTPUT"]
        assert told.step_output_data.metadata["file"].value == ODD_TEXT
        assert told.step_output_data.metadata["bytes"].value == 2**70
        (failed,) = result.get_step_failure_events()
        assert failed.step_failure_data.error.cause.message.strip() == f"ValueError: {ODD_TEXT}"

    def test_a_step_has_started_before_it_says_anything(self, instance: Instance) -> None:
        """Its function finds the start on record, and its lines stand behind that and behind its inputs."""
        with _execute("looking", self.executor, self.config, instance) as result:
            for step in ("looks_0", "looks_1", "awaits_0", "awaits_1"):
                assert result.output_for_node(step) is True, step
                told = [
                    each.user_message if each.dagster_event is None else each.dagster_event.event_type_value
                    for each in instance.all_logs(result.run_id)
                    if each.step_key == step
                ]
                assert [each for each in told if each not in _OF_PLACE] == [
                    "STEP_START",
                    "LOADED_INPUT",
                    "STEP_INPUT",
                    "begins",
                    "STEP_OUTPUT",
                    "HANDLED_OUTPUT",
                    "STEP_SUCCESS",
                ], step

    # -- limits ----------------------------------------------------------------------------------

    def test_steps_overlap_up_to_the_limit(self, instance: Instance) -> None:
        """As many as the config says, and no more."""
        if self.concurrent is None:
            pytest.skip(f"{self.executor} carries out one step at a time")
        spans = _spans(self.run("overlapping", instance, **self.concurrent).all_events)
        assert _most_at_once(list(spans.values())) == 2

    def test_tags_limit_how_many_overlap(self, instance: Instance) -> None:
        """Steps without the tag take the room that is left."""
        if self.concurrent is None or not self.takes_tag_limits:
            pytest.skip(f"{self.executor} knows no limits of tags")
        limits = [{"key": "db", "value": "a", "limit": 1}]
        spans = _spans(self.run("tagged", instance, **self.concurrent, tag_concurrency_limits=limits).all_events)
        assert _most_at_once([span for key, span in spans.items() if key.startswith("a_")]) == 1
        assert _most_at_once(list(spans.values())) == 2

    def test_the_higher_priority_goes_first(self, instance: Instance) -> None:
        """Where there is room for one."""
        config = {"max_concurrent": 1} if self.concurrent is not None else {}
        spans = _spans(self.run("ranked", instance, **config).all_events)
        assert sorted(spans, key=lambda key: spans[key][0]) == ["rank_5", "rank_3", "rank_1", "rank_0"]

    def test_a_step_is_stopped_at_its_limit(self, instance: Instance) -> None:
        """A plain and an asynchronous one; the others go on."""
        began = time.monotonic()
        story = story_of(self.run("limited", instance).all_events)
        assert time.monotonic() - began < WAIT_SECONDS
        for key in ("too_long", "awaits_too_long"):
            kind, name, message, _ = story[key][-1]
            assert (kind, name) == ("STEP_FAILURE", "TimeLimitExceededError")
            assert f"Step '{key}' was stopped at its limit of 0.5 s" in message
        assert story["one"][-1][0] == "STEP_SUCCESS"

    # -- being stopped -----------------------------------------------------------------------------

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("program", ["waiting", "awaiting"])
    def test_a_signal_ends_the_run_in_order(
        self, program: str, number: signal.Signals, instance: Instance, tmp_path: Path
    ) -> None:
        """Resources are closed in reverse, the run is canceled, nothing more runs, no process is left."""
        sign = tmp_path / "sign"
        sender = threading.Thread(target=_send_when_there, args=(sign, number), daemon=True)
        sender.start()
        with pytest.raises(KeyboardInterrupt):
            _execute(program, self.executor, self.config, instance, tags={SIGN_TAG: str(sign)})
        sender.join()
        (run,) = instance.get_runs()
        assert run.status is RunStatus.CANCELED
        assert _lines(instance, run.run_id) == ["inner closed", "outer closed"]
        steps = {each.step_key for each in instance.all_logs(run.run_id) if each.dagster_event_type is not None}
        assert "must_not_run" not in steps
        worker = int(sign.read_text())
        if worker != os.getpid() and self.workers_end_with_run:
            assert _is_gone(worker)


def _send_when_there(sign: Path, number: int) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if sign.exists() and sign.read_text():
            os.kill(os.getpid(), number)
            return
        time.sleep(0.02)


def _is_gone(process: int) -> bool:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def _run(program: str, executor: str, config: dict[str, Any], instance: Instance) -> Any:
    with _execute(program, executor, config, instance) as result:
        return result


def _execute(
    program: str, executor: str, config: dict[str, Any], instance: Instance, tags: dict[str, str] | None = None
) -> Any:
    job = build_reconstructable_job(_MODULE, "make", (program, executor, config))
    return execute_job(job, instance, tags=tags)


def _lines(instance: Instance, run_id: str) -> list[str]:
    return [each.user_message for each in instance.all_logs(run_id) if not each.is_dagster_event]


def _spans(events: list[Event]) -> dict[str, tuple[float, float]]:
    """Return when each step began and ended, as it told."""
    found = {}
    for event in events:
        if event.event_type_value == "STEP_OUTPUT":
            metadata: Any = event.event_specific_data.metadata  # type: ignore[union-attr]  # of an output
            found[str(event.step_key)] = (metadata["began"].value, metadata["ended"].value)
    return found


def _most_at_once(spans: list[tuple[float, float]]) -> int:
    """Return how many spans overlap at most."""
    return max(sum(began <= at < ended for began, ended in spans) for at, _ended in spans)
