"""Facts of config classes."""

from __future__ import annotations

import enum
import inspect
import subprocess
import sys
from typing import Any, Literal, Optional, Union

import pydantic
import pytest
from pydantic import Field

from orrery.base.errors import InvalidConfigError, InvalidInvocationError, InvalidPythonicConfigDefinitionError
from orrery.model.config.marker import is_config_class, is_permissive_config_class, is_resource_param_annotation
from orrery.model.config.pythonic import Config, PermissiveConfig, build_config, config_class_to_field
from orrery.model.config.run_config import RunConfig, merge_run_configs, run_config_dict
from orrery.model.config.validate import validate
from orrery.runtime.resources.env_var import EnvVar


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Inner(Config):
    x: int
    y: str = "d"


class Cat(Config):
    kind: Literal["cat"] = "cat"
    meows: int


class Dog(Config):
    kind: Literal["dog"] = "dog"
    bark: str = "woof"


class Everything(Config):
    number: int
    real: float = 1.5
    text: Optional[str] = None  # noqa: UP045 - users write either
    maybe: int | None
    numbers: list[int] = [1]
    by_name: dict[str, Inner] = {}
    color: Color = Color.RED
    inner: Inner = Inner(x=1)
    inners: list[Inner] = []
    limited: int = Field(default=3, ge=1, le=5, description="from one to five")
    made: list[int] = Field(default_factory=lambda: [9])
    renamed: int = Field(default=2, alias="other_name")
    anything: Any = None
    pet: Union[Cat, Dog] = Field(default=Dog(), discriminator="kind")  # noqa: UP007 - users write either
    letter: Literal["p", "q"] = "p"
    digit: Literal[1, 2] = 1


def test_what_is_not_given_has_its_default() -> None:
    built = build_config(Everything, {"number": 1})
    assert built == Everything(number=1)
    assert isinstance(built, Everything)
    assert built.made == [9]
    assert built.maybe is None


def test_everything_given_arrives_as_the_class_wants_it() -> None:
    given = {
        "number": 1,
        "maybe": 2,
        "color": "BLUE",
        "inner": {"x": 3},
        "inners": [{"x": 1}],
        "by_name": {"k": {"x": 2}},
        "pet": {"cat": {"meows": 1}},
        "letter": "q",
        "digit": 2,
        "other_name": 7,
    }
    built = build_config(Everything, given)
    assert isinstance(built, Everything)
    assert (built.color, built.inner, built.pet) == (Color.BLUE, Inner(x=3), Cat(meows=1))
    assert (built.inners, built.by_name) == ([Inner(x=1)], {"k": Inner(x=2)})
    assert (built.letter, built.digit, built.renamed) == ("q", 2, 7)


def test_an_object_written_as_config_and_built_again_is_equal() -> None:
    original = Everything(number=1, color=Color.BLUE, pet=Cat(meows=4), inners=[Inner(x=5)], other_name=9)
    assert build_config(Everything, original.to_config_value()) == original


def test_a_partly_given_inner_config_keeps_the_defaults_of_the_declared_object() -> None:
    built = build_config(Everything, {"number": 1, "inner": {"y": "changed"}})
    assert isinstance(built, Everything)
    assert built.inner == Inner(x=1, y="changed")


def test_none_given_in_place_of_a_default_stays_none() -> None:
    class Note(Config):
        text: str | None = "x"

    assert build_config(Note, Note(text=None).to_config_value()) == Note(text=None)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        build_config(Everything, {"number": "s", "color": "b", "letter": "z", "limitted": 1, "pet": {"bird": {}}})
    paths = {problem.path for problem in caught.value.problems}  # type: ignore[attr-defined]
    assert paths == {(), ("number",), ("color",), ("letter",), ("pet",)}
    assert 'Did you mean "limited"?' in str(caught.value)


def test_a_limit_is_told_with_path_and_value() -> None:
    with pytest.raises(
        InvalidConfigError, match=r'Value "9" at path root:ops:o:config:limited is refused: .* equal to 5'
    ):
        build_config(Everything, {"number": 1, "limited": 9}, path=("ops", "o", "config"))


