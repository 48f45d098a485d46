"""
How long an object store may be silent before somebody is told.

Left to itself the client of S3 tries five times, with pauses that double: a server that is gone is told after ten seconds
at each request, and a value takes several. What is said here by default tries three times within two seconds or so; whoever
says something of retries in the options of the file system, or in the environment as all clients of S3 read it, is heard.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

__all__ = ["is_unanswered", "patient_options"]

_S3 = ("s3", "s3a")
_RETRIES = {"mode": "standard", "total_max_attempts": 3}
_CONNECT_SECONDS = 10
_IN_ENVIRONMENT = ("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE")


def patient_options(location: str, options: Mapping[str, Any] | None, environment: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the options of the file system of *location*, with bounds for retries where nobody gave any.

    Args:
        location: A path or a URL.
        options: Options of the file system, as the user gave them.
        environment: The environment variables.

    >>> patient_options("s3://bucket/values", None, {})["config_kwargs"]["retries"]["total_max_attempts"]
    3
    >>> patient_options("/data", None, {})
    {}
    """
    given = dict(options or {})
    if location.partition("://")[0] not in _S3 or "session" in given:
        return given
    config = dict(given.get("config_kwargs") or {})
    if not any(name in environment for name in _IN_ENVIRONMENT):
        config.setdefault("retries", _RETRIES)
    config.setdefault("connect_timeout", _CONNECT_SECONDS)
    return {**given, "config_kwargs": config}


def is_unanswered(error: BaseException | None) -> bool:
    """
    Tell whether nobody answers at an address: the connection is refused, or there is no such host.

    To try again for long is of no use then; one that is slow or busy is another matter.
    """
    while error is not None:
        if isinstance(error, ConnectionRefusedError | socket.gaierror):
            return True
        if type(error).__name__ in (
            "EndpointConnectionError",
            "ConnectTimeoutError",
            "ClientConnectorError",
        ):  # of libraries that may be absent
            return True
        error = error.__cause__ or error.__context__
    return False
