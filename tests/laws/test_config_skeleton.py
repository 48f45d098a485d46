"""Laws of the skeleton of run config: whatever the schema, the text is config that the schema accepts."""

import re
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.test_config_schema import Spec, build, specs

from orrery.model.config.schema import Field, Shape
from orrery.model.config.validate import validate
from orrery.plan.config_skeleton import skeleton_of_field


@given(specs())
@settings(max_examples=200, deadline=None)
def test_the_skeleton_is_accepted_with_and_without_what_is_optional(spec: Spec) -> None:
    schema = Shape({"it": Field(build(spec), description="first\n\x85second: 1")})
    text = "\n".join(skeleton_of_field(Field(schema)))
    least = yaml.safe_load(text) or {}
    whole = yaml.safe_load(re.sub(r"^(\s*)#(?! )", r"\1", text, flags=re.MULTILINE)) or {}
    for each in (least, whole):
        found = validate(schema, each, env=None)
        assert not found.problems, (text, each, found.problems)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(PLAIN)
@settings(max_examples=200, deadline=None)
def test_a_default_is_read_again_as_it_was(value: Any) -> None:
    text = "\n".join(skeleton_of_field(Field(Shape({"it": Field(Any, default_value=value)}))))
    assert yaml.safe_load(text.replace("#it:", "it:")) == {"it": value}, text
