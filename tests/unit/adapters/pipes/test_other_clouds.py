"""
Processes that report by Google's and by Azure's stores of blobs: the official libraries on both sides, over HTTP.

Google's server is ``gcp-storage-emulator``, from PyPI; Azure's is Azurite, which `make node` installs where npm is.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import orrery

ROOT = Path(__file__).resolve().parents[4]
PACKAGE = ROOT / "packages" / "orrery-pipes" / "src"
AZURITE = Path(os.environ.get("ORRERY_AZURITE") or ROOT / ".node" / "node_modules" / ".bin" / "azurite-blob")
START_SECONDS = 60.0
GOOGLE = """
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
client = Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": place})
"""
AZURE = "from azure.storage.blob import BlobServiceClient\nclient = BlobServiceClient.from_connection_string(place)\n"
BODY = (
    "    print('out é', flush=True)\n    for n in range(50):\n        context.report_custom_message([context.asset_key, n])\n"
    "    context.report_asset_materialization({'rows': 3})\n"
)
Run = Callable[..., Any]


@contextmanager
def served(*command: str) -> Iterator[int]:
    """Run a server, given the port as the end of its last argument; give the port once it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    *first, last = command
    with subprocess.Popen(
        [*first, f"{last}{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True
    ) as server:
        try:
            until = time.monotonic() + START_SECONDS
            while True:
                assert server.poll() is None, f"{command[0]} ended with {server.returncode}"
                with socket.socket() as trial:
                    if trial.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert time.monotonic() < until, f"{command[0]} does not listen"
                time.sleep(0.05)
            yield port
        finally:
            server.kill()


def client_of(code: str, place: str) -> Any:
    space: dict[str, Any] = {"place": place}
    exec(code, space)
    return space["client"]


@pytest.fixture(scope="module")
def google() -> Iterator[tuple[str, str, Any]]:
    """The code that makes a client, the place of the server, and a client; the bucket is there."""
    program = Path(sys.executable).parent / "gcp-storage-emulator"
    options = ("start", "--host=127.0.0.1", "--in-memory", "--default-bucket=bucket", "--port=")
    with served(str(program), *options) as port:
        place = f"http://127.0.0.1:{port}"
        yield GOOGLE, place, client_of(GOOGLE, place)


@pytest.fixture(scope="module")
def azure() -> Iterator[tuple[str, str, Any]]:
    """The same of Azure's."""
    if not AZURITE.exists() or shutil.which("node") is None:
        pytest.skip("Azure's store is not asked: `make node` makes its server where npm is")
    options = ("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent", "--blobPort")
    with served(str(AZURITE), *options, "") as port:
        key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # known to all
        place = (
            f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};"
            f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
        )
        client = client_of(AZURE, place)
        client.create_container("bucket")
        yield AZURE, place, client


SIDES = {
    "google": ("bucket", orrery.PipesGCSContextInjector, orrery.PipesGCSMessageReader, "GCS"),
    "azure": (
        "container",
        orrery.PipesAzureBlobStorageContextInjector,
        orrery.PipesAzureBlobStorageMessageReader,
        "AzureBlobStorage",
    ),
}


def keys(cloud: str, client: Any) -> list[str]:
    blobs = client.list_blobs("bucket") if cloud == "google" else client.get_container_client("bucket").list_blobs()
    return [blob.name for blob in blobs]


@pytest.mark.parametrize("cloud", SIDES)
def test_context_and_messages_go_by_the_store(
    cloud: str, request: pytest.FixtureRequest, step: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, place, client = request.getfixturevalue(cloud)
    word, injector_type, reader_type, name = SIDES[cloud]
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys\nplace = sys.argv[1]\n{code}\nfrom orrery_pipes import *\n"
        f"with open_pipes(context_loader=Pipes{name}ContextLoader(client), "
        f"message_writer=Pipes{name}MessageWriter(client, interval=0.05)) as context:\n" + BODY
    )

    def body(context: Any, kept: dict[str, Any]) -> Any:
        where = {word: "bucket", "client": client, "key_prefix": "team"}
        injector = injector_type(**where)
        reader = reader_type(interval=0.05, include_stdio_in_messages=True, **where)
        with orrery.open_pipes_session(context, injector, reader) as session:
            kept["session"] = session
            told = {**os.environ, "PYTHONPATH": str(PACKAGE), **session.get_bootstrap_env_vars()}
            command = [sys.executable, str(script), place]
            subprocess.run(command, env=told, stdout=subprocess.DEVNULL, check=True)
        return session.get_results()[0]

    ran = step(body)
    assert ran.result.success, ran.error
    assert ran.custom == [["a", n] for n in range(50)]
    assert ran.metadata["rows"] == 3
    assert "out é\n" in capsys.readouterr().out
    left = keys(cloud, client)
    assert [key for key in left if key.startswith("team/orrery-pipes-") and key.endswith("messages/1.json")]
    assert not [key for key in left if key.endswith("context.json")]


@pytest.mark.parametrize("cloud", SIDES)
def test_bucket_that_is_not_there_is_told(cloud: str, request: pytest.FixtureRequest, step: Run) -> None:
    _, _, client = request.getfixturevalue(cloud)
    word, injector_type, _, _ = SIDES[cloud]

    def body(context: Any, kept: dict[str, Any]) -> Any:
        injector = injector_type(**{word: "no-such-bucket", "client": client})
        with orrery.open_pipes_session(context, injector, orrery.PipesTempFileMessageReader()):
            raise AssertionError("nothing may be launched")

    assert {"google": "404", "azure": "ContainerNotFound"}[cloud] in step(body).error
