"""Laws of the config schema: it accepts what a plain reading of it accepts, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.model.config.problems import render_path
from orrery.model.config.schema import (
    Array,
    ConfigType,
    Enum,
    EnumValue,
    Field,
    Map,
    Noneable,
    Permissive,
    ScalarUnion,
    Selector,
    Shape,
    resolve_field,
)
from orrery.model.config.validate import validate

NAMES = st.sampled_from(["a", "b", "c", "limit", "path"])
SCALARS = {int: 7, float: 1.5, str: "x", bool: True}

Spec = tuple[Any, ...]
"""A schema told plainly: a tag, and what belongs to it. Tests read it in a way of their own."""


def specs() -> st.SearchStrategy[Spec]:
    leaves = st.one_of(
        st.sampled_from([("scalar", each) for each in SCALARS]),
        st.just(("any",)),
        st.lists(st.sampled_from("RGB"), min_size=1, max_size=3, unique=True).map(lambda each: ("enum", tuple(each))),
    )

    def extend(inner: st.SearchStrategy[Spec]) -> st.SearchStrategy[Spec]:
        fields = st.dictionaries(NAMES, st.tuples(inner, st.booleans()), max_size=3)
        some_fields = st.dictionaries(NAMES, st.tuples(inner, st.booleans()), min_size=2, max_size=3)
        return st.one_of(
            fields.map(lambda each: ("shape", each)),
            fields.map(lambda each: ("permissive", each)),
            some_fields.map(lambda each: ("selector", each)),
            inner.map(lambda each: ("array", each)),
            inner.map(lambda each: ("map", each)),
            inner.map(lambda each: ("noneable", each)),
            fields.map(lambda each: ("union", ("shape", each))),
        )

    return st.recursive(leaves, extend, max_leaves=6)


def build(spec: Spec) -> Any:
    """Return the schema that *spec* tells."""
    tag, *rest = spec
    if tag == "scalar":
        return rest[0]
    if tag == "any":
        return Any
    if tag == "enum":
        return Enum("Letters", [EnumValue(each) for each in rest[0]])
    if tag in ("shape", "permissive", "selector"):
        fields = {name: Field(build(each), is_required=required) for name, (each, required) in rest[0].items()}
        return {"shape": Shape, "permissive": Permissive, "selector": Selector}[tag](fields)
    if tag == "union":
        return ScalarUnion(str, build(rest[0]))
    return {"array": Array, "map": lambda each: Map(str, each), "noneable": Noneable}[tag](build(rest[0]))


def accepts(spec: Spec, value: Any) -> bool:
    """Tell, without the code under test, whether *spec* accepts *value*."""
    tag, *rest = spec
    if tag == "any":
        return True
    if tag == "scalar":
        wanted = rest[0]
        if isinstance(value, bool):
            return wanted is bool
        return isinstance(value, (int, float) if wanted is float else wanted)
    if tag == "enum":
        return isinstance(value, str) and value in rest[0]
    if tag == "noneable":
        return value is None or accepts(rest[0], value)
    if tag == "array":
        return isinstance(value, list) and all(accepts(rest[0], each) for each in value)
    if tag == "union":
        return accepts(rest[0], value) if isinstance(value, (dict, list)) else isinstance(value, str)
    if not isinstance(value, dict):
        return False
    if tag == "map":
        return all(isinstance(key, str) and accepts(rest[0], each) for key, each in value.items())
    fields = rest[0]
    if tag == "selector":
        return len(value) == 1 and all(name in fields and accepts(fields[name][0], value[name]) for name in value)
    known = all(accepts(fields[name][0], each) for name, each in value.items() if name in fields)
    complete = all(name in value for name, (_, required) in fields.items() if required)
    return known and complete and (tag == "permissive" or set(value) <= set(fields))


def fitting(spec: Spec) -> st.SearchStrategy[Any]:
    """Return values that *spec* accepts."""
    tag, *rest = spec
    if tag == "any":
        return st.none() | st.integers() | st.text(max_size=3)
    if tag == "scalar":
        return {int: st.integers(), float: st.floats(allow_nan=False), str: st.text(max_size=5), bool: st.booleans()}[
            rest[0]
        ]
    if tag == "enum":
        return st.sampled_from(rest[0])
    if tag == "noneable":
        return st.none() | fitting(rest[0])
    if tag == "array":
        return st.lists(fitting(rest[0]), max_size=3)
    if tag == "map":
        return st.dictionaries(st.text(max_size=3), fitting(rest[0]), max_size=3)
    if tag == "union":
        return st.text(max_size=5) | fitting(rest[0])
    fields = rest[0]
    if tag == "selector":
        return st.one_of([fitting(each).map(lambda value, n=name: {n: value}) for name, (each, _) in fields.items()])
    return st.fixed_dictionaries(
        {name: fitting(each) for name, (each, required) in fields.items() if required},
        optional={name: fitting(each) for name, (each, required) in fields.items() if not required},
    )


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.text(max_size=3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.data(), specs())
def test_a_schema_accepts_what_fits_it(data: st.DataObject, spec: Spec) -> None:
    """A value made to fit is accepted, and comes back as it is: nothing has a default here."""
    value = data.draw(fitting(spec))
    resolved = validate(resolve_field(build(spec)), value)
    assert resolved.problems == ()
    assert resolved.value == value


@settings(deadline=None, max_examples=300)
@given(st.data(), specs())
def test_a_schema_accepts_exactly_what_a_plain_reading_accepts(data: st.DataObject, spec: Spec) -> None:
    """Whatever is given, fit or not, the checker and the plain reading agree."""
    value = data.draw(ANYTHING | fitting(spec))
    assert validate(resolve_field(build(spec)), value).success is accepts(spec, value)


@settings(deadline=None)
@given(specs(), ANYTHING)
def test_every_problem_has_a_path_that_leads_into_the_value(spec: Spec, value: Any) -> None:
    """The path of a problem can be walked in what was given, whatever was given."""
    for problem in validate(resolve_field(build(spec)), value).problems:
        here: Any = value
        for part in problem.path:
            assert isinstance(here, (Mapping, list)), render_path(problem.path)
            here = here[part]
        assert render_path(problem.path) in problem.message or not problem.path


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.sampled_from(list(SCALARS)), min_size=1), st.data())
def test_all_wrong_fields_are_told_at_once(fields: dict[str, type], data: st.DataObject) -> None:
    """Each field given as a list is a problem of its own."""
    wrong = data.draw(st.sets(st.sampled_from(sorted(fields)), min_size=1))
    value = {name: ["wrong"] if name in wrong else SCALARS[each] for name, each in fields.items()}
    problems = validate(resolve_field(fields), value).problems
    assert sorted(problem.path[0] for problem in problems) == sorted(wrong)


@settings(deadline=None)
@given(specs())
def test_equal_schemas_have_equal_keys(spec: Spec) -> None:
    """The key of a schema depends on its contents alone."""
    first, second = resolve_field(build(spec)).config_type, resolve_field(build(spec)).config_type
    assert isinstance(first, ConfigType)
    assert first.key == second.key
    assert set(first.schema_snapshot.all_config_snaps_by_key) == set(second.schema_snapshot.all_config_snaps_by_key)
