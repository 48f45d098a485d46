"""Facts of resources and IO managers written as classes."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from typing import Annotated, Any

import pydantic
import pytest

from orrery.api.verbs.build_resources import build_resources
from orrery.api.verbs.execute_job import validate_run_config
from orrery.base.errors import (
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    ResourceFunctionError,
)
from orrery.definitions.decorators.graph import job
from orrery.definitions.decorators.op import op
from orrery.definitions.parts.io_manager import IOManager, IOManagerDefinition, io_manager
from orrery.definitions.parts.resource import resource
from orrery.model.config.marker import ResourceParam, is_configurable_resource_class, is_resource_param_annotation
from orrery.model.config.problems import render_path
from orrery.model.config.pythonic import Config
from orrery.plan.config_skeleton import skeleton
from orrery.runtime.resources.configurable import ConfigurableResource
from orrery.runtime.resources.dependency import ResourceDependency
from orrery.runtime.resources.env_var import EnvVar
from orrery.runtime.resources.io_manager import (
    ConfigurableIOManager,
    ConfigurableIOManagerFactory,
    ConfigurableLegacyIOManagerAdapter,
)

DIARY: list[str] = []


@pytest.fixture(autouse=True)
def _empty_diary() -> None:
    DIARY.clear()


class Database(ConfigurableResource):  # type: ignore[type-arg]
    """Where rows are."""

    size: int = 1
    url: str = "x"
    _state: str = pydantic.PrivateAttr(default="declared")

    def setup_for_execution(self, context: Any) -> None:
        DIARY.append(f"+{self.size}")
        self._state = "open"

    def teardown_after_execution(self, context: Any) -> None:
        DIARY.append(f"-{self.size}")


class Reader(ConfigurableResource):  # type: ignore[type-arg]
    database: Database
    name: str | None = None


def test_a_copy_is_set_up_and_torn_down_and_the_declared_object_is_untouched() -> None:
    declared = Database(size=2)
    with build_resources({"db": declared}) as resources:
        assert resources.db is not declared
        assert (resources.db.size, resources.db._state) == (2, "open")
    assert declared._state == "declared"
    assert DIARY == ["+2", "-2"]


def test_run_config_holds_over_what_was_declared() -> None:
    with build_resources({"db": Database(size=2)}, resource_config={"db": {"config": {"size": 7}}}) as resources:
        assert (resources.db.size, resources.db.url) == (7, "x")


def test_variables_are_read_when_the_resource_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = Database(url=EnvVar("URL"), size=EnvVar.int("SIZE"))
    monkeypatch.setenv("URL", "here")
    monkeypatch.setenv("SIZE", "8")
    with build_resources({"db": declared}) as resources:
        assert (resources.db.url, resources.db.size) == ("here", 8)


def test_an_unset_variable_is_named_with_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("URL", raising=False)
    with (
        pytest.raises(InvalidConfigError, match=r'"URL" which is not set.*db:config:url'),
        build_resources({"db": Database(url=EnvVar("URL"))}),
    ):
        raise AssertionError("never opened")


class TestNested:
    def test_a_nested_resource_opens_first_and_closes_last(self) -> None:
        class Outer(ConfigurableResource):  # type: ignore[type-arg]
            database: Database

            def setup_for_execution(self, context: Any) -> None:
                DIARY.append(f"+outer {self.database._state}")

            def teardown_after_execution(self, context: Any) -> None:
                DIARY.append("-outer")

        with build_resources({"outer": Outer(database=Database(size=3))}):
            pass
        assert DIARY == ["+3", "+outer open", "-outer", "-3"]

    def test_one_object_held_by_two_is_set_up_once(self) -> None:
        shared = Database(size=9)
        with build_resources({"a": Reader(database=shared), "b": Reader(database=shared)}) as resources:
            assert resources.a.database is resources.b.database
        assert DIARY == ["+9", "-9"]

    def test_an_object_that_is_also_a_resource_of_its_own_is_set_up_once(self) -> None:
        shared = Database(size=9)
        with build_resources({"a_reader": Reader(database=shared), "db": shared}) as resources:
            assert resources.a_reader.database is resources.db
        assert DIARY == ["+9", "-9"]

    def test_one_to_be_configured_at_launch_takes_its_config_from_its_own_key(self) -> None:
        database = Database.configure_at_launch()
        resources = {"reader": Reader(database=database), "db": database}
        with build_resources(resources, resource_config={"db": {"config": {"size": 4}}}) as opened:
            assert opened.reader.database.size == 4

    def test_one_to_be_configured_at_launch_without_a_key_is_an_error(self) -> None:
        with (
            pytest.raises(InvalidDefinitionError, match="'database' of Reader"),
            build_resources({"reader": Reader(database=Database.configure_at_launch())}),
        ):
            raise AssertionError("never opened")

    def test_an_optional_one_may_be_missing(self) -> None:
        class Maybe(ConfigurableResource):  # type: ignore[type-arg]
            database: Database | None = None

        with build_resources({"without": Maybe(), "with_it": Maybe(database=Database(size=8))}) as resources:
            assert resources.without.database is None
            assert resources.with_it.database._state == "open"

    def test_a_declared_default_is_set_up(self) -> None:
        class Default(ConfigurableResource):  # type: ignore[type-arg]
            database: Database = Database(size=77)

        with build_resources({"r": Default()}) as resources:
            assert resources.r.database.size == 77

    @pytest.mark.parametrize("value", [5, Reader(database=Database())])
    def test_what_is_no_such_resource_is_refused(self, value: Any) -> None:
        with pytest.raises(pydantic.ValidationError):
            Reader(database=value)

    def test_a_dependency_takes_whatever_makes_the_value(self) -> None:
        class Greeting(ConfigurableResource[str]):
            name: str

            def create_resource(self, context: Any) -> str:
                return f"hello {self.name}"

        @resource
        def from_function() -> str:
            return "from a function"

        class Speaker(ConfigurableResource):  # type: ignore[type-arg]
            text: ResourceDependency[str]

        resources = {
            "a": Speaker(text=Greeting(name="you")),
            "b": Speaker(text=from_function),
            "c": Speaker(text="plain"),
        }
        with build_resources(resources) as opened:
            assert (opened.a.text, opened.b.text, opened.c.text) == ("hello you", "from a function", "plain")

    def test_when_the_outer_one_fails_the_nested_one_is_closed(self) -> None:
        class Failing(ConfigurableResource):  # type: ignore[type-arg]
            database: Database

            def setup_for_execution(self, context: Any) -> None:
                raise ValueError("no")

        with pytest.raises(ResourceFunctionError), build_resources({"f": Failing(database=Database(size=5))}):
            raise AssertionError("never opened")
        assert DIARY == ["+5", "-5"]


class TestYieldForExecution:
    @staticmethod
    def class_with(method: Any) -> Any:
        return type("Custom", (ConfigurableResource,), {"yield_for_execution": method})

    @pytest.mark.parametrize("wrap", [contextlib.contextmanager, lambda each: each])
    def test_what_it_yields_is_the_resource(self, wrap: Any) -> None:
        def session(self: Any, context: Any) -> Iterator[str]:
            DIARY.append("in")
            yield "the value"
            DIARY.append("out")

        with build_resources({"r": self.class_with(wrap(session))()}) as resources:
            assert resources.r == "the value"
        assert DIARY == ["in", "out"]

    def test_no_yield_is_a_clear_error(self) -> None:
        @contextlib.contextmanager
        def session(self: Any, context: Any) -> Iterator[str]:
            yield from ()

        with pytest.raises(ResourceFunctionError) as caught, build_resources({"r": self.class_with(session)()}):
            raise AssertionError("never opened")
        assert "must yield one item" in str(caught.value.user_exception)

    def test_two_yields_are_a_clear_error(self) -> None:
        @contextlib.contextmanager
        def session(self: Any, context: Any) -> Iterator[str]:
            yield "1"
            yield "2"

        with (
            pytest.raises(InvariantViolationError, match="more than one item"),
            build_resources({"r": self.class_with(session)()}),
        ):
            pass

    def test_set_up_and_tear_down_may_be_asynchronous(self) -> None:
        class Client(ConfigurableResource):  # type: ignore[type-arg]
            async def setup_for_execution(self, context: Any) -> None:  # type: ignore[override]
                DIARY.append("connected")

            async def teardown_after_execution(self, context: Any) -> None:  # type: ignore[override]
                DIARY.append("closed")

        with build_resources({"client": Client()}) as resources:
            assert isinstance(resources.client, Client)
        assert DIARY == ["connected", "closed"]


class TestAtLaunch:
    def test_what_is_missing_is_asked_of_the_run(self) -> None:
        class Token(ConfigurableResource):  # type: ignore[type-arg]
            token: str

        with (
            pytest.raises(InvalidConfigError, match=r"'x': \{'config': \{'token': '...'\}\}"),
            build_resources({"x": Token.configure_at_launch()}),
        ):
            raise AssertionError("never opened")

    def test_what_is_given_is_the_default(self) -> None:
        with build_resources({"db": Database.configure_at_launch(url="q")}) as resources:
            assert (resources.db.url, resources.db.size) == ("q", 1)

    def test_an_unknown_field_is_named(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="'sice'"):
            Database.configure_at_launch(sice=1)

    def test_a_class_is_no_resource(self) -> None:
        with pytest.raises(InvalidDefinitionError, match=r"Database\(...\)"), build_resources({"db": Database}):
            raise AssertionError("never opened")


class TestOutsideOfRuns:
    def test_a_resource_can_be_set_up_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("URL", "here")
        with Reader(database=Database(url=EnvVar("URL"))).process_config_and_initialize_cm() as reader:
            assert (reader.database.url, reader.database._state) == ("here", "open")
        assert DIARY == ["+1", "-1"]

    def test_one_that_tears_down_wants_a_with_statement(self) -> None:
        with pytest.raises(InvariantViolationError, match="from_resource_context_cm"):
            Database().process_config_and_initialize()

    def test_one_that_does_not_tear_down_needs_none(self) -> None:
        class Plain(ConfigurableResource):  # type: ignore[type-arg]
            a: int

        assert Plain(a=3).process_config_and_initialize().a == 3

    def test_the_context_is_known_once_it_is_set_up(self) -> None:
        with pytest.raises(InvariantViolationError, match="before resource was initialized"):
            Database().get_resource_context()
        with Database().process_config_and_initialize_cm() as database:
            assert database.get_resource_context().resource_config == {"size": 1, "url": "x"}


def test_a_resource_is_frozen() -> None:
    with pytest.raises(InvalidInvocationError):
        Database().size = 3  # type: ignore[misc]


def test_the_definition_tells_docstring_and_defaults() -> None:
    definition = Database(size=2).get_resource_definition()
    assert definition.description == "Where rows are."
    assert definition.config_field.default_value == {"size": 2, "url": "x"}


def test_a_value_that_the_class_refuses_is_a_config_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Limited(ConfigurableResource):  # type: ignore[type-arg]
        n: int = pydantic.Field(ge=1)

    monkeypatch.setenv("N", "-31337")
    with (
        pytest.raises(InvalidConfigError, match="greater than or equal to 1") as caught,
        build_resources({"r": Limited(n=EnvVar.int("N"))}),
    ):
        raise AssertionError("never opened")
    assert "31337" not in "".join(traceback.format_exception(caught.value))


def test_config_objects_and_lists_may_hold_references(monkeypatch: pytest.MonkeyPatch) -> None:
    class Part(Config):
        z: int

    class Whole(ConfigurableResource):  # type: ignore[type-arg]
        part: Part
        names: list[str]

    monkeypatch.setenv("Z", "8")
    with build_resources({"w": Whole(part=Part(z=EnvVar.int("Z")), names=["a", EnvVar("Z")])}) as resources:
        assert (resources.w.part, resources.w.names) == (Part(z=8), ["a", "8"])


def test_annotations_that_ask_for_resources_are_known() -> None:
    assert is_configurable_resource_class(Database)
    assert is_resource_param_annotation(Database)
    assert is_resource_param_annotation(ConfigurableResource[str])
    assert is_resource_param_annotation(ResourceParam[int])
    assert not is_resource_param_annotation(int)


class TestIOManagers:
    def test_a_class_is_its_own_io_manager(self) -> None:
        class Lines(ConfigurableIOManager):
            folder: str

            def handle_output(self, context: Any, obj: Any) -> None:
                DIARY.append(f"{self.folder}: {obj}")

            def load_input(self, context: Any) -> Any:
                return None

        definition = Lines(folder="f").get_resource_definition()
        assert isinstance(definition, IOManagerDefinition)
        with build_resources({"io_manager": Lines(folder="f")}) as resources:
            resources.io_manager.handle_output(None, 1)
        assert DIARY == ["f: 1"]

    def test_a_class_without_both_methods_cannot_be_made(self) -> None:
        class Half(ConfigurableIOManager):
            def load_input(self, context: Any) -> Any:
                return None

        with pytest.raises(TypeError, match="handle_output"):
            Half()  # type: ignore[abstract]

    def test_a_factory_makes_another_one(self) -> None:
        class Plain(IOManager):
            def handle_output(self, context: Any, obj: Any) -> None: ...

            def load_input(self, context: Any) -> Any: ...

        class Factory(ConfigurableIOManagerFactory[IOManager]):
            def create_io_manager(self, context: Any) -> IOManager:
                return Plain()

        with build_resources({"m": Factory(), "n": Factory.configure_at_launch()}) as resources:
            assert isinstance(resources.m, Plain)
            assert isinstance(resources.n, Plain)

    def test_an_older_one_can_be_wrapped(self) -> None:
        @io_manager(config_schema={"folder": str})
        def older(context: Any) -> Any:
            DIARY.append(str(context.resource_config))
            return object()

        class Wrapped(ConfigurableLegacyIOManagerAdapter):
            folder: str

            @property
            def wrapped_io_manager(self) -> IOManagerDefinition:
                return older  # type: ignore[no-any-return]

        with build_resources({"m": Wrapped(folder="f")}):
            pass
        assert DIARY == ["{'folder': 'f'}"]


class Limited(ConfigurableResource):  # type: ignore[type-arg]
    """A resource whose fields have limits."""

    size: int = pydantic.Field(default=1, ge=0)
    password: pydantic.SecretStr = pydantic.Field(default=pydantic.SecretStr("long enough"), min_length=5)
    host: str = pydantic.Field(default="somewhere", min_length=5)


class Amount(Config):
    """Config of an op with a limit."""

    rows: int = pydantic.Field(gt=0)
    token: pydantic.SecretStr = pydantic.Field(default=pydantic.SecretStr("long enough"), min_length=8)


def test_limits_of_ops_and_resources_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has been opened; what is secret or comes from the environment is masked, all else is shown."""
    monkeypatch.setenv("SHORT_HOST", "shh")

    @op
    def load(config: Amount, limited: Limited) -> None: ...

    @job(resource_defs={"limited": Limited.configure_at_launch()})
    def loads() -> None:
        load()

    given = {
        "ops": {"load": {"config": {"rows": 0, "token": "shh"}}},
        "resources": {"limited": {"config": {"size": -1, "password": "shh", "host": {"env": "SHORT_HOST"}}}},
    }
    with pytest.raises(InvalidConfigError) as caught:
        validate_run_config(loads, given)

    assert {(render_path(each.path), each.given) for each in caught.value.problems} == {
        ("root:ops:load:config:rows", "0"),
        ("root:ops:load:config:token", "********"),
        ("root:resources:limited:config:size", "-1"),
        ("root:resources:limited:config:password", "********"),
        ("root:resources:limited:config:host", "********"),
    }
    assert "shh" not in str(caught.value)


