"""A definition made by a decorator shows name, docstring and function of what was decorated; its class its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from orrery.definitions.decorators.graph import graph, job
from orrery.definitions.decorators.op import op
from orrery.definitions.decorators.schedule import schedule
from orrery.definitions.decorators.sensor import sensor
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.parts.resource import ResourceDefinition, resource


def work(context):  # type: ignore[no-untyped-def]
    """Say what the function is for."""


def nothing() -> None:
    """Say what the job is for."""


@pytest.mark.parametrize(
    ("decorator", "function"),
    [
        (op, work),
        (op(name="other"), work),
        (resource, work),
        (sensor(job_name="x"), work),
        (schedule(cron_schedule="* * * * *", job_name="x"), work),
        (job(name="other"), nothing),
        (graph(name="other"), nothing),
    ],
)
def test_a_definition_shows_its_function(decorator: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Tools that read functions read definitions as well."""
    made = decorator(function)
    assert (made.__name__, made.__doc__, made.__wrapped__) == (function.__name__, function.__doc__, function)


def test_a_class_of_definitions_keeps_its_own_docstring() -> None:
    """Nothing of an object's function is looked for in its class."""
    assert (OpDefinition.__doc__ or "").strip().startswith("A function with named inputs")
    assert OpDefinition.__name__ == "OpDefinition"
    assert "compute_fn" in inspect.signature(OpDefinition).parameters


def test_a_resource_that_is_made_already_has_no_function_to_show() -> None:
    """It shows what its class says, and has no name of its own."""
    made = ResourceDefinition.hardcoded_resource(5)
    assert made.__doc__ == ResourceDefinition.__doc__
    with pytest.raises(AttributeError, match="'ResourceDefinition' object has no attribute '__name__'"):
        made.__name__
