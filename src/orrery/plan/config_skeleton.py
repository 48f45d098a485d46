"""
A skeleton of run config: everything that a job accepts, as YAML with comments.

What must be given stands there with a value to be replaced; what may be given stands behind a ``#`` without a space,
with its default. So the text is run config as it is, and each optional line becomes part of it when its ``#``
goes. Comments, which are behind ``#`` and a space, tell descriptions, types and alternatives. What the job's own
config fixes stands behind a ``#``, too, at the value that it is fixed at.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeGuard

from orrery.definitions.graphs.job import JobDefinition
from orrery.model.config.configured import plain_config
from orrery.model.config.env import EnvReference
from orrery.model.config.scalars import ConfigType, Enum, Source
from orrery.model.config.schema import Array, Field, Map, Noneable, Permissive, ScalarUnion, Selector, Shape
from orrery.plan.run_config_schema import run_config_field

__all__ = ["FREE", "is_given", "is_reference", "skeleton", "skeleton_of_field"]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_ESCAPED = re.compile("([\x7f\U00010000-\U0010ffff])")
FREE: Final = object()
"""In place of a value that nothing fixes."""

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
    fixed = job.run_config or {}
    lines = list(skeleton_of_field(field, plain_config(fixed)))
    if not any(line and not line.lstrip().startswith("#") for line in lines):
        head[1] = "# Everything is optional: remove the '#' of what you give."
    if fixed:
        head.append(
            "# What the job fixes holds as it stands; an op, resource or logger that you give replaces its whole entry."
        )
    return "\n".join([*head, *lines, ""])


def skeleton_of_field(field: Field, fixed: Mapping[str, Any] = MappingProxyType({})) -> Iterator[str]:
    """
    Iterate over the lines for the fields of *field*, a shape.

    Args:
        field: The schema, whose fields are the sections of run config.
        fixed: What the job's own config says: an entry of a section that it names need not be given.
    """
    shape: Any = field.config_type
    for name, each in shape.fields.items():
        yield ""
        given = fixed.get(name, FREE)
        yield from _entry(name, each, "", is_off=is_given(each, given), fixed=given)


def is_given(section: Field, fixed: Any) -> bool:
    """Tell whether *fixed* says all that a section of run config requires."""
    below = section.config_type
    if not isinstance(fixed, Mapping) or not _has_fields(below):
        return False
    return all(name in fixed for name, each in below.fields.items() if each.is_required)


def _entry(
    name: str, field: Field, indent: str, *, is_off: bool = False, is_on: bool = False, fixed: Any = FREE
) -> Iterator[str]:
    """Iterate over the lines of one entry: behind a mark where it is off or optional, unless it is to stand there."""
    is_off = is_off or not (field.is_required or is_on)
    mark = "#" if is_off else ""
    config_type = _bare(field.config_type)
    yield from _comments(field, indent, is_fixed=fixed is not FREE)
    key = f"{indent}{mark}{_key(name)}:"
    below = indent + _STEP
    if _has_fields(config_type) and config_type.fields and (fixed is FREE or isinstance(fixed, Mapping)):
        known: Mapping[str, Any] = fixed if isinstance(fixed, Mapping) else {}
        if isinstance(config_type, Selector):
            yield key
            yield from _choices(config_type, below, is_off=is_off, fixed=known)
            return
        stands = None
        if not is_off and not any(each.is_required for each in config_type.fields.values()):
            stands = _harmless(config_type.fields)
            if stands is None:  # it must be there, nothing in it must, and nothing can be given for show
                yield f"{key} {{}}"
                shown = (f"{_key(name)} ({each.config_type.render()})" for name, each in config_type.fields.items())
                yield f"{below}# may hold: {_safe(', '.join(shown))}"
                return
        yield key
        for inner, each in config_type.fields.items():
            value = known.get(inner, FREE)
            off = is_off or value is not FREE
            yield from _entry(inner, each, below, is_off=off, is_on=inner == stands, fixed=value)
        if isinstance(config_type, Permissive):
            for inner in known:
                if inner not in config_type.fields:
                    yield f"{below}#{_key(inner)}: {_written(known[inner])}"
        return
    yield f"{key} {_value(field, fixed)}"


def _harmless(fields: Mapping[str, Field]) -> str | None:
    """Return the name of a field that may stand with its default: giving that changes nothing."""
    for name, each in fields.items():
        if each.default_provided and not each.is_secret and not _has_fields(_bare(each.config_type)):
            return name
    return None


def _choices(selector: Selector, indent: str, *, is_off: bool, fixed: Mapping[str, Any]) -> Iterator[str]:
    """Iterate over the lines of a selector: the choice that is fixed or else the first, the others as comments."""
    chosen = next((name for name in fixed if name in selector.fields), next(iter(selector.fields)))
    field = selector.fields[chosen]
    if len(selector.fields) > 1:
        yield f"{indent}# one of {', '.join(_key(each) for each in selector.fields)}:"
    yield from _entry(
        chosen,
        Field(field.config_type, is_required=True, description=field.description),
        indent,
        is_off=is_off,
        fixed=fixed.get(chosen, FREE),
    )
    for name, each in selector.fields.items():
        if name != chosen:
            yield f"{indent}# or {_key(name)}: {_cut(_safe(each.config_type.render()))}"


def _comments(field: Field, indent: str, *, is_fixed: bool) -> Iterator[str]:
    text = field.description or _bare(field.config_type).description
    config_type = field.config_type
    if isinstance(config_type, Array | Map):  # their descriptions only repeat the type
        text = field.description
    for line in (text or "").splitlines():
        if line.strip():
            yield f"{indent}# {_safe(line.rstrip())}"
    if not _has_fields(_bare(config_type)):
        facts = [_cut(_safe(_shown(config_type)))]
        facts.append("fixed by the job" if is_fixed else "required" if field.is_required else "optional")
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


def _value(field: Field, fixed: Any) -> str:
    is_known = fixed is not FREE or field.default_provided
    known = field.default_value if fixed is FREE and field.default_provided else fixed
    if field.is_secret and is_known and not is_reference(known):
        return '"..."'
    try:
        return _written(known if is_known else _bare(field.config_type).example())
    except TypeError:  # a value that config can hold and YAML cannot
        return json.dumps(_bare(field.config_type).example(), ensure_ascii=True, default=str)


def _written(value: Any) -> str:
    """
    Return *value* as YAML on one line, equal when it is read again.

    Raises:
        TypeError: Nothing that is written in YAML is such a value.
    """
    if isinstance(value, EnvReference):
        value = value.as_config()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_written(key)}: {_written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    # JSON writes what lies beyond the first plane as two halves, which YAML does not put together again
    return _quoted(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=True)


def _number(value: float) -> str:
    """Return a float as YAML 1.1 knows it: with a point, and a sign in the exponent."""
    if math.isnan(value) or math.isinf(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    digits, mark, exponent = float.__repr__(value).partition("e")
    return digits + ("" if "." in digits else ".0") + mark + exponent


def _quoted(text: str) -> str:
    parts = _ESCAPED.split(text)
    return (
        '"'
        + "".join(f"\\U{ord(each):08x}" if at % 2 else json.dumps(each)[1:-1] for at, each in enumerate(parts))
        + '"'
    )


def is_reference(value: Any) -> bool:
    """Tell whether *value* names a variable of the environment: that tells no secret."""
    return isinstance(value, EnvReference) or (isinstance(value, dict) and list(value) == ["env"])


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
    return _quoted(name)


def _safe(text: str) -> str:
    r"""Return *text* for a comment: nothing in it ends the line."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