class Listening(ConfigurableResource):  # type: ignore[type-arg]
    """A resource whose fields limit what lies inside them."""

    ports: list[Annotated[int, pydantic.Field(ge=1)]]
    shares: dict[str, Annotated[float, pydantic.Field(lt=1)]] = {}


def test_limits_inside_lists_and_mappings_are_told_with_the_others() -> None:
    @op
    def listen(listening: Listening) -> None: ...

    @job(resource_defs={"listening": Listening.configure_at_launch()})
    def listens() -> None:
        listen()

    given = {"resources": {"listening": {"config": {"ports": [80, 0, -3], "shares": {"a": 0.5, "b": 2.0}}}}}
    with pytest.raises(InvalidConfigError) as caught:
        validate_run_config(listens, given)
    assert [render_path(each.path) for each in caught.value.problems] == [
        "root:resources:listening:config:ports[1]",
        "root:resources:listening:config:ports[2]",
        "root:resources:listening:config:shares:b",
    ]


class Guarded(ConfigurableResource):  # type: ignore[type-arg]
    """A resource with a field that is read from the environment as a rule."""

    token: str = EnvVar("GUARDED_TOKEN")
    name: str = "x"


def test_a_field_whose_default_is_read_from_the_environment_is_masked() -> None:
    """Whatever is given in its place is a secret as well; other fields are shown."""

    @op
    def ask(guarded: Guarded) -> None: ...

    @job(resource_defs={"guarded": Guarded.configure_at_launch()})
    def asks() -> None:
        ask()

    given = {"resources": {"guarded": {"config": {"token": ["hunter2"], "name": ["me"]}}}}
    with pytest.raises(InvalidConfigError) as caught:
        validate_run_config(asks, given)

    assert {(each.path[-1], each.given) for each in caught.value.problems} == {
        ("token", "********"),
        ("name", "['me']"),
    }
    assert "hunter2" not in str(caught.value)
    assert '#token: {"env": "GUARDED_TOKEN"}' in skeleton(asks)
