"""Where values go that no IO manager of the project takes: into memory, or below the instance's directory."""

from __future__ import annotations

import importlib

from orrery.adapters.io.memory import EphemeralIOManager, mem_io_manager
from orrery.definitions.parts.io_manager import IOManager, IOManagerDefinition
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.value_key import value_key_of

__all__ = [
    "default_io_manager",
    "default_io_manager_definition",
    "io_manager_for",
    "memory_io_manager",
]


def default_io_manager(instance: Instance) -> IOManager:
    """Return the IO manager of runs that name none: in memory or below the instance's directory."""
    if instance.is_ephemeral:
        return EphemeralIOManager(instance.scratch.setdefault("values", {}))
    pickled = importlib.import_module("orrery.adapters.io.pickled")  # ephemeral instances do without
    from orrery.runtime.files.known_heads import known_heads_of  # as above

    manager: IOManager = pickled.PickledObjectFilesystemIOManager(
        instance.storage_directory(), value_key_of(instance), known_heads_of(instance)
    )
    return manager


default_io_manager_definition = IOManagerDefinition(
    lambda context: default_io_manager(context.instance),
    description="Store values where the instance keeps its records: in memory, or as files.",
)
"""The IO manager of runs that name none, as a resource."""


def memory_io_manager() -> IOManagerDefinition:
    """Return the IO manager that keeps values in memory, as they are, for one run."""
    return mem_io_manager


def io_manager_for(*, in_memory: bool) -> IOManagerDefinition:
    """Return the IO manager of runs that name none."""
    return mem_io_manager if in_memory else default_io_manager_definition
