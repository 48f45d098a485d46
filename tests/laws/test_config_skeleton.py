"""Laws of the skeleton of run config: whatever the schema, the text is config that the schema accepts."""

import re

import yaml
from hypothesis import given, settings
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
