"""Facts of declaring resources and IO managers."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from orrery.api.verbs.build_resources import build_resources
from orrery.api.verbs.resource_contexts import build_init_resource_context
from orrery.base.errors import (
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
)
from orrery.definitions.parts.io_manager import (
    InputManagerDefinition,
    IOManager,
    IOManagerDefinition,
    input_manager,
    io_manager,
)
from orrery.definitions.parts.resource import (
    ResourceDefinition,
    as_resource_definition,
    make_values_resource,
    resource,
)


class Plain(IOManager):
    def handle_output(self, context: Any, obj: Any) -> None: ...

    def load_input(self, context: Any) -> Any:
        return "loaded"


class TestDeclaring:
    def test_the_docstring_is_the_description(self) -> None:
        @resource
        def database(context: Any) -> None:
            """Where rows are."""

        assert database.description == "Where rows are."

    def test_config_may_be_anything_if_no_schema_is_given(self) -> None:
        assert not ResourceDefinition(lambda _: 1).config_field.is_required

    def test_a_second_required_parameter_is_refused_by_name(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="extra params other"):
            resource(lambda context, other: 1)

    def test_further_parameters_with_defaults_are_fine(self) -> None:
        assert isinstance(resource(lambda context, other=1: 1), ResourceDefinition)

    def test_what_is_no_function_is_refused(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="hardcoded_resource"):
            ResourceDefinition(3)  # type: ignore[arg-type]

    def test_any_object_is_a_resource(self) -> None:
        thing = object()
        assert as_resource_definition("thing", thing).constant is thing

    def test_an_io_manager_object_is_an_io_manager_definition(self) -> None:
        assert isinstance(as_resource_definition("io_manager", Plain()), IOManagerDefinition)

    def test_a_definition_of_a_plain_value_can_be_pickled(self) -> None:
        assert pickle.loads(pickle.dumps(ResourceDefinition.hardcoded_resource(3))).constant == 3


class TestReadyMade:
    @staticmethod
    def value_of(definition: ResourceDefinition, config: Any = None) -> Any:
        given = {} if config is None else {"r": {"config": config}}
        with build_resources({"r": definition}, resource_config=given) as resources:
            return resources.r

    def test_none_is_none(self) -> None:
        assert self.value_of(ResourceDefinition.none_resource()) is None

    def test_a_text_is_its_config(self) -> None:
        assert self.value_of(ResourceDefinition.string_resource(), "x") == "x"

    def test_a_mock_answers_whatever_is_asked(self) -> None:
        assert self.value_of(ResourceDefinition.mock_resource()).anything() is not None

    def test_values_are_their_config(self) -> None:
        assert self.value_of(make_values_resource(x=int), {"x": 1}) == {"x": 1}
        with pytest.raises(InvalidConfigError):
            self.value_of(make_values_resource(x=int), {"x": "1"})

    def test_values_without_schema_may_be_anything(self) -> None:
        assert self.value_of(make_values_resource(), {"x": 1}) == {"x": 1}


@resource
def with_context(context: Any) -> Any:
    return context.resource_config


@resource
def without_context() -> int:
    return 2


@resource(config_schema={"a": int})
def with_config(context: Any) -> Any:
    return context.resource_config


@resource(required_resource_keys={"other"})
def with_other(context: Any) -> Any:
    return context.resources.other + 1


class TestDirectCalls:
    def test_a_function_without_context_is_called_without(self) -> None:
        assert without_context() == 2

    def test_config_is_checked_and_given(self) -> None:
        assert with_config(build_init_resource_context(config={"a": 1})) == {"a": 1}
        with pytest.raises(InvalidConfigError, match="root:config:a"):
            with_config(build_init_resource_context(config={"a": "x"}))

    def test_missing_config_is_told(self) -> None:
        with pytest.raises(InvalidConfigError, match='Missing required config entry "config"'):
            with_config(build_init_resource_context())

    def test_resources_are_given(self) -> None:
        assert with_other(build_init_resource_context(resources={"other": 7})) == 8

    def test_a_missing_resource_is_told(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="'other' required"):
            with_other(build_init_resource_context())

    def test_the_context_may_be_given_by_name(self) -> None:
        assert with_context(context=build_init_resource_context()) is None

    @pytest.mark.parametrize(
        ("args", "kwargs"), [((), {}), ((1, 2), {}), (("x",), {}), ((), {"foo": build_init_resource_context()})]
    )
    def test_other_arguments_are_refused(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        with pytest.raises(InvalidInvocationError):
            with_context(*args, **kwargs)

    def test_a_context_for_none_is_refused(self) -> None:
        with pytest.raises(InvalidInvocationError, match="no context argument"):
            without_context(build_init_resource_context())

    def test_a_generator_gives_a_context_manager(self) -> None:
        closed: list[int] = []

        @resource
        def session(context: Any) -> Any:
            yield 5
            closed.append(5)

        with session(build_init_resource_context()) as value:
            assert value == 5
        assert closed == [5]

    def test_resources_that_must_be_closed_want_a_with_statement(self) -> None:
        @resource
        def session() -> Any:
            yield 5

        context = build_init_resource_context(resources={"session": session})
        with pytest.raises(InvariantViolationError, match="context manager scope"):
            _ = context.resources
        with context as entered:
            assert entered.resources.session == 5

    def test_the_context_has_an_instance_and_a_log(self) -> None:
        @resource
        def chatty(context: Any) -> Any:
            context.log.info("made")
            return context.instance

        assert chatty(build_init_resource_context()) is not None
        assert chatty(build_init_resource_context(instance="given")) == "given"
        with build_resources({"chatty": chatty}) as resources:
            assert resources.chatty is not None


class TestIOManagers:
    def test_a_function_that_returns_one_is_decorated(self) -> None:
        @io_manager(config_schema={"folder": str}, output_config_schema={"mode": str})
        def manager(context: Any) -> IOManager:
            return Plain()

        assert isinstance(manager, IOManagerDefinition)
        assert manager.output_config_field is not None
        assert manager.input_config_field is None

    def test_a_class_is_decorated(self) -> None:
        @io_manager
        class Manager:
            """Keeps nothing."""

            def handle_output(self, context: Any, obj: Any) -> None: ...

            def load_input(self, context: Any) -> Any:
                return 3

        assert isinstance(Manager, IOManagerDefinition)
        assert Manager.description == "Keeps nothing."
        with build_resources({"m": Manager}) as resources:
            assert resources.m.load_input(None) == 3

    def test_a_class_may_take_the_context(self) -> None:
        @io_manager(config_schema={"folder": str})
        class Manager(IOManager):
            def __init__(self, context: Any) -> None:
                self.folder = context.resource_config["folder"]

            def handle_output(self, context: Any, obj: Any) -> None: ...

            def load_input(self, context: Any) -> Any: ...

        with build_resources({"m": Manager.configured({"folder": "f"})}) as resources:
            assert resources.m.folder == "f"

    def test_a_class_that_lacks_a_method_is_refused(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="no method 'load_input'"):

            @io_manager
            class Half:
                def handle_output(self, context: Any, obj: Any) -> None: ...

    def test_a_configured_copy_stays_an_io_manager(self) -> None:
        @io_manager(config_schema={"folder": str}, input_config_schema={"x": int})
        def manager(context: Any) -> IOManager:
            return Plain()

        copy = manager.configured({"folder": "f"})
        assert isinstance(copy, IOManagerDefinition)
        assert copy.input_config_field is manager.input_config_field

    def test_an_input_manager_is_a_function_that_loads(self) -> None:
        @input_manager
        def loader(context: Any) -> Any:
            return f"loaded {context}"

        assert isinstance(loader, InputManagerDefinition)
        with build_resources({"loader": loader}) as resources:
            assert resources.loader.load_input("x") == "loaded x"

    def test_an_input_manager_may_give_another_one(self) -> None:
        @input_manager
        def loader() -> Any:
            return Plain()

        with build_resources({"loader": loader}) as resources:
            assert resources.loader.load_input("x") == "loaded"


class TestBuildResources:
    def test_config_problems_of_all_resources_are_told_at_once(self) -> None:
        with (
            pytest.raises(InvalidConfigError) as caught,
            build_resources(
                {"a": with_config, "b": with_config}, resource_config={"a": {"config": {"a": "x"}}, "c": {}}
            ),
        ):
            raise AssertionError("never opened")
        assert len(caught.value.problems) == 3

    def test_resources_are_closed_when_the_block_raises(self) -> None:
        closed: list[str] = []

        @resource
        def session() -> Any:
            yield 1
            closed.append("session")

        with pytest.raises(ValueError, match="from the block"), build_resources({"s": session}):
            raise ValueError("from the block")
        assert closed == ["session"]

    def test_a_faulty_teardown_is_raised_after_all_are_closed(self) -> None:
        closed: list[str] = []

        @resource
        def first() -> Any:
            yield 1
            closed.append("first")

        @resource
        def second() -> Any:
            yield 1
            raise ValueError("teardown")

        with pytest.raises(ValueError, match="teardown"), build_resources({"a": first, "b": second}):
            pass
        assert closed == ["first"]
