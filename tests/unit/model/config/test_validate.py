"""Facts of checking a config against a schema."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from orrery.base.errors import InvalidConfigDefinitionError, InvalidConfigError, InvalidDefinitionError
from orrery.definitions.parts import types
from orrery.model.config.problems import show_value
from orrery.model.config.scalars import STRING
from orrery.model.config.schema import (
    Array,
    BoolSource,
    Enum,
    EnumValue,
    Field,
    IntSource,
    Map,
    Noneable,
    Permissive,
    ScalarUnion,
    Selector,
    Shape,
    StringSource,
    resolve_field,
)
from orrery.model.config.validate import resolve_config, validate


class Color(enum.Enum):
    RED = 1
    BLUE = 2


def problems_of(schema: Any, value: Any, env: dict[str, str] | None = None) -> list[str]:
    return [problem.message for problem in validate(resolve_field(schema), value, env=env).problems]


def value_of(schema: Any, value: Any, env: dict[str, str] | None = None) -> Any:
    return resolve_config(resolve_field(schema), value, subject="test", env=env)


def test_defaults_are_filled_in_at_every_depth() -> None:
    schema = {"a": Field(int, default_value=2), "b": {"c": Field(str, default_value="x")}}
    assert value_of(schema, {}) == {"a": 2, "b": {"c": "x"}}


def test_an_optional_field_without_default_is_left_out() -> None:
    assert value_of({"a": Field(int, is_required=False)}, {}) == {}


def test_all_problems_are_told_with_their_paths() -> None:
    schema = {"a": int, "b": {"c": [{"d": int}]}}
    found = validate(resolve_field(schema), {"a": "x", "b": {"c": [{"d": "y"}, {"e": 1}]}}).problems
    assert [(problem.kind, problem.path) for problem in found] == [
        ("type_mismatch", ("a",)),
        ("type_mismatch", ("b", "c", 0, "d")),
        ("unexpected_entry", ("b", "c", 1)),
        ("missing_entry", ("b", "c", 1)),
    ]


def test_the_error_numbers_the_problems_and_names_path_value_and_type() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        value_of({"ops": {"load": {"limit": int}}}, {"ops": {"load": {"limit": "many"}}})
    assert (
        'Error 1: Invalid scalar at path root:ops:load:limit. Value "many" of type "<class \'str\'>" '
        'is not valid for expected type "Int".' in str(caught.value)
    )
    assert caught.value.problems == caught.value.errors
    assert len(caught.value.problems) == 1


def test_an_unknown_entry_is_told_with_the_nearest_known_name() -> None:
    (problem,) = validate(resolve_field({"limit": Field(int, is_required=False)}), {"limt": 3}).problems
    assert problem.nearest == "limit"
    assert 'Did you mean "limit"?' in problem.message


def test_a_missing_entry_is_told_with_an_example() -> None:
    assert problems_of({"ops": {"a": int}}, {}) == [
        'Missing required config entry "ops" at the root. You must provide this value in your run config. '
        "Example config for the missing entry: {'ops': {'a': 0}}"
    ]


def test_several_missing_entries_are_one_problem() -> None:
    (message,) = problems_of({"b": str, "a": int}, {})
    assert "Missing required config entries ['a', 'b']" in message


@pytest.mark.parametrize(
    ("schema", "value"), [(int, True), (int, 1.0), (str, 1), (bool, 1), (bool, "true"), (int, None)]
)
def test_scalars_are_not_converted(schema: type, value: object) -> None:
    assert len(problems_of(schema, value)) == 1


def test_a_whole_number_is_a_number() -> None:
    assert value_of(float, 1) == 1.0
    assert type(value_of(float, 1)) is float


def test_a_tuple_is_no_list() -> None:
    assert problems_of([int], (1, 2)) == ['Value at the root must be list. Expected: "[Int]".']


def test_a_selector_wants_exactly_one_field() -> None:
    schema = Selector({"a": int, "b": str})
    assert value_of(schema, {"a": 1}) == {"a": 1}
    assert "You can only specify a single field" in problems_of(schema, {"a": 1, "b": "x"})[0]
    assert "Must specify a field" in problems_of(schema, {})[0]
    assert 'unexpected config entry "c"' in problems_of(schema, {"c": 1})[0]


def test_a_selector_of_one_optional_field_may_be_empty() -> None:
    assert value_of(Selector({"a": Field(int, default_value=1)}), {}) == {"a": 1}


def test_an_enum_gives_the_python_value_behind_the_text() -> None:
    assert value_of(Enum.from_python_enum(Color), "RED") is Color.RED
    assert value_of(Enum.from_python_enum_direct_values(Color), "RED") == 1


def test_an_unknown_enum_text_is_told_with_the_nearest() -> None:
    assert problems_of(Enum.from_python_enum(Color), "RDE") == [
        "Value at the root not in enum type Color got RDE. Did you mean \"RED\"? Expected one of ['RED', 'BLUE']."
    ]


def test_a_map_checks_keys_and_values() -> None:
    assert [problem.path for problem in validate(resolve_field({str: int}), {"a": 1, "b": "x", 3: 4}).problems] == [
        ("b",),
        ("3", "key"),
    ]


def test_a_permissive_shape_keeps_what_it_does_not_know() -> None:
    assert value_of(Permissive({"a": int}), {"a": 1, "z": [1]}) == {"a": 1, "z": [1]}


def test_a_scalar_union_takes_either() -> None:
    schema = ScalarUnion(str, {"a": int})
    assert value_of(schema, "x") == "x"
    assert value_of(schema, {"a": 1}) == {"a": 1}
    assert len(problems_of(schema, 3)) == 1


def test_an_alias_stands_for_its_field() -> None:
    assert value_of(Shape({"a": int}, field_aliases={"a": "b"}), {"b": 1}) == {"a": 1}


def test_a_key_that_is_no_text_is_an_unknown_entry() -> None:
    assert 'unexpected config entry "1"' in problems_of({"a": int}, {1: 2, "a": 1})[0]


class TestEnvironment:
    SCHEMA = {"text": StringSource, "number": IntSource, "flag": BoolSource}

    def test_references_are_read_as_the_scalar_that_is_wanted(self) -> None:
        given = {"text": {"env": "T"}, "number": {"env": "N"}, "flag": {"env": "F"}}
        env = {"T": "12", "N": "12", "F": "false"}
        assert value_of(self.SCHEMA, given, env) == {"text": "12", "number": 12, "flag": False}

    def test_plain_values_pass(self) -> None:
        given = {"text": "x", "number": 1, "flag": True}
        assert value_of(self.SCHEMA, given, {}) == given

    def test_an_unset_variable_is_named_with_its_field(self) -> None:
        (problem,) = validate(resolve_field({"token": StringSource}), {"token": {"env": "TOKEN"}}, env={}).problems
        assert problem.environment_variable == "TOKEN"
        assert problem.path == ("token",)
        assert '"TOKEN"' in problem.message
        assert "root:token" in problem.message

    def test_a_text_that_cannot_be_read_is_not_shown(self) -> None:
        (problem,) = validate(resolve_field({"n": IntSource}), {"n": {"env": "N"}}, env={"N": "hunter2"}).problems
        assert "hunter2" not in str(problem.message)
        assert '"N"' in problem.message

    def test_without_an_environment_references_stay(self) -> None:
        assert value_of(self.SCHEMA | {}, {"text": {"env": "T"}, "number": 1, "flag": True})["text"] == {"env": "T"}

    def test_a_reference_in_a_default_is_read(self) -> None:
        assert value_of({"a": Field(StringSource, default_value={"env": "A"})}, {}, {"A": "x"}) == {"a": "x"}

    @pytest.mark.parametrize("value", [{"envv": "S"}, {}, {"env": 1}, ["x"], 1])
    def test_what_is_neither_text_nor_reference_is_refused(self, value: object) -> None:
        assert len(problems_of(StringSource, value, {})) >= 1


class TestSecrets:
    def test_a_secret_is_masked_in_problem_and_message(self) -> None:
        schema = {"password": Field(int, is_secret=True), "user": int}
        found = validate(resolve_field(schema), {"password": "hunter2", "user": "me"}).problems
        assert [problem.given for problem in found] == ["********", "me"]
        assert "hunter2" not in found[0].message

    def test_what_lies_below_a_secret_is_masked_too(self) -> None:
        schema = {"login": Field({"password": int}, is_secret=True)}
        assert "hunter2" not in problems_of(schema, {"login": {"password": "hunter2"}})[0]

    def test_the_default_of_a_secret_is_not_shown(self) -> None:
        field = Field(str, default_value="hunter2", is_secret=True)
        assert "hunter2" not in repr(field)
        assert field.snap("password").default_value_as_json_str is None


class TestFields:
    @pytest.mark.parametrize(
        ("schema", "required"),
        [
            (int, True),
            ({"a": int}, True),
            ({"a": Field(int, default_value=1)}, False),
            ({}, False),
            (Noneable(int), False),
            (Permissive(), False),
            (dict, False),
            ([int], True),
            ({str: int}, True),
            (Any, True),
            (Selector({"a": Field(int, default_value=1)}), False),
            (Selector({"a": int, "b": int}), True),
        ],
    )
    def test_a_field_is_required_unless_its_type_can_do_without(self, schema: Any, required: bool) -> None:
        assert Field(schema).is_required is required

    def test_nothing_means_anything(self) -> None:
        assert not resolve_field(None).is_required
        assert value_of(None, object) is object

    def test_a_default_must_satisfy_the_schema(self) -> None:
        with pytest.raises(InvalidConfigError, match="default_value"):
            Field(int, default_value="x")

    def test_a_member_of_a_python_enum_is_no_default(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="python enum value as the default"):
            Field(Enum.from_python_enum(Color), default_value=Color.RED)

    def test_a_required_field_has_no_default(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="required arguments should not specify default values"):
            Field(int, default_value=1, is_required=True)

    def test_the_default_of_a_shape_is_that_of_its_fields(self) -> None:
        assert Field({"a": Field(int, default_value=3)}).default_value == {"a": 3}

    def test_the_default_is_told_as_json(self) -> None:
        assert Field(str, default_value="x").default_value_as_json_str == '"x"'


class TestBadSchemas:
    @pytest.mark.parametrize("schema", [object(), Color, [int, str], [], {1: int}, list[int], int | None, "int"])
    def test_what_is_no_schema_is_refused(self, schema: Any) -> None:
        with pytest.raises(InvalidDefinitionError):
            Field(schema)

    def test_the_path_to_a_bad_part_is_told(self) -> None:
        with pytest.raises(InvalidConfigDefinitionError, match=r"stack path :a:b\."):
            Field({"a": {"b": object}})

    def test_keys_of_a_map_are_scalars(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="Key type must be a scalar"):
            Map(list, int)

    def test_an_enum_has_no_value_twice(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="twice"):
            Enum("E", [EnumValue("a"), EnumValue("a")])


def test_the_types_of_values_are_types_of_config_too() -> None:
    assert value_of({"a": types.Int, "b": [types.String]}, {"a": 1, "b": ["x"]}) == {"a": 1, "b": ["x"]}
    assert len(problems_of(types.Bool, 1)) == 1


def test_types_tell_themselves_on_one_line() -> None:
    schema = {"a": int, "b": Field([str], is_required=False), "c": Noneable(Map(str, float, key_label_name="city"))}
    assert resolve_field(schema).config_type.render() == "{ a: Int b?: [String] c?: { [city: String]: Float }? }"


def test_a_type_iterates_over_those_below_it_and_itself() -> None:
    schema = Shape({"a": Array(str)})
    assert [type(each).__name__ for each in schema.type_iterator()] == ["Scalar", "Array", "Shape"]
    assert next(schema.type_iterator()) is STRING


def test_a_value_whose_text_fails_is_shown_by_its_type() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert show_value(Broken()) == "<Broken whose text raises RuntimeError>"


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(problems_of({"a": int}, {"a": "x" * 100_000})[0]) < 500
