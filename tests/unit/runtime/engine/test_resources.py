"""Facts of setting resources up and tearing them down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from orrery.base.errors import (
    CyclicDependencyError,
    InvalidConfigError,
    InvalidDefinitionError,
    InvariantViolationError,
    ResourceFunctionError,
    UnknownResourceError,
)
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions, resource
from orrery.model.events.event import Event
from orrery.runtime.engine.resources import open_resources, order_of_resources
from orrery.runtime.resources.attach import IAttachDifferentObjectToOpContext


class Diary:
    """What happened to resources, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def resource(self, name: str, *needs: str, closing: BaseException | None = None) -> ResourceDefinition:
        def make(context: Any) -> Iterator[str]:
            self.lines.append(f"+{name}")
            try:
                yield name
            finally:
                self.lines.append(f"-{name}")
                if closing is not None:
                    raise closing

        return ResourceDefinition(make, required_resource_keys=set(needs))


def test_resources_open_in_order_of_dependence_and_close_in_reverse() -> None:
    diary = Diary()
    defs = {"a": diary.resource("a", "b"), "b": diary.resource("b", "c"), "c": diary.resource("c")}
    assert open_resources(defs, ["a"]).close() == []
    assert diary.lines == ["+c", "+b", "+a", "-a", "-b", "-c"]


def test_only_what_is_asked_for_and_what_it_needs_is_opened() -> None:
    diary = Diary()
    opened = open_resources({"a": diary.resource("a"), "b": diary.resource("b")}, ["a"])
    assert opened.mapping == {"a": "a"}


def test_a_resource_that_two_need_is_opened_once() -> None:
    diary = Diary()
    defs = {"a": diary.resource("a", "c"), "b": diary.resource("b", "c"), "c": diary.resource("c")}
    open_resources(defs, ["a", "b"]).close()
    assert diary.lines.count("+c") == 1


def test_a_teardown_that_raises_does_not_keep_the_others_open() -> None:
    diary = Diary()
    fault = ValueError("broken")
    defs = {"a": diary.resource("a"), "b": diary.resource("b", closing=fault), "c": diary.resource("c")}
    opened = open_resources(defs, defs)
    assert opened.close() == [fault]
    assert diary.lines[-3:] == ["-c", "-b", "-a"]
    assert "the resource 'b'" in fault.__notes__[0]


def test_an_interrupted_teardown_closes_the_others_and_is_passed_on() -> None:
    diary = Diary()
    defs = {"a": diary.resource("a"), "b": diary.resource("b", closing=KeyboardInterrupt())}
    opened = open_resources(defs, defs)
    with pytest.raises(KeyboardInterrupt):
        opened.close()
    assert diary.lines[-1] == "-a"


