"""Loaders and writers for the stores of clouds. S3 is that of moto's server; the others have clients of a few lines."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orrery_pipes import (
    PipesAzureBlobStorageContextLoader,
    PipesAzureBlobStorageMessageWriter,
    PipesDbfsContextLoader,
    PipesDbfsMessageWriter,
    PipesError,
    PipesGCSContextLoader,
    PipesGCSMessageWriter,
    PipesS3ContextLoader,
    PipesS3MessageWriter,
    PipesUnityCatalogVolumesContextLoader,
    PipesUnityCatalogVolumesMessageWriter,
    encode_param,
)
from orrery_pipes.messages import make_message

LOG: Any = make_message("log", {"message": "é", "level": "INFO"})
LINE = json.dumps(LOG)
ROOT = Path(__file__).resolve().parents[3]


class Blob:
    """A blob of Google's and of Azure's client, over a dictionary."""

    def __init__(self, blobs: dict[str, bytes], key: str) -> None:
        self.blobs, self.key = blobs, key

    # Google
    def download_as_bytes(self) -> bytes:
        return self.blobs[self.key]

    def upload_from_string(self, data: str) -> None:
        self.blobs[self.key] = data.encode("utf-8")

    # Azure
    def __enter__(self) -> "Blob":
        return self

    def __exit__(self, *told: object) -> None:
        pass

    def download_blob(self) -> "Blob":
        return self

    def readall(self) -> bytes:
        return self.blobs[self.key]

    def upload_blob(self, data: str, *, overwrite: bool = False) -> None:
        assert overwrite or self.key not in self.blobs
        self.blobs[self.key] = data.encode("utf-8")


class Google:
    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, bytes]] = {"b": {}}

    def get_bucket(self, name: str) -> Any:
        blobs = self.buckets[name]

        class Bucket:
            def blob(self, key: str) -> Blob:
                return Blob(blobs, key)

        return Bucket()


class Azure:
    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, bytes]] = {"b": {}}

    def get_blob_client(self, container: str, blob: str) -> Blob:
        return Blob(self.buckets[container], blob)


STORES: list[Any] = [
    (Google, PipesGCSContextLoader, PipesGCSMessageWriter),
    (Azure, PipesAzureBlobStorageContextLoader, PipesAzureBlobStorageMessageWriter),
]


@pytest.mark.parametrize(("make_client", "make_loader", "make_writer"), STORES)
@pytest.mark.parametrize(("prefix", "key"), [({}, "1.json"), ({"key_prefix": "runs/7"}, "runs/7/1.json")])
def test_chunks_go_to_the_bucket(
    make_client: Any, make_loader: Any, make_writer: Any, prefix: dict[str, str], key: str
) -> None:
    client = make_client()
    with make_writer(client, interval=60).open({"bucket": "b", **prefix}) as channel:
        channel.write_message(LOG)
        channel.write_message(LOG)
    assert client.buckets["b"] == {key: f"{LINE}\n{LINE}".encode()}


@pytest.mark.parametrize(("make_client", "make_loader", "make_writer"), STORES)
def test_context_comes_from_the_bucket(make_client: Any, make_loader: Any, make_writer: Any) -> None:
    client = make_client()
    client.buckets["b"]["c.json"] = '{"run_id": "é"}'.encode()
    with make_loader(client).load_context({"bucket": "b", "key": "c.json"}) as data:
        assert data == {"run_id": "é"}


WRITERS = [PipesS3MessageWriter, PipesGCSMessageWriter, PipesAzureBlobStorageMessageWriter]
LOADERS = [PipesS3ContextLoader, PipesGCSContextLoader, PipesAzureBlobStorageContextLoader]


@pytest.mark.parametrize("make_writer", WRITERS)
@pytest.mark.parametrize("params", [{}, {"bucket": 3}, {"bucket": "b", "key_prefix": 3}])
def test_writers_refuse_params_of_others(make_writer: Any, params: Any) -> None:
    with pytest.raises(PipesError, match=f"passed from the orchestration side to `{make_writer.__name__}`"):
        make_writer(None).make_channel(params)


@pytest.mark.parametrize("make_loader", LOADERS)
@pytest.mark.parametrize("params", [{}, {"bucket": "b"}, {"bucket": "b", "key": 3}])
def test_loaders_refuse_params_of_others(make_loader: Any, params: Any) -> None:
    loading = make_loader(None).load_context(params)
    with pytest.raises(PipesError, match=f"passed from the orchestration side to `{make_loader.__name__}`"), loading:
        pass


# --- S3


S3_PYTHON = Path(os.environ.get("ORRERY_S3_PYTHON") or ROOT / ".s3" / "bin" / "python")
SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
CLIENT = """
import boto3
client = boto3.client(
    "s3", endpoint_url={endpoint!r}, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
)
"""


@pytest.fixture(scope="module")
def s3() -> Iterator[Callable[[str], list[str]]]:
    """Return a command that runs Python code which has a ``client`` to a store of its own."""
    if not S3_PYTHON.exists():
        pytest.skip("S3 is not tested: `make s3` makes the server that is asked")
    with subprocess.Popen(
        [str(S3_PYTHON), "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
    ) as server:
        assert server.stdout is not None
        endpoint = f"http://127.0.0.1:{int(server.stdout.readline())}"
        yield lambda code: [str(S3_PYTHON), "-c", CLIENT.format(endpoint=endpoint) + code]
        assert server.stdin is not None
        server.stdin.close()


def test_process_reports_over_s3(launch: Callable[..., Any], s3: Callable[[str], list[str]]) -> None:
    context = '{"asset_keys": ["a"], "run_id": "on S3"}'
    launch(
        s3(
            "client.create_bucket(Bucket='bucket')\n"
            f"client.put_object(Bucket='bucket', Key='context.json', Body={context!r})\n"
        )
    )
    finished = launch(
        s3(
            "from orrery_pipes import *\n"
            "loader, writer = PipesS3ContextLoader(client), PipesS3MessageWriter(client)\n"
            "with open_pipes(context_loader=loader, message_writer=writer) as context:\n"
            "    context.report_asset_materialization(metadata={'run': context.run_id})\n"
        ),
        environment={
            "DAGSTER_PIPES_CONTEXT": encode_param({"bucket": "bucket", "key": "context.json"}),
            "DAGSTER_PIPES_MESSAGES": encode_param({"bucket": "bucket", "key_prefix": "runs"}),
        },
    )
    assert finished.returncode == 0, finished.stderr
    stored = launch(s3("print(client.get_object(Bucket='bucket', Key='runs/1.json')['Body'].read().decode('ascii'))"))
    messages = [json.loads(line) for line in stored.stdout.splitlines()]
    assert [message["method"] for message in messages] == ["opened", "report_asset_materialization", "closed"]
    assert messages[1]["params"]["metadata"]["run"]["raw_value"] == "on S3"


# --- Databricks


def test_unity_catalog_volumes_are_folders(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"run_id": "1"}')
    with PipesUnityCatalogVolumesContextLoader().load_context({"path": str(tmp_path / "c.json")}) as data:
        assert data == {"run_id": "1"}
    (tmp_path / "m").mkdir()
    with PipesUnityCatalogVolumesMessageWriter(interval=60).open({"path": str(tmp_path / "m")}) as channel:
        channel.write_message(LOG)
    assert (tmp_path / "m" / "1.json").read_text() == LINE


def test_dbfs_is_seen_where_clusters_mount_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orrery_pipes.clouds.DBFS_MOUNT", str(tmp_path))
    (tmp_path / "runs").mkdir()
    (tmp_path / "c.json").write_text('{"run_id": "1"}')
    with PipesDbfsContextLoader().load_context({"path": "/c.json"}) as data:
        assert data == {"run_id": "1"}
    with PipesDbfsMessageWriter(interval=60).open({"path": "/runs"}) as channel:
        channel.write_message(LOG)
    assert (tmp_path / "runs" / "1.json").read_text() == LINE


def spark(conf: dict[str, str] | None) -> dict[str, ModuleType]:
    """Return the modules of a pyspark whose active session has this configuration; with None, there is no session."""
    package, sql = ModuleType("pyspark"), ModuleType("pyspark.sql")

    class SparkSession:
        conf: dict[str, str]

        @staticmethod
        def getActiveSession() -> Any:
            return None if conf is None else SparkSession

    SparkSession.conf = conf or {}
    sql.SparkSession = SparkSession  # type: ignore[attr-defined]
    return {"pyspark": package, "pyspark.sql": sql}


TAGS = "spark.databricks.clusterUsageTags."
DELIVERED = {
    TAGS + "clusterLogDeliveryEnabled": "true",
    TAGS + "clusterLogDestination": "dbfs:/logs",
    TAGS + "clusterId": "c1",
}


@pytest.mark.parametrize(
    ("conf", "extras"), [({}, {}), (DELIVERED, {"cluster_driver_log_root": "dbfs:/logs/c1/driver"})]
)
def test_dbfs_writer_tells_where_the_cluster_delivers_its_logs(
    monkeypatch: pytest.MonkeyPatch, conf: dict[str, str], extras: dict[str, str]
) -> None:
    for name, module in spark(conf).items():
        monkeypatch.setitem(sys.modules, name, module)
    assert PipesDbfsMessageWriter().get_opened_payload() == {"extras": extras}


def test_dbfs_writer_needs_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(PipesError, match="needs `pyspark`"):
        PipesDbfsMessageWriter().get_opened_extras()
    for name, module in spark(None).items():
        monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(PipesError, match="active Spark session"):
        PipesDbfsMessageWriter().get_opened_extras()
