"""S3: context and messages in a bucket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orrery.adapters.pipes.log_readers import PipesLogReader
from orrery.adapters.pipes.stores.bucket import BucketContextInjector, BucketMessageReader

__all__ = ["PipesS3ContextInjector", "PipesS3MessageReader"]


class PipesS3ContextInjector(BucketContextInjector):
    """
    Hands the context over in an object on S3; the process loads it with ``PipesS3ContextLoader``.

    Args:
        bucket: Name of the bucket.
        client: A ``boto3.client("s3")``.
        key_prefix: Under which the object is made.
    """

    def __init__(self, *, bucket: str, client: Any, key_prefix: str | None = None) -> None:
        super().__init__(f"the bucket s3://{bucket}", bucket, key_prefix)
        self.client = client

    def put(self, key: str, data: bytes) -> None:
        """Write *data* as the object *key*."""
        self.client.put_object(Body=data, Bucket=self.bucket, Key=key)

    def delete(self, key: str) -> None:
        """Delete the object *key*."""
        self.client.delete_object(Bucket=self.bucket, Key=key)


class PipesS3MessageReader(BucketMessageReader):
    """
    Reads chunks of messages from S3; the process writes them with ``PipesS3MessageWriter``.

    Args:
        interval: Seconds between two looks, at most.
        bucket: Name of the bucket.
        client: A ``boto3.client("s3")``.
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
            f"the bucket s3://{bucket}",
            bucket,
            key_prefix=key_prefix,
            interval=interval,
            include_stdio_in_messages=include_stdio_in_messages,
            log_readers=log_readers,
        )
        self.client = client

    def get(self, key: str) -> bytes | None:
        """Return the object *key*; None if there is none."""
        try:
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None
        return body
