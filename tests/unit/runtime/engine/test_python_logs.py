"""Python's own logging, kept with the run."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from orrery import Instance, get_logger, job, op
from orrery.base.errors import InvalidDefinitionError
from orrery.runtime.engine.python_logs import level_of_settings, loggers_of_settings


def instance_with(**python_logs: Any) -> Instance:
    return Instance.ephemeral(settings={"python_logs": python_logs})


@pytest.fixture
def library() -> Iterator[logging.Logger]:
    """A logger of some library, which a test may turn as it likes."""
    logger = logging.getLogger("some_library")
    yield logger
    logger.setLevel(logging.NOTSET)


def lines_of(instance: Instance, function: Any) -> list[tuple[int, str | None, str]]:
    """Run *function* as an op; return level, step and text of each line that was kept."""

    @job
    def talks() -> None:
        op(name="speaker")(function)()

    result = talks.execute_in_process(instance=instance)
    return [
        (entry.level, entry.step_key, entry.user_message)
        for entry in instance.all_logs(result.run_id)
        if entry.dagster_event is None
    ]


def test_a_named_logger_is_kept_with_the_step(library: logging.Logger) -> None:
    def speak() -> None:
        library.warning("rows: %s", 5)
        library.getChild("below").error("lost")
        logging.getLogger("another").error("not ours")

    assert lines_of(instance_with(managed_python_loggers=["some_library"]), speak) == [
        (30, "speaker", "rows: 5"),
        (40, "speaker", "lost"),
    ]


def test_nothing_is_kept_that_nobody_named(library: logging.Logger) -> None:
    assert lines_of(Instance.ephemeral(), lambda: library.error("unheard")) == []


def test_the_level_holds_for_named_loggers_and_for_the_context(library: logging.Logger) -> None:
    instance = instance_with(managed_python_loggers=["some_library"], python_log_level="INFO")

    def speak(context: Any) -> None:
        library.debug("quiet")
        library.info("heard")
        context.log.debug("quiet")
        context.log.info("said")

    assert lines_of(instance, speak) == [(20, "speaker", "heard"), (20, "speaker", "said")]
    assert (instance.managed_python_loggers, instance.python_log_level) == (["some_library"], "INFO")


def test_loggers_are_left_as_they_were(library: logging.Logger) -> None:
    library.setLevel(logging.ERROR)
    seen: list[int] = []
    instance = instance_with(managed_python_loggers=["some_library"], python_log_level="DEBUG")
    lines_of(instance, lambda: seen.append(library.level))
    assert seen == [logging.DEBUG]
    assert (library.level, library.handlers) == (logging.ERROR, [])


def test_the_logger_for_code_without_a_context_is_always_kept() -> None:
    def speak() -> None:
        get_logger().info("one")
        get_logger("ingest").debug("two")

    assert lines_of(Instance.ephemeral(), speak) == [(20, "speaker", "one"), (10, "speaker", "two")]


def test_outside_of_runs_nothing_is_kept() -> None:
    get_logger().info("nobody listens")


def test_a_thread_of_the_function_is_kept_with_the_run(library: logging.Logger) -> None:
    def speak() -> None:
        thread = threading.Thread(target=lambda: library.error("from afar"))
        thread.start()
        thread.join()

    assert lines_of(instance_with(managed_python_loggers=["some_library"]), speak) == [(40, None, "from afar")]


def test_a_run_inside_a_run_keeps_its_lines_to_itself(library: logging.Logger) -> None:
    inner_lines: list[Any] = []
    outer, inner = (instance_with(managed_python_loggers=["some_library"]) for _ in range(2))

    def speak() -> None:
        library.error("before")
        inner_lines.extend(lines_of(inner, lambda: library.error("inside")))
        library.error("after")

    assert [text for _, _, text in lines_of(outer, speak)] == ["before", "after"]
    assert [text for _, _, text in inner_lines] == ["inside"]


def test_the_root_logger_may_be_named() -> None:
    instance = instance_with(managed_python_loggers=["root"])
    assert lines_of(instance, lambda: logging.getLogger("anything").error("heard")) == [(40, "speaker", "heard")]


def test_an_exception_is_kept_with_its_line(library: logging.Logger) -> None:
    instance = instance_with(managed_python_loggers=["some_library"])

    @op
    def speaker() -> None:
        try:
            raise ValueError("no such row")
        except ValueError:
            library.exception("could not read")

    @job
    def talks() -> None:
        speaker()

    result = talks.execute_in_process(instance=instance)
    (entry,) = [each for each in instance.all_logs(result.run_id) if each.dagster_event is None]
    assert (entry.user_message, entry.error_info.cls_name) == ("could not read", "ValueError")


@pytest.mark.parametrize("given", ["some_library", [5]])
def test_loggers_are_named_in_a_list(given: Any) -> None:
    with pytest.raises(InvalidDefinitionError, match="no list of names"):
        loggers_of_settings({"python_logs": {"managed_python_loggers": given}})


def test_a_level_has_a_name() -> None:
    assert level_of_settings({"python_logs": {"python_log_level": "warning"}}) == "WARNING"
    with pytest.raises(InvalidDefinitionError, match="is no level"):
        level_of_settings({"python_logs": {"python_log_level": "LOUD"}})
