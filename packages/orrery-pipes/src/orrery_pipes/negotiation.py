"""
What our two sides agree on beyond the protocol, so that either may be older, newer or a stranger.

Our orchestrator says under one key of the params what it understands; a stranger says nothing there, and does not look.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator, Mapping

from orrery_pipes.channels import NumberedChannel, PipesMessageWriterChannel

if TYPE_CHECKING:
    from orrery_pipes.shapes import PipesParams

NEGOTIATED_KEY = "orrery"
"""Key of the params of messages, and of the context, under which our orchestrator says what it understands."""


def offered_by(params: PipesParams) -> Mapping[str, Any]:
    """Return what the orchestrator offers in *params*; a stranger offers nothing."""
    offered = params.get(NEGOTIATED_KEY)
    return offered if isinstance(offered, Mapping) else {}


@contextmanager
def negotiate(channel: PipesMessageWriterChannel, params: PipesParams) -> Iterator[PipesMessageWriterChannel]:
    """
    Give *channel*, fitted with those extras that the orchestrator offers in *params* and this package knows.

    ``numbers: true``: messages are numbered, so that a lost one is noticed. ``socket: {"path": ...}``:
    messages go to a socket of this machine, if it can be reached; *channel* is what remains otherwise.
    ``longest_message_bytes``: a longer message is refused here, as it would be lost there. What else is
    offered (``progress``, ``values``) the context looks up itself. Keys that are not known here are left alone, so that
    newer orchestrators work with older processes.
    """
    offered = offered_by(params)
    longest = offered.get("longest_message_bytes")
    if isinstance(longest, int):
        channel.longest_message_bytes = longest
    at = offered.get("socket")
    connected = None
    if isinstance(at, Mapping):
        # Not at the top: few orchestrators offer one.
        from orrery_pipes.sockets import SocketChannel, connect

        connection = connect(at)
        if connection is not None:
            connected = SocketChannel(connection, at, channel)
            connected.longest_message_bytes = channel.longest_message_bytes
            channel = connected
    try:
        yield NumberedChannel(channel) if offered.get("numbers") is True else channel
    finally:
        if connected is not None:
            connected.close()
