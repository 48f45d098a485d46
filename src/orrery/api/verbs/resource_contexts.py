"""
Contexts for calling the function of a resource directly, in tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.definitions.parts.resource import as_resource_definitions
from orrery.model.config.configured import plain_config
from orrery.runtime.contexts.init_resource import Later, ScopedResources, UnboundInitResourceContext
from orrery.runtime.contexts.log import console_log
from orrery.runtime.engine.resources import call_resource_unbound, open_resources
from orrery.runtime.instance.instance import Instance

__all__ = ["build_init_resource_context"]


def build_init_resource_context(
    config: Any = None, resources: Mapping[str, Any] | None = None, instance: Any = None
) -> UnboundInitResourceContext:
    """
    Return a context to call a resource with, in a test.

    Use it in a ``with`` statement if one of *resources* must be closed.

    Args:
        config: The config that the resource reads.
        resources: The resources that it uses, by key: definitions, objects of resource classes, plain objects.
        instance: The instance that it sees; by default one in memory.

    Example::

        assert my_resource(build_init_resource_context(config={"limit": 3})) == 3
    """
    definitions = as_resource_definitions(resources)
    seen = Later(Instance.ephemeral) if instance is None else instance
    log = console_log()
    opened = open_resources(definitions, definitions, instance=seen, log=log)

    def close() -> None:
        for error in opened.close():
            raise error

    return UnboundInitResourceContext(
        plain_config(config),
        ScopedResources(opened.mapping, opened.originals),
        close=close,
        must_close=opened.must_close,
        instance=seen,
        log=log,
        call=call_resource_unbound,
    )
