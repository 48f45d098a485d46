"""Messages that come by the logs of Amazon CloudWatch, between the lines of a job's output."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from orrery.adapters.pipes.clients.waiting import library
from orrery.adapters.pipes.context_data import PipesParams
from orrery.adapters.pipes.log_readers import PipesLogReader
from orrery.adapters.pipes.polling import PipesThreadedMessageReader
from orrery.adapters.pipes.wire import is_message

__all__ = ["PipesCloudWatchMessageReader"]


class PipesCloudWatchMessageReader(PipesThreadedMessageReader):
    """
    Reads messages from a stream of CloudWatch logs; all other lines go to the output of this process.

    The process writes messages to its output, which its place brings to CloudWatch. Lines are cut there at 256 KB: for
    large messages use :class:`PipesS3MessageReader`.

    Args:
        client: A ``boto3.client("logs")``; made if not given.
        log_group: Name of the group; if not given, the client that launches tells it.
        log_stream: Name of the stream; likewise.
        interval: Seconds between two looks, at most.
        log_readers: Bring more output.
    """

    def __init__(
        self,
        client: Any = None,
        log_group: str | None = None,
        log_stream: str | None = None,
        *,
        interval: float = 5,
        log_readers: Sequence[PipesLogReader] | None = None,
    ) -> None:
        super().__init__(interval=interval, log_readers=log_readers)
        self.client = client or library("boto3", extra="aws", what=type(self).__name__).client("logs")
        self.log_group = log_group
        self.log_stream = log_stream

    @contextmanager
    def get_params(self) -> Iterator[PipesParams]:
        """Let the process write messages to its output."""
        yield {"stdio": "stdout"}

    def messages_are_readable(self, params: PipesParams) -> bool:
        """Return whether the stream is known, and is there."""
        group, stream = self._place()
        if group is None or stream is None:
            return False
        try:
            found = self.client.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)
        except self.client.exceptions.ResourceNotFoundException:
            return False
        return any(each["logStreamName"] == stream for each in found["logStreams"])

    def download_messages(self, cursor: str | None, params: PipesParams) -> tuple[str, str] | None:
        """Return the messages after *cursor*; pass other lines on."""
        group, stream = self._place()
        more = {} if cursor is None else {"nextToken": cursor}
        found = self.client.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **more)
        if not found["events"]:
            return None
        messages = []
        for event in found["events"]:
            line = event["message"]
            if is_message(line.encode("utf-8", "surrogateescape")):
                messages.append(line)
            else:
                sys.stdout.write(line + "\n")
        sys.stdout.flush()
        return found["nextForwardToken"], "\n".join(messages)

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        group, stream = self._place()
        return f"Messages were looked for in the CloudWatch log group {group}, stream {stream}."

    def _place(self) -> tuple[str | None, str | None]:
        told = self.launched_payload["extras"] if self.launched_payload else {}
        return self.log_group or told.get("log_group"), self.log_stream or told.get("log_stream")
