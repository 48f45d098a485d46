"""
A skeleton of run config: everything that a job accepts, as YAML with comments.

What must be given stands there with a value to be replaced; what may be given stands behind a ``#`` without a space,
with its default. So the text is run config as it is, and each optional line becomes part of it when its ``#``
goes. Comments, which are behind ``#`` and a space, tell descriptions, types and alternatives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeGuard

from orrery.definitions.graphs.job import JobDefinition
from orrery.model.config.scalars import ConfigType, Enum, Source
from orrery.model.config.schema import Array, Field, Map, Noneable, Permissive, ScalarUnion, Selector, Shape
from orrery.plan.run_config_schema import run_config_field

__all__ = ["skeleton", "skeleton_of_field"]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_STEP = "  "
_WIDTH = 100


def skeleton(job: JobDefinition) -> str:
    """
    Return everything that the run config of *job* may hold, as YAML with comments.

    The text is itself run config that the job accepts, but for limits on values and names in the environment.
    """
    head = [
        f"# Run config of job {_safe(job.name)}.",
        "# Required entries stand as they are: replace their values. Optional ones begin with '#': remove it.",
    ]
    field = run_config_field(job)
    if not _has_fields(field.config_type) or not field.config_type.fields:
        return f"# Job {_safe(job.name)} takes no config.\n{{}}\n"
    lines = list(skeleton_of_field(field))
    if not any(line and not line.lstrip().startswith("#") for line in lines):
        head[1] = "# Everything is optional: remove the '#' of what you give."
    return "\n".join([*head, *lines, ""])


def skeleton_of_field(field: Field) -> Iterator[str]:
    """Iterate over the lines for the fields of *field*, a shape."""
    shape: Any = field.config_type
    for name, each in shape.fields.items():
        yield ""
        yield from _entry(name, each, "", is_off=False)


def _entry(name: str, field: Field, indent: str, *, is_off: bool) -> Iterator[str]:
    """Iterate over the lines of one entry."""
    is_off = is_off or not field.is_required
    mark = "#" if is_off else ""
    config_type = _bare(field.config_type)
    yield from _comments(field, indent)
    key = f"{indent}{mark}{_key(name)}:"
    if _has_fields(config_type) and config_type.fields:
        if isinstance(config_type, Selector):
            yield key
            yield from _choices(config_type, indent + _STEP, is_off=is_off)
            return
        if is_off or any(each.is_required for each in config_type.fields.values()):
            yield key
            for below, each in config_type.fields.items():
                yield from _entry(below, each, indent + _STEP, is_off=is_off)
            return
        yield f"{key} {{}}"  # it must be there, and nothing in it must
        for below, each in config_type.fields.items():
            yield f"{indent}{_STEP}# {_key(below)}: {each.config_type.render()}"
        return
    yield f"{key} {_value(field)}"


def _choices(selector: Selector, indent: str, *, is_off: bool) -> Iterator[str]:
    """Iterate over the lines of a selector: the first choice to be used, the others as comments."""
    first, *others = selector.fields.items()
    name, field = first
    lines = list(
        _entry(name, Field(field.config_type, is_required=True, description=field.description), indent, is_off=is_off)
    )
    if others:
        yield f"{indent}# one of {', '.join(_key(each) for each in selector.fields)}:"
    yield from lines
    for name, each in others:
        yield f"{indent}# or {_key(name)}: {_cut(_safe(each.config_type.render()))}"


def _comments(field: Field, indent: str) -> Iterator[str]:
    text = field.description or _bare(field.config_type).description
    config_type = field.config_type
    if isinstance(config_type, Array | Map):  # their descriptions only repeat the type
        text = field.description
    for line in (text or "").splitlines():
        if line.strip():
            yield f"{indent}# {_safe(line.rstrip())}"
    if not _has_fields(_bare(config_type)):
        facts = [_cut(_safe(_shown(config_type)))]
        facts.append("required" if field.is_required else "optional")
        facts += map(_safe, field.limits)
        if field.is_secret:
            facts.append("secret")
        yield f"{indent}# {', '.join(facts)}"


def _shown(config_type: ConfigType) -> str:
    """Return how people call a type."""
    if isinstance(config_type, Enum):
        return f"one of {', '.join(config_type.config_values)}"
    if isinstance(config_type, Source):
        return f"{config_type.scalar.render()} or {{env: NAME}}"
    if isinstance(config_type, ScalarUnion):
        return _shown(config_type.scalar_type)
    if isinstance(config_type, Noneable):
        return f"{_shown(config_type.inner_type)} or null"
    if isinstance(config_type, Array):
        return f"list of {_shown(config_type.inner_type)}"
    if isinstance(config_type, Map):
        return f"map of {config_type.key_type.render()} to {_shown(config_type.inner_type)}"
    return config_type.render()


def _value(field: Field) -> str:
    if field.is_secret and field.default_provided and not _is_reference(field.default_value):
        return '"..."'
    value = field.default_value if field.default_provided else _bare(field.config_type).example()
    try:
        return json.dumps(value, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError):  # a value that config can hold and JSON cannot
        return json.dumps(_bare(field.config_type).example(), ensure_ascii=True, default=str)


def _is_reference(value: Any) -> bool:
    """Tell whether *value* names a variable of the environment: that tells no secret."""
    return isinstance(value, dict) and list(value) == ["env"]


def _bare(config_type: ConfigType) -> ConfigType:
    """Return the type behind ``None or ...``, where that is something with fields."""
    if isinstance(config_type, Noneable) and _has_fields(config_type.inner_type):
        return config_type.inner_type
    return config_type


def _has_fields(config_type: ConfigType) -> TypeGuard[Shape | Permissive | Selector]:
    return isinstance(config_type, Shape | Permissive | Selector)


def _key(name: str) -> str:
    if _PLAIN_KEY.match(name) and name.lower() not in _YAML_WORDS:
        return name
    return json.dumps(name, ensure_ascii=True)


def _safe(text: str) -> str:
    r"""Return *text* for a comment: nothing in it ends the line."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
