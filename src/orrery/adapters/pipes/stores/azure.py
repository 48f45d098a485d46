"""Azure Blob Storage: context and messages in a container."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orrery.adapters.pipes.log_readers import PipesLogReader
from orrery.adapters.pipes.stores.bucket import BucketContextInjector, BucketMessageReader

__all__ = ["PipesAzureBlobStorageContextInjector", "PipesAzureBlobStorageMessageReader"]


class PipesAzureBlobStorageContextInjector(BucketContextInjector):
    """
    Hands the context over in a blob; the process loads it with ``PipesAzureBlobStorageContextLoader``.

    Args:
        container: Name of the container.
        client: An ``azure.storage.blob.BlobServiceClient``.
        key_prefix: Under which the blob is made.
    """

    def __init__(self, *, container: str, client: Any, key_prefix: str | None = None) -> None:
        super().__init__(f"the container {container} of Azure Blob Storage", container, key_prefix)
        self.client = client

    def put(self, key: str, data: bytes) -> None:
        """Write *data* as the blob *key*."""
        with self.client.get_blob_client(self.bucket, key) as blob:
            blob.upload_blob(data, overwrite=True)

    def delete(self, key: str) -> None:
        """Delete the blob *key*."""
        with self.client.get_blob_client(self.bucket, key) as blob:
            blob.delete_blob()


class PipesAzureBlobStorageMessageReader(BucketMessageReader):
    """
    Reads chunks of messages; the process writes them with ``PipesAzureBlobStorageMessageWriter``.

    Args:
        interval: Seconds between two looks, at most.
        container: Name of the container.
        client: An ``azure.storage.blob.BlobServiceClient``.
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
        log_readers: Bring the output of the process otherwise.
        key_prefix: Under which the prefix of the session is made.
    """

    def __init__(
        self,
        *,
        interval: float = 10,
        container: str,
        client: Any,
        include_stdio_in_messages: bool = False,
        log_readers: Sequence[PipesLogReader] | None = None,
        key_prefix: str | None = None,
    ) -> None:
        super().__init__(
            f"the container {container} of Azure Blob Storage",
            container,
            key_prefix=key_prefix,
            interval=interval,
            include_stdio_in_messages=include_stdio_in_messages,
            log_readers=log_readers,
        )
        self.client = client

    def get(self, key: str) -> bytes | None:
        """Return the blob *key*; None if there is none."""
        with self.client.get_blob_client(self.bucket, key) as blob:
            if not blob.exists():
                return None
            data: bytes = blob.download_blob().readall()
            return data