def test_a_limit_is_told_beside_a_wrong_type_an_unknown_field_and_a_missing_one() -> None:
    """Each wrong field is told once, whoever found it."""

    class Inner(Config):
        width: int = pydantic.Field(gt=0)

    class Page(Config):
        first: int
        name: str
        size: int = pydantic.Field(default=10, gt=0)
        inner: Inner = Inner(width=1)

    given = {"first": "x", "size": -1, "frist": 2, "inner": {"width": 0}}
    problems = validate(config_class_to_field(Page), given).problems
    assert sorted((each.kind, each.path) for each in problems) == [
        ("limit", ("inner", "width")),
        ("limit", ("size",)),
        ("missing_entry", ()),
        ("type_mismatch", ("first",)),
        ("unexpected_entry", ()),
    ]


def test_a_class_that_looks_at_its_fields_together_is_not_shown_some_of_them() -> None:
    class Span(Config):
        first: int
        last: int

        @pydantic.model_validator(mode="before")
        @classmethod
        def _in_order(cls, given: dict[str, int]) -> dict[str, int]:
            assert given["first"] <= given["last"]
            return given

    (problem,) = validate(config_class_to_field(Span), {"first": 1}).problems
    assert problem.kind == "missing_entry"


def test_a_validator_of_the_user_is_told_in_its_words() -> None:
    class Positive(Config):
        n: int

        @pydantic.field_validator("n")
        @classmethod
        def check(cls, n: int) -> int:
            if n < 0:
                raise ValueError("must not be negative")
            return n

    with pytest.raises(InvalidConfigError, match="must not be negative"):
        build_config(Positive, {"n": -1})


def test_objects_are_frozen() -> None:
    with pytest.raises(InvalidInvocationError, match="does not support item assignment"):
        Inner(x=1).x = 2  # type: ignore[misc]


def test_a_class_may_thaw_its_objects() -> None:
    class Thawed(Config):
        model_config = {"frozen": False}
        a: int = 1

    thawed = Thawed()
    thawed.a = 3
    assert thawed.a == 3


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(pydantic.ValidationError):
        Inner(x=1, z=2)  # type: ignore[call-arg]


def test_a_permissive_config_keeps_what_it_does_not_declare() -> None:
    class Loose(PermissiveConfig):
        a: int

    built = build_config(Loose, {"a": 1, "b": [1]})
    assert built.model_dump() == {"a": 1, "b": [1]}
    assert built.to_config_value() == {"a": 1, "b": [1]}


def test_a_field_may_be_private() -> None:
    class Private(Config):
        _counter: int = 3
        a: int

    built = build_config(Private, {"a": 1})
    assert isinstance(built, Private)
    assert built._counter == 3


def test_a_text_may_be_a_secret() -> None:
    class Login(Config):
        password: pydantic.SecretStr

    with pytest.raises(InvalidConfigError) as caught:
        build_config(Login, {"password": 12345})
    assert "12345" not in str(caught.value)
    assert config_class_to_field(Login).config_type.snapshot.get_field("password").is_secret


def test_a_type_that_config_cannot_express_is_named_with_its_field() -> None:
    class Bad(Config):
        a: object

    with pytest.raises(InvalidPythonicConfigDefinitionError, match="on field 'a'"):
        Bad.to_config_schema()


def test_a_type_that_pydantic_does_not_know_is_named_with_its_field() -> None:
    """In our words, where the class is defined."""

    class Odd:
        pass

    with pytest.raises(InvalidPythonicConfigDefinitionError, match=r"Wrong'> on field 'things'.*list\[.*Odd\]"):

        class Wrong(Config):
            number: int
            things: list[Odd]


def test_a_union_without_discriminator_is_refused() -> None:
    class Bad(Config):
        a: int | str

    with pytest.raises(InvalidPythonicConfigDefinitionError, match="on field 'a'"):
        Bad.to_fields_dict()


class Tree(Config):
    children: list[Tree] = []


