"""Google Cloud Storage: context and messages in a bucket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orrery.adapters.pipes.log_readers import PipesLogReader
from orrery.adapters.pipes.stores.bucket import BucketContextInjector, BucketMessageReader

__all__ = ["PipesGCSContextInjector", "PipesGCSMessageReader"]


class PipesGCSContextInjector(BucketContextInjector):
    """
    Hands the context over in a blob; the process loads it with ``PipesGCSContextLoader``.

    Args:
        bucket: Name of the bucket.
        client: A ``google.cloud.storage.Client``.
        key_prefix: Under which the blob is made.
    """

    def __init__(self, *, bucket: str, client: Any, key_prefix: str | None = None) -> None:
        super().__init__(f"the bucket gs://{bucket}", bucket, key_prefix)
        self.client = client

    def put(self, key: str, data: bytes) -> None:
        """Write *data* as the blob *key*."""
        self.client.bucket(self.bucket).blob(key).upload_from_string(data)

    def delete(self, key: str) -> None:
        """Delete the blob *key*."""
        self.client.bucket(self.bucket).blob(key).delete()


class PipesGCSMessageReader(BucketMessageReader):
    """
    Reads chunks of messages; the process writes them with ``PipesGCSMessageWriter``.

    Args:
        interval: Seconds between two looks, at most.
        bucket: Name of the bucket.
        client: A ``google.cloud.storage.Client``.
        log_readers: Bring the output of the process otherwise.
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
        key_prefix: Under which the prefix of the session is made.
    """

    def __init__(
        self,
        *,
        interval: float = 10,
        bucket: str,
        client: Any,
        log_readers: Sequence[PipesLogReader] | None = None,
        include_stdio_in_messages: bool = False,
        key_prefix: str | None = None,
    ) -> None:
        super().__init__(
            f"the bucket gs://{bucket}",
            bucket,
            key_prefix=key_prefix,
            interval=interval,
            include_stdio_in_messages=include_stdio_in_messages,
            log_readers=log_readers,
        )
        self.client = client

    def get(self, key: str) -> bytes | None:
        """Return the blob *key*; None if there is none."""
        # Looks before it downloads: the library's error for "not there" cannot be named without importing it.
        blob = self.client.bucket(self.bucket).get_blob(key)
        return None if blob is None else blob.download_as_bytes()