def test_closing_twice_closes_once() -> None:
    diary = Diary()
    opened = open_resources({"a": diary.resource("a")}, ["a"])
    opened.close()
    opened.close()
    assert diary.lines == ["+a", "-a"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_when_a_resource_raises_those_before_it_are_closed(error: BaseException) -> None:
    diary = Diary()

    def fail(context: Any) -> None:
        raise error

    defs = {"a": diary.resource("a"), "b": ResourceDefinition(fail, required_resource_keys={"a"})}
    with pytest.raises(ResourceFunctionError, match="resource_fn on ResourceDefinition b") as caught:
        open_resources(defs, ["b"])
    assert caught.value.user_exception is error
    assert diary.lines == ["+a", "-a"]


class TestYields:
    @pytest.mark.parametrize("wrap", [lambda each: each, contextlib.contextmanager])
    def test_no_yield_is_an_error_when_it_opens(self, wrap: Any) -> None:
        def never(context: Any) -> Iterator[int]:
            yield from ()

        with pytest.raises(ResourceFunctionError) as caught:
            open_resources({"r": ResourceDefinition(wrap(never))}, ["r"])
        assert "must yield one item" in str(caught.value.user_exception)

    @pytest.mark.parametrize("wrap", [lambda each: each, contextlib.contextmanager])
    def test_two_yields_are_an_error_when_it_closes(self, wrap: Any) -> None:
        def twice(context: Any) -> Iterator[int]:
            yield 1
            yield 2

        (error,) = open_resources({"r": ResourceDefinition(wrap(twice))}, ["r"]).close()
        assert isinstance(error, InvariantViolationError)
        assert "yielded more than one item" in str(error)


def test_resources_that_need_each_other_are_named() -> None:
    defs = {name: ResourceDefinition(lambda _: 1, required_resource_keys={need}) for name, need in ["ab", "bc", "ca"]}
    with pytest.raises(CyclicDependencyError) as caught:
        order_of_resources(defs, ["a"])
    assert caught.value.members == ("a", "b", "c")


def test_a_missing_resource_is_named_with_who_needs_it_and_the_nearest() -> None:
    defs = {
        "reader": ResourceDefinition(lambda _: 1, required_resource_keys={"databse"}),
        "database": ResourceDefinition(lambda _: 2),
    }
    with pytest.raises(
        InvalidDefinitionError, match=r"(?s)'databse' required by resource with key 'reader'.*'database'"
    ):
        open_resources(defs, ["reader"])


def test_a_chain_of_ten_thousand_needs_no_recursion() -> None:
    defs = {
        str(n): ResourceDefinition(lambda _: 1, required_resource_keys={str(n + 1)} if n < 9_999 else set())
        for n in range(10_000)
    }
    assert order_of_resources(defs, ["0"])[0] == "9999"


def test_a_resource_sees_only_what_it_declared() -> None:
    @resource(required_resource_keys={"b"})
    def a(context: Any) -> Any:
        return context.resources.c

    defs = as_resource_definitions({"a": a, "b": 1, "c": 2})
    with pytest.raises(ResourceFunctionError) as caught:
        open_resources(defs, defs)
    assert isinstance(caught.value.user_exception, UnknownResourceError)


def test_config_is_resolved_with_defaults_and_environment() -> None:
    from orrery.model.config.schema import Field, StringSource

    @resource(config_schema={"url": StringSource, "size": Field(int, default_value=3)})
    def pool(context: Any) -> Any:
        return context.resource_config

    opened = open_resources(
        {"pool": pool}, ["pool"], {"pool": {"config": {"url": {"env": "U"}}}}, environment={"U": "x"}
    )
    assert opened.mapping["pool"] == {"url": "x", "size": 3}


def test_an_unset_variable_names_variable_and_field() -> None:
    from orrery.model.config.schema import StringSource

    @resource(config_schema={"url": StringSource})
    def pool(context: Any) -> Any:
        return context.resource_config

    with pytest.raises(InvalidConfigError, match=r'"U" which is not set.*root:resources:pool:config:url'):
        open_resources({"pool": pool}, ["pool"], {"pool": {"config": {"url": {"env": "U"}}}}, environment={})


def test_the_nearest_resource_is_named_when_one_is_not_there() -> None:
    scope = open_resources(as_resource_definitions({"io_manager": 1}), ["io_manager"]).scoped({"io_manager"})
    assert scope.io_manager == 1
    with pytest.raises(UnknownResourceError, match="io_manager"):
        _ = scope.io_manger


def test_a_resource_may_show_itself_as_another_object() -> None:
    class Client(IAttachDifferentObjectToOpContext):
        def get_object_to_set_on_execution_context(self) -> str:
            return "the bare client"

    client = Client()
    opened = open_resources(as_resource_definitions({"client": client, "other": 1}), ["client", "other"])
    assert opened.mapping == {"client": "the bare client", "other": 1}
    assert opened.originals == {"client": client, "other": 1}
    assert opened.scoped({"client"}).original_resource_dict == {"client": client}


class TestEvents:
    @staticmethod
    def kinds(emitted: list[Event]) -> list[str]:
        return [each.event_type_value for each in emitted]

    def test_opening_says_start_and_success(self) -> None:
        emitted: list[Event] = []
        defs = as_resource_definitions({"b": 1, "a": 2})
        open_resources(defs, defs, emit=emitted.append, job_name="j", step_key="s").close()
        assert self.kinds(emitted) == ["RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS"]
        assert emitted[0].message == "Starting initialization of resources [a, b]."
        assert (emitted[0].job_name, emitted[0].step_key) == ("j", "s")

    def test_a_resource_that_raises_says_failure_with_the_users_error(self) -> None:
        emitted: list[Event] = []
        with pytest.raises(ResourceFunctionError):
            open_resources({"a": ResourceDefinition(lambda _: 1 / 0)}, ["a"], emit=emitted.append, job_name="j")
        assert self.kinds(emitted) == ["RESOURCE_INIT_STARTED", "RESOURCE_INIT_FAILURE"]
        assert emitted[1].event_specific_data.error.cls_name == "ZeroDivisionError"  # type: ignore[union-attr]

    def test_a_failed_teardown_is_an_engine_event(self) -> None:
        emitted: list[Event] = []
        defs = {"a": Diary().resource("a", closing=ValueError("x"))}
        open_resources(defs, defs, emit=emitted.append, job_name="j").close()
        assert self.kinds(emitted)[-1] == "ENGINE_EVENT"
        assert emitted[-1].message == "Teardown of resources [a] failed."


class TestAsync:
    def test_coroutines_and_generators_are_waited_for_in_one_loop(self) -> None:
        loops: list[object] = []

        @resource
        async def value(context: Any) -> int:
            loops.append(asyncio.get_running_loop())
            return 1

        @resource(required_resource_keys={"value"})
        async def session(context: Any) -> Any:
            loops.append(asyncio.get_running_loop())
            yield context.resources.value + 1
            loops.append(asyncio.get_running_loop())

        opened = open_resources({"value": value, "session": session}, ["session"])
        assert opened.mapping["session"] == 2
        assert opened.close() == []
        assert len(loops) == 3
        assert len(set(map(id, loops))) == 1

    def test_the_loop_of_the_caller_is_used(self) -> None:
        @resource
        async def value(context: Any) -> Any:
            return asyncio.get_running_loop()

        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            opened = open_resources({"value": value}, ["value"], run_async=loop.run_until_complete)
            assert opened.mapping["value"] is loop