def test_a_class_that_contains_itself_is_named() -> None:
    with pytest.raises(InvalidPythonicConfigDefinitionError, match="Tree contains itself"):
        Tree.to_config_schema()


def test_fields_carry_their_descriptions() -> None:
    assert Everything.to_fields_dict()["limited"].description == "from one to five"


def test_the_signature_names_the_fields() -> None:
    assert list(inspect.signature(Inner).parameters) == ["x", "y"]


class TestEnvironment:
    def test_a_reference_is_kept_until_config_is_built(self) -> None:
        config = Everything(number=EnvVar.int("N"), text=EnvVar("T"), numbers=[EnvVar.int("N")])
        plain = config.to_config_value()
        assert plain["number"] == {"env": "N"}
        built = build_config(Everything, plain, {"N": "5", "T": "hello"})
        assert isinstance(built, Everything)
        assert (built.number, built.text, built.numbers) == (5, "hello", [5])

    def test_an_unset_variable_is_named_with_its_field(self) -> None:
        with pytest.raises(InvalidConfigError, match=r'"N" which is not set.*root:number'):
            build_config(Everything, {"number": {"env": "N"}}, {})

    def test_a_limit_holds_for_a_value_from_the_environment(self) -> None:
        with pytest.raises(InvalidConfigError, match="root:limited") as caught:
            build_config(Everything, {"number": 1, "limited": {"env": "N"}}, {"N": "77"})
        assert "77" not in str(caught.value)

    def test_a_reference_used_as_its_value_is_an_error(self) -> None:
        with pytest.raises(RuntimeError, match="get_value"):
            str(EnvVar("TOKEN"))
        with pytest.raises(RuntimeError, match="get_value"):
            f"{EnvVar.int('N')}"

    def test_get_value_reads_now(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("N", "8")
        assert (EnvVar("N").get_value(), EnvVar.int("N").get_value()) == ("8", 8)
        monkeypatch.delenv("N")
        assert (EnvVar("N").get_value("d"), EnvVar.int("N").get_value(3)) == ("d", 3)


class TestRunConfig:
    def test_objects_become_what_one_would_write_in_yaml(self) -> None:
        config = RunConfig(ops={"load": Inner(x=1)}, resources={"db": {"config": {"url": "x"}}})
        assert config.to_config_dict() == {
            "loggers": {},
            "resources": {"db": {"config": {"url": "x"}}},
            "ops": {"load": {"config": {"x": 1, "y": "d"}}},
            "execution": {},
        }

    def test_objects_in_graphs_and_dicts_become_config_too(self) -> None:
        given = {"ops": {"graph": {"ops": {"load": Inner(x=1)}}, "other": {"config": Inner(x=2)}}}
        assert run_config_dict(given)["ops"] == {
            "graph": {"ops": {"load": {"config": {"x": 1, "y": "d"}}}},
            "other": {"config": {"x": 2, "y": "d"}},
        }

    def test_later_configs_hold_over_earlier_ones(self) -> None:
        merged = merge_run_configs(
            RunConfig(ops={"a": Inner(x=1)}), None, {"ops": {"a": {"config": {"y": "z"}}, "b": {"config": 1}}}
        )
        assert merged == {"ops": {"a": {"config": {"x": 1, "y": "z"}}, "b": {"config": 1}}}

    def test_what_is_no_mapping_is_refused(self) -> None:
        with pytest.raises(InvalidInvocationError):
            run_config_dict([1])  # type: ignore[arg-type]


def test_classes_are_told_apart_without_pydantic() -> None:
    assert is_config_class(Inner)
    assert not is_config_class(int)
    assert not is_config_class(Inner(x=1))
    assert is_permissive_config_class(PermissiveConfig)
    assert not is_resource_param_annotation(Inner)


def test_the_schema_language_does_not_load_pydantic() -> None:
    code = (
        "import sys, orrery.model.config.validate, orrery.model.config.run_config, orrery.definitions.parts.io_manager,"
        " orrery.runtime.engine.resources; sys.exit('pydantic' in sys.modules or 'asyncio' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
