"""
Run config of a job as data for programs: what it may hold, and the least that is to be given.

The same facts as the skeleton in ``config_skeleton.py``, which is for people: names, types, defaults, limits, and what
the job's own config fixes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.definitions.graphs.job import JobDefinition
from orrery.model.config.configured import plain_config
from orrery.model.config.schema import Field, Noneable, Permissive, Selector, Shape
from orrery.plan.config_skeleton import FREE, is_given, is_reference
from orrery.plan.run_config_schema import run_config_field

__all__ = ["config_document"]


def config_document(job: JobDefinition) -> dict[str, Any]:
    """
    Return what the run config of *job* may hold, as a JSON document.

    Returns:
        ``job``, its name. ``skeleton``: run config with no more than must be given, values as examples; the job takes it
        as it is. ``fields``: what may be given, by name; each with ``type`` (as messages call it), ``required``, and
        where there is such a thing ``description``, ``default``, ``fixed`` (at what the job's own config fixes it),
        ``limits``, ``secret`` and the fields below: ``fields``, or ``one_of`` where exactly one of them is to be given.
        The default and the fixed value of a secret are left out.
    """
    sections: Any = run_config_field(job).config_type
    fixed = plain_config(job.run_config or {})
    skeleton: dict[str, Any] = {}
    for name, section in getattr(sections, "fields", {}).items():
        given = fixed.get(name, FREE)
        if not section.is_required or is_given(section, given):
            continue
        example = section.config_type.example()
        known = given if isinstance(given, Mapping) else {}
        skeleton[name] = (
            {key: each for key, each in example.items() if key not in known} if isinstance(example, dict) else example
        )
    return {"job": job.name, "skeleton": skeleton, "fields": _fields(sections, fixed)}


def _fields(config_type: Any, fixed: Any) -> dict[str, Any]:
    known = fixed if isinstance(fixed, Mapping) else {}
    return {name: _field(each, known.get(name, FREE)) for name, each in getattr(config_type, "fields", {}).items()}


def _field(field: Field, fixed: Any) -> dict[str, Any]:
    config_type = field.config_type
    document: dict[str, Any] = {"type": config_type.render(), "required": field.is_required}
    bare = config_type.inner_type if isinstance(config_type, Noneable) else config_type
    description = field.description or bare.description
    if description:
        document["description"] = description
    has_fields = isinstance(bare, Shape | Permissive | Selector) and bool(bare.fields)
    if not has_fields and field.default_provided and _may_be_told(field, field.default_value):
        document["default"] = field.default_value
    if fixed is not FREE and not (has_fields and isinstance(fixed, Mapping)) and _may_be_told(field, fixed):
        document["fixed"] = fixed
    if field.limits:
        document["limits"] = list(field.limits)
    if field.is_secret:
        document["secret"] = True
    if has_fields:
        document["one_of" if isinstance(bare, Selector) else "fields"] = _fields(bare, fixed)
    return document


def _may_be_told(field: Field, value: Any) -> bool:
    return not field.is_secret or is_reference(value)
