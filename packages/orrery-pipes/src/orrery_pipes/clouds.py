"""
Loaders, channels and writers for the stores of clouds.

No client library is imported: the caller hands in a client that is already set up, or the store is mounted.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Iterator, cast

from orrery_pipes.channels import PipesBlobStoreMessageWriterChannel, PipesBufferedFilesystemMessageWriterChannel
from orrery_pipes.errors import PipesError, optional_str, require_str
from orrery_pipes.loaders import PipesContextLoader, read_context
from orrery_pipes.writers import PipesBlobStoreMessageWriter

if TYPE_CHECKING:
    from orrery_pipes.shapes import PipesContextData, PipesExtras, PipesParams


class _BucketChannel(PipesBlobStoreMessageWriterChannel):
    """Channel to a bucket; chunks are called ``<key_prefix>/<index>.json``."""

    def __init__(self, client: Any, bucket: str, key_prefix: str | None, *, interval: float = 10):
        super().__init__(interval=interval)
        self._client = client
        self._bucket = bucket
        self._key_prefix = key_prefix

    def _key(self, index: int) -> str:
        return f"{self._key_prefix}/{index}.json" if self._key_prefix else f"{index}.json"


# --- S3


class PipesS3ContextLoader(PipesContextLoader):
    """
    Context loader for a JSON object on S3; the params hold ``bucket`` and ``key``.

    Args:
        client: A ``boto3.client("s3")``.
    """

    def __init__(self, client: Any):
        self._client = client

    @contextmanager
    def load_context(self, params: PipesParams) -> Iterator[PipesContextData]:
        """Load the context data from S3."""
        bucket, key = require_str(params, "bucket", type(self)), require_str(params, "key", type(self))
        yield cast("PipesContextData", json.loads(self._client.get_object(Bucket=bucket, Key=key)["Body"].read()))


class PipesS3MessageWriterChannel(_BucketChannel):
    """
    Message writer channel that uploads chunks of messages to S3.

    Args:
        client: A ``boto3.client("s3")``.
        bucket: Name of the bucket.
        key_prefix: Under which keys are made.
        interval: Seconds between two uploads.
    """

    def upload_messages_chunk(self, payload: IO[Any], index: int) -> None:
        """Put *payload* into the bucket."""
        self._client.put_object(Body=payload.read(), Bucket=self._bucket, Key=self._key(index))


class PipesS3MessageWriter(PipesBlobStoreMessageWriter[PipesS3MessageWriterChannel]):
    """
    Message writer that uploads chunks of messages to S3; the params hold ``bucket`` and perhaps ``key_prefix``.

    Args:
        client: A ``boto3.client("s3")``.
        interval: Seconds between two uploads.
    """

    def __init__(self, client: Any, *, interval: float = 10):
        super().__init__(interval=interval)
        self._client = client

    def make_channel(self, params: PipesParams) -> PipesS3MessageWriterChannel:
        """Return a channel to the bucket that *params* name."""
        bucket, prefix = require_str(params, "bucket", type(self)), optional_str(params, "key_prefix", type(self))
        return PipesS3MessageWriterChannel(self._client, bucket, prefix, interval=self.interval)


# --- Google Cloud Storage


class PipesGCSContextLoader(PipesContextLoader):
    """
    Context loader for a JSON object on Google Cloud Storage; the params hold ``bucket`` and ``key``.

    Args:
        client: A ``google.cloud.storage.Client``.
    """

    def __init__(self, client: Any):
        self._client = client

    @contextmanager
    def load_context(self, params: PipesParams) -> Iterator[PipesContextData]:
        """Load the context data from Google Cloud Storage."""
        bucket, key = require_str(params, "bucket", type(self)), require_str(params, "key", type(self))
        yield cast("PipesContextData", json.loads(self._client.get_bucket(bucket).blob(key).download_as_bytes()))


class PipesGCSMessageWriterChannel(_BucketChannel):
    """
    Message writer channel that uploads chunks of messages to Google Cloud Storage.

    Args:
        client: A ``google.cloud.storage.Client``.
        bucket: Name of the bucket.
        key_prefix: Under which blobs are made.
        interval: Seconds between two uploads.
    """

    def upload_messages_chunk(self, payload: IO[Any], index: int) -> None:
        """Put *payload* into the bucket."""
        self._client.get_bucket(self._bucket).blob(self._key(index)).upload_from_string(payload.read())


class PipesGCSMessageWriter(PipesBlobStoreMessageWriter[PipesGCSMessageWriterChannel]):
    """
    Message writer that uploads chunks of messages to Google Cloud Storage.

    The params hold ``bucket`` and perhaps ``key_prefix``.

    Args:
        client: A ``google.cloud.storage.Client``.
        interval: Seconds between two uploads.
    """

    def __init__(self, client: Any, *, interval: float = 10):
        super().__init__(interval=interval)
        self._client = client

    def make_channel(self, params: PipesParams) -> PipesGCSMessageWriterChannel:
        """Return a channel to the bucket that *params* name."""
        bucket, prefix = require_str(params, "bucket", type(self)), optional_str(params, "key_prefix", type(self))
        return PipesGCSMessageWriterChannel(self._client, bucket, prefix, interval=self.interval)


# --- Azure Blob Storage


class PipesAzureBlobStorageContextLoader(PipesContextLoader):
    """
    Context loader for a JSON blob on Azure Blob Storage; the params hold ``bucket`` (the container) and ``key``.

    Args:
        client: An ``azure.storage.blob.BlobServiceClient``.
    """

    def __init__(self, client: Any):
        self._client = client

    @contextmanager
    def load_context(self, params: PipesParams) -> Iterator[PipesContextData]:
        """Load the context data from Azure Blob Storage."""
        bucket, key = require_str(params, "bucket", type(self)), require_str(params, "key", type(self))
        with self._client.get_blob_client(bucket, key) as blob:
            data = json.loads(blob.download_blob().readall())
        yield cast("PipesContextData", data)


class PipesAzureBlobStorageMessageWriterChannel(_BucketChannel):
    """
    Message writer channel that uploads chunks of messages to Azure Blob Storage.

    Args:
        client: An ``azure.storage.blob.BlobServiceClient``.
        bucket: Name of the container.
        key_prefix: Under which blobs are made.
        interval: Seconds between two uploads.
    """

    def upload_messages_chunk(self, payload: IO[Any], index: int) -> None:
        """Put *payload* into the container; a chunk that is tried again takes the place of its first try."""
        with self._client.get_blob_client(self._bucket, self._key(index)) as blob:
            blob.upload_blob(payload.read(), overwrite=True)


class PipesAzureBlobStorageMessageWriter(PipesBlobStoreMessageWriter[PipesAzureBlobStorageMessageWriterChannel]):
    """
    Message writer that uploads chunks of messages to Azure Blob Storage.

    The params hold ``bucket`` (the container) and perhaps ``key_prefix``.

    Args:
        client: An ``azure.storage.blob.BlobServiceClient``.
        interval: Seconds between two uploads.
    """

    def __init__(self, client: Any, *, interval: float = 10):
        super().__init__(interval=interval)
        self._client = client

    def make_channel(self, params: PipesParams) -> PipesAzureBlobStorageMessageWriterChannel:
        """Return a channel to the container that *params* name."""
        bucket, prefix = require_str(params, "bucket", type(self)), optional_str(params, "key_prefix", type(self))
        return PipesAzureBlobStorageMessageWriterChannel(self._client, bucket, prefix, interval=self.interval)


# --- Databricks: DBFS, and Unity Catalog volumes, both mounted


class PipesDbfsContextLoader(PipesContextLoader):
    """Context loader for a JSON file on DBFS; the params hold its ``path`` there."""

    @contextmanager
    def load_context(self, params: PipesParams) -> Iterator[PipesContextData]:
        """Load the context data from DBFS."""
        yield read_context(mounted_dbfs_path(require_str(params, "path", type(self))))


class PipesDbfsMessageWriter(PipesBlobStoreMessageWriter[PipesBufferedFilesystemMessageWriterChannel]):
    """
    Message writer that writes chunks of messages to a folder on DBFS; the params hold its ``path`` there.

    Args:
        interval: Seconds between two files.
    """

    def make_channel(self, params: PipesParams) -> PipesBufferedFilesystemMessageWriterChannel:
        """Return a channel to the folder that *params* name."""
        path = mounted_dbfs_path(require_str(params, "path", type(self)))
        return PipesBufferedFilesystemMessageWriterChannel(path, interval=self.interval)

    def get_opened_extras(self) -> PipesExtras:
        """
        Return where the cluster delivers the logs of its driver, as ``cluster_driver_log_root``, if it does.

        Raises:
            PipesError: The process does not run on a Databricks cluster.
        """
        try:
            from pyspark.sql import SparkSession  # type: ignore[import-not-found,unused-ignore]
        except ImportError as error:
            raise PipesError("`PipesDbfsMessageWriter` needs `pyspark`, as clusters of Databricks have it.") from error
        session = SparkSession.getActiveSession()
        if session is None:
            raise PipesError(
                "`PipesDbfsMessageWriter` needs the active Spark session that Databricks sets up; found none."
            )
        tags = "spark.databricks.clusterUsageTags."
        if not session.conf.get(tags + "clusterLogDeliveryEnabled", None):
            return {}
        destination, cluster = session.conf.get(tags + "clusterLogDestination"), session.conf.get(tags + "clusterId")
        return {"cluster_driver_log_root": f"{destination}/{cluster}/driver"}


class PipesUnityCatalogVolumesContextLoader(PipesContextLoader):
    """Context loader for a JSON file on a Unity Catalog volume; the params hold its ``path``."""

    @contextmanager
    def load_context(self, params: PipesParams) -> Iterator[PipesContextData]:
        """Load the context data from the volume."""
        yield read_context(require_str(params, "path", type(self)))


class PipesUnityCatalogVolumesMessageWriter(PipesBlobStoreMessageWriter[PipesBufferedFilesystemMessageWriterChannel]):
    """
    Message writer that writes chunks of messages to a folder on a Unity Catalog volume; the params hold its ``path``.

    Args:
        interval: Seconds between two files.
    """

    def make_channel(self, params: PipesParams) -> PipesBufferedFilesystemMessageWriterChannel:
        """Return a channel to the folder that *params* name."""
        return PipesBufferedFilesystemMessageWriterChannel(
            require_str(params, "path", type(self)), interval=self.interval
        )


def mounted_dbfs_path(path: str) -> str:
    """Return where clusters see *path* of DBFS in their own file system."""
    return os.path.join(DBFS_MOUNT, path.lstrip("/"))


DBFS_MOUNT = "/dbfs"
