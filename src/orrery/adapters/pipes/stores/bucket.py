"""What buckets have in common: the context is one object, messages are numbered ones under a prefix."""

from __future__ import annotations

import json
import secrets
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from orrery.adapters.pipes.context_data import PipesContextData, PipesParams
from orrery.adapters.pipes.injectors import PipesContextInjector
from orrery.adapters.pipes.log_readers import PipesLogReader
from orrery.adapters.pipes.polling import PipesBlobStoreMessageReader

__all__ = ["BucketContextInjector", "BucketMessageReader"]


class BucketContextInjector(PipesContextInjector):
    """
    Hands the context over in an object of a bucket, which is deleted when the session is closed.

    Args:
        place: The bucket as people write it, for messages.
        bucket: Name of the bucket.
        key_prefix: Under which the object is made.
    """

    def __init__(self, place: str, bucket: str, key_prefix: str | None = None) -> None:
        self._place = place
        self.bucket = bucket
        self.key_prefix = key_prefix

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Write *data* as the object *key*."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Delete the object *key*."""

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[PipesParams]:
        """Write *context_data* to the bucket, and give its place."""
        key = _unique(self.key_prefix, "context.json")
        self.put(key, json.dumps(context_data).encode("utf-8"))
        try:
            yield {"bucket": self.bucket, "key": key}
        finally:
            self.delete(key)

    def no_messages_debug_text(self) -> str:
        """Return how the context was handed over."""
        return f"The context was handed over in an object of {self._place}."


class BucketMessageReader(PipesBlobStoreMessageReader):
    """
    Reads chunks of messages from a bucket; they are left there, under a prefix of their own.

    Args:
        place: The bucket as people write it, for messages.
        bucket: Name of the bucket.
        key_prefix: Under which the prefix of the session is made.
        interval: Seconds between two looks, at most.
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
        log_readers: Bring the output of the process otherwise.
    """

    def __init__(
        self,
        place: str,
        bucket: str,
        *,
        key_prefix: str | None = None,
        interval: float,
        include_stdio_in_messages: bool,
        log_readers: Sequence[PipesLogReader] | None,
    ) -> None:
        super().__init__(interval=interval, log_readers=log_readers)
        self._place = place
        self.bucket = bucket
        self.key_prefix = key_prefix
        self.include_stdio_in_messages = include_stdio_in_messages

    @abstractmethod
    def get(self, key: str) -> bytes | None:
        """Return the object *key*; None if there is none."""

    @contextmanager
    def get_params(self) -> Iterator[PipesParams]:
        """Give a prefix of its own to the process."""
        yield {
            "bucket": self.bucket,
            "key_prefix": _unique(self.key_prefix, "messages"),
            "include_stdio_in_messages": self.include_stdio_in_messages,
        }

    def messages_are_readable(self, params: PipesParams) -> bool:
        """Return whether the process was told where to write."""
        return bool(params.get("key_prefix"))

    def download_messages_chunk(self, index: int, params: PipesParams) -> str | None:
        """Return one chunk."""
        found = self.get(f"{params['key_prefix']}/{index}.json")
        return None if found is None else found.decode("utf-8", "surrogateescape")

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return f"Messages were looked for in {self._place}. The process needs the right to write there."


def _unique(prefix: str | None, name: str) -> str:
    own = f"orrery-pipes-{secrets.token_hex(15)}/{name}"
    return f"{prefix.strip('/')}/{own}" if prefix else own
