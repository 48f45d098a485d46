"""
The entry of a code process: a fresh interpreter that imports the user's code and starts children on request.
"""

from __future__ import annotations

from orrery.api.wiring.locations import load_definitions
from orrery.base.pointer import decode_pointer
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.runtime.processes.serving import serve, serve_spawned

__all__ = ["load_repository", "main", "spawned"]


def main(descriptor: int) -> None:
    """Serve the owner at the other end of the socket *descriptor*."""
    serve(descriptor)


def spawned(descriptor: int) -> None:
    """Do the work of one child that is a fresh interpreter; *descriptor* is its channel."""
    serve_spawned(descriptor)


def load_repository(argument: bytes) -> RepositoryDefinition:
    """Import the definitions that a pointer names, in the stored form of the pointer."""
    return load_definitions(decode_pointer(argument))
