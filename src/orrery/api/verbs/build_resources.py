"""
Open resources outside of a run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Mapping
from typing import Any

from orrery.definitions.parts.resource import as_resource_definitions
from orrery.model.config.configured import plain_config
from orrery.model.config.schema import Field, Shape
from orrery.model.config.validate import resolve_config
from orrery.runtime.contexts.init_resource import Later, ScopedResources
from orrery.runtime.contexts.log import console_log
from orrery.runtime.engine.resources import open_resources, raise_if_not_closed
from orrery.runtime.instance.instance import Instance

__all__ = ["build_resources", "runner_of"]


@contextlib.contextmanager
def build_resources(
    resources: Mapping[str, Any],
    instance: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    dagster_run: Any = None,
    log_manager: Any = None,
    event_loop: Any = None,
) -> Generator[Any, None, None]:
    """
    Open *resources*, for code outside of a run.

    Args:
        resources: Definitions, objects of resource classes, or plain objects, by key.
        instance: The instance that they see; by default one in memory.
        resource_config: Their config: ``{key: {"config": ...}}``.
        dagster_run: The run that they see.
        log_manager: Where they log; by default the logger ``orrery`` of the standard library.
        event_loop: The loop in which asynchronous resources live; it must not be running.

    Yields:
        The resources, as attributes. They are closed when the block ends, last opened first.

    Raises:
        InvalidConfigError: A config is refused; all problems are told.
        ResourceFunctionError: A resource raised.

    Example::

        with build_resources({"warehouse": WarehouseResource(host="db")}) as resources:
            resources.warehouse.rows("select 1")
    """
    definitions = as_resource_definitions(resources)
    given = plain_config(resource_config or {})
    shape = Shape({key: Field(Shape({"config": each.config_field})) for key, each in definitions.items()})
    resolve_config(shape, given, subject="resources", env=os.environ)
    opened = open_resources(
        definitions,
        definitions,
        given,
        instance=Later(Instance.ephemeral) if instance is None else instance,
        run=dagster_run,
        log=console_log() if log_manager is None else log_manager,
        event_loop=event_loop,
        run_async=runner_of(event_loop),
    )
    try:
        yield ScopedResources(opened.mapping, opened.originals)
    except BaseException:
        opened.close()
        raise
    errors = opened.close()
    raise_if_not_closed(errors)


def runner_of(event_loop: Any) -> Callable[[Any], Any] | None:
    """Return what runs coroutines in *event_loop*, or None for a loop of their own."""
    return None if event_loop is None else event_loop.run_until_complete
