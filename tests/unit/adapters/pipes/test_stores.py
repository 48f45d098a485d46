"""
Processes that report by a store of blobs: real processes that use ``orrery_pipes``, inside a real step.

S3 is that of a server that speaks it, with the official library on both sides; DBFS and volumes are those of a server of a
few lines, asked by the official library. Azure's client is a few lines over a folder here; ``test_other_clouds.py`` asks
real servers of Google's and of Azure's stores.
"""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

import orrery

PACKAGE = Path(__file__).resolve().parents[4] / "packages" / "orrery-pipes" / "src"
BODY = (
    "    print('out é', flush=True)\n    for n in range(50):\n        context.report_custom_message([context.asset_key, n])\n"
    "    context.report_asset_materialization({'rows': 3})\n"
)
Run = Callable[..., Any]


def launched(session: Any, script: Path, environment: Mapping[str, str], *arguments: str) -> int:
    """Run *script* as the process of *session*; return its exit code."""
    told = {**environment, "PYTHONPATH": f"{PACKAGE}:{script.parent}", **session.get_bootstrap_env_vars()}
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(command, env=told, stdout=subprocess.DEVNULL, check=False).returncode


class FolderReader(orrery.PipesBlobStoreMessageReader):
    """Reads chunks from a folder."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(interval=0.05, **options)
        self.folder = folder
        self.failures = 0

    @contextmanager
    def get_params(self) -> Iterator[dict[str, Any]]:
        yield {"path": str(self.folder)}

    def messages_are_readable(self, params: Any) -> bool:
        return True

    def download_messages_chunk(self, index: int, params: Any) -> str | None:
        if self.failures:
            self.failures -= 1
            raise OSError("the store does not answer")
        place = self.folder / f"{index}.json"
        return place.read_bytes().decode("utf-8", "surrogateescape") if place.exists() else None

    def no_messages_debug_text(self) -> str:
        return f"Messages were looked for in {self.folder}."


TO_FOLDER = """
from orrery_pipes import *
class Writer(PipesBlobStoreMessageWriter):
    def make_channel(self, params):
        return PipesBufferedFilesystemMessageWriterChannel(params["path"], interval=0.05)
    def get_opened_extras(self):
        return {"log": __file__ + ".log"}
with open_pipes(message_writer=Writer()) as context:
"""


@pytest.fixture
def by_folder(step: Run, tmp_path: Path) -> Run:
    """Return a function that runs code whose messages come in chunks, in a folder."""
    folder = tmp_path / "chunks"
    folder.mkdir()

    def run(code: str, *, failures: int = 0, before: Callable[[Path], None] | None = None, **options: Any) -> Any:
        script = tmp_path / "script.py"
        script.write_text(code)

        def body(context: Any, kept: dict[str, Any]) -> Any:
            reader = FolderReader(folder, **options)
            reader.failures = failures
            if before is not None:
                before(folder)
            with orrery.open_pipes_session(context, orrery.PipesEnvContextInjector(), reader) as session:
                kept["session"] = session
                session.report_launched({"extras": {"job": "7"}})
                launched(session, script, os.environ)
            return session.get_results()[0]

        return step(body)

    return run


def test_chunks_arrive_in_order(by_folder: Run) -> None:
    ran = by_folder(TO_FOLDER + "    import time\n    for n in range(5):\n        context.report_custom_message(n)\n"
    "        time.sleep(0.1)\n")  # fmt: skip
    assert (ran.result.success, ran.custom, ran.warnings) == (True, list(range(5)), [])


def test_counter_is_the_number_of_the_next_chunk_and_each_session_begins_anew(step: Run, tmp_path: Path) -> None:
    """Programs read it; the reference's goes on counting, so that a second session finds nothing."""
    message = {"__dagster_pipes_version": "0.1", "method": "opened", "params": {"extras": {}}}
    for number, method in enumerate(("opened", "report_custom_message", "closed"), 1):
        told = {**message, "method": method, "params": {"payload": 7, "extras": {}}}
        (tmp_path / f"{number}.json").write_text(json.dumps(told))
    counted: list[Any] = []

    def body(context: Any, kept: dict[str, Any]) -> None:
        reader = FolderReader(tmp_path)
        counted.append(reader.counter)
        for _ in range(2):
            with orrery.open_pipes_session(context, orrery.PipesEnvContextInjector(), reader) as session:
                pass
            counted.append((reader.counter, session.get_custom_messages()))

    ran = step(body)
    assert ran.result.success, ran.error
    assert counted == [1, (4, (7,)), (4, (7,))]


def test_bad_line_of_a_chunk_costs_itself_alone(by_folder: Run) -> None:
    ran = by_folder(
        TO_FOLDER + "    context.report_custom_message(1)\n    channel = context._channel._channel\n"
        "    channel._lines.append('not JSON')\n    context.report_custom_message(2)\n"
    )
    assert (ran.result.success, ran.custom) == (True, [1, 2])
    (warning,) = ran.warnings
    assert "it is not JSON" in warning


def test_chunk_that_is_lost_fails_the_step(by_folder: Run) -> None:
    """The process goes on counting; what it wrote in between is nowhere."""
    ran = by_folder(
        TO_FOLDER + "    context.report_custom_message(1)\n    context._channel._channel._lines.pop()\n"
        "    context.report_custom_message(2)\n"
    )
    assert "1 messages of the external process are missing" in ran.error


def test_look_that_fails_is_told_and_tried_again(by_folder: Run) -> None:
    ran = by_folder(TO_FOLDER + "    context.report_custom_message(1)\n", failures=2)
    assert (ran.result.success, ran.custom) == (True, [1])
    assert any("the store does not answer" in warning for warning in ran.warnings)


def test_store_that_never_answers_fails_the_step(by_folder: Run) -> None:
    ran = by_folder(TO_FOLDER + "    pass\n", failures=1_000_000)
    assert "The reader of messages ended before its time: OSError('the store does not answer')" in ran.error


def test_process_that_writes_elsewhere_is_told_where_messages_were_looked_for(by_folder: Run, tmp_path: Path) -> None:
    ran = by_folder("pass\n")
    assert "never opened Pipes" in ran.error
    assert f"Messages were looked for in {tmp_path / 'chunks'}." in ran.error


# --- log readers


class FileLogReader(orrery.PipesChunkedLogReader):
    """Reads a file whose place the process tells when it opens."""

    def __init__(self, target: Any, **options: Any) -> None:
        super().__init__(interval=0.05, target_stream=target, **options)
        self.position = 0

    def target_is_readable(self, params: Any) -> bool:
        return "extras" in params and params["extras"]["job"] == "7" and Path(params["extras"]["log"]).exists()

    def download_log_chunk(self, params: Any) -> str | None:
        data = Path(params["extras"]["log"]).read_bytes()[self.position :][:10]
        self.position += len(data)
        if data.startswith(b"broken"):
            raise OSError("no such log")
        return data.decode("utf-8") or None


LOGGING = TO_FOLDER + "    import time\n    log = open(__file__ + '.log', 'w')\n"


def test_log_reader_brings_all_of_the_output(by_folder: Run, tmp_path: Path) -> None:
    with (tmp_path / "target").open("w+") as target:
        ran = by_folder(LOGGING + "    log.write('x' * 95)\n    log.close()\n", log_readers=[FileLogReader(target)])
        assert ran.result.success
        target.seek(0)
        assert target.read() == "x" * 95


def test_log_reader_is_added_before_the_session_and_not_in_it(step: Run, tmp_path: Path) -> None:
    def body(context: Any, kept: dict[str, Any]) -> None:
        reader = FolderReader(tmp_path)
        injector = orrery.PipesEnvContextInjector()
        for _ in range(2):  # it may be added once more when the session is closed
            reader.add_log_reader(FileLogReader(sys.stdout))
            with (
                orrery.open_pipes_session(context, injector, reader, allow_unopened=True),
                pytest.raises(orrery.PipesExecutionError, match="while a session is open"),
            ):
                reader.add_log_reader(FileLogReader(sys.stdout))
        kept["names"] = [each.name for each in reader.log_readers]

    ran = step(body)
    assert ran.result.success, ran.error
    assert ran.kept["names"] == ["FileLogReader", "FileLogReader"]
    assert sum("FileLogReader found nothing to read" in text for text in ran.warnings) == 3


def test_log_reader_that_finds_nothing_is_told(by_folder: Run) -> None:
    reader = FileLogReader(sys.stdout, debug_info="It looked beside the script.")
    ran = by_folder(TO_FOLDER + "    pass\n", log_readers=[reader])
    assert ran.result.success
    assert ran.warnings == ["[pipes] log reader FileLogReader found nothing to read. It looked beside the script."]


def test_log_reader_that_breaks_costs_output_and_no_result(by_folder: Run) -> None:
    ran = by_folder(
        LOGGING + "    log.write('broken')\n    log.close()\n    context.report_custom_message(1)\n",
        log_readers=[FileLogReader(sys.stdout)],
    )
    assert (ran.result.success, ran.custom) == (True, [1])
    assert ran.warnings == ["[pipes] log reader FileLogReader ended before its time: OSError('no such log')"]


# --- several processes


def test_several_processes_report_in_one_session(step: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from orrery_pipes import *\nimport sys\nwith open_pipes() as context:\n"
        "    for n in range(100):\n        context.report_custom_message([sys.argv[1], n])\n"
    )

    def body(context: Any, kept: dict[str, Any]) -> Any:
        reader = orrery.PipesCompositeMessageReader([orrery.PipesTempFileMessageReader() for _ in range(3)])
        with orrery.open_pipes_session(context, orrery.PipesTempFileContextInjector(), reader) as session:
            kept["session"] = session
            running = [
                subprocess.Popen(
                    [sys.executable, str(script), str(number)],
                    env={**os.environ, "PYTHONPATH": str(PACKAGE), **told},
                )
                for number, told in enumerate(session.get_per_writer_bootstrap_env_vars())
            ]
            assert [each.wait() for each in running] == [0, 0, 0]
        return session.get_results()[0]

    ran = step(body)
    assert (ran.result.success, ran.warnings) == (True, [])
    for number in range(3):
        assert [n for who, n in ran.custom if who == str(number)] == list(range(100))


def test_one_of_several_processes_that_never_opens_fails_the_step(step: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from orrery_pipes import *\nwith open_pipes() as context:\n    pass\n")

    def body(context: Any, kept: dict[str, Any]) -> Any:
        readers = [orrery.PipesTempFileMessageReader(), orrery.PipesFileMessageReader(str(tmp_path / "m"))]
        reader = orrery.PipesCompositeMessageReader(readers)
        with orrery.open_pipes_session(context, orrery.PipesTempFileContextInjector(), reader) as session:
            told = session.get_per_writer_bootstrap_env_vars()[0]
            subprocess.run(
                [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(PACKAGE), **told}, check=True
            )
        return session.get_results()[0]

    error = step(body).error
    assert "never opened Pipes" in error
    assert f"[writer 1] Messages were looked for in the file {tmp_path / 'm'}." in error


@pytest.mark.parametrize("readers", [0, 1])
def test_composite_of_nothing_or_of_composites_is_refused(readers: int) -> None:
    inner = orrery.PipesCompositeMessageReader([orrery.PipesTempFileMessageReader()] * 2)
    with pytest.raises(orrery.InvalidDefinitionError, match="Try"):
        orrery.PipesCompositeMessageReader([inner] * readers)


# --- S3


def test_context_and_messages_go_by_s3(cloud: Any, step: Run, tmp_path: Path, capsys: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import boto3\nfrom orrery_pipes import *\nclient = boto3.client('s3')\n"
        "with open_pipes(context_loader=PipesS3ContextLoader(client), message_writer=PipesS3MessageWriter(client, "
        "interval=0.05)) as context:\n" + BODY
    )
    client = cloud.client("s3")

    def body(context: Any, kept: dict[str, Any]) -> Any:
        injector = orrery.PipesS3ContextInjector(bucket="bucket", client=client, key_prefix="team")
        reader = orrery.PipesS3MessageReader(
            interval=0.05, bucket="bucket", client=client, key_prefix="team", include_stdio_in_messages=True
        )
        with orrery.open_pipes_session(context, injector, reader) as session:
            kept["session"] = session
            assert launched(session, script, cloud.environment()) == 0
        return session.get_results()[0]

    ran = step(body)
    assert ran.result.success
    assert ran.custom == [["a", n] for n in range(50)]
    assert ran.metadata["rows"] == 3
    assert "out é\n" in capsys.readouterr().out
    keys = [each["Key"] for each in client.list_objects_v2(Bucket="bucket", Prefix="team/").get("Contents", [])]
    assert keys
    assert not [key for key in keys if key.endswith("context.json")]


def test_bucket_that_is_not_there_is_told(cloud: Any, step: Run) -> None:
    def body(context: Any, kept: dict[str, Any]) -> Any:
        injector = orrery.PipesS3ContextInjector(bucket="no-such-bucket", client=cloud.client("s3"))
        with orrery.open_pipes_session(context, injector, orrery.PipesTempFileMessageReader()):
            raise AssertionError("nothing may be launched")

    assert "NoSuchBucket" in step(body).error


# --- Azure without its server: a few lines of its client over a folder, for both sides


CLIENTS = """
import os

class Place:
    def __init__(self, folder, key):
        self.path = os.path.join(folder, key)
    def write(self, data):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path + ".tmp", "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        os.replace(self.path + ".tmp", self.path)
    def read(self):
        with open(self.path, "rb") as file:
            return file.read()
    def exists(self):
        return os.path.exists(self.path)
    def delete(self):
        os.remove(self.path)

class Azure:
    def __init__(self, folder):
        self.folder = folder
    def get_blob_client(self, container, key):
        return AzureBlob(os.path.join(self.folder, container), key)

class AzureBlob(Place):
    def __enter__(self):
        return self
    def __exit__(self, *told):
        pass
    def upload_blob(self, data, overwrite=False):
        assert overwrite
        self.write(data)
    def download_blob(self):
        return self
    def readall(self):
        return self.read()
    def delete_blob(self):
        self.delete()
"""


def test_context_and_messages_go_by_a_container(step: Run, tmp_path: Path) -> None:
    (tmp_path / "clients.py").write_text(CLIENTS)
    script = tmp_path / "script.py"
    script.write_text(
        "import clients, sys\nfrom orrery_pipes import *\nclient = clients.Azure(sys.argv[1])\n"
        "with open_pipes(context_loader=PipesAzureBlobStorageContextLoader(client), "
        "message_writer=PipesAzureBlobStorageMessageWriter(client, interval=0.05)) as context:\n" + BODY
    )
    space: dict[str, Any] = {}
    exec(CLIENTS, space)
    where = {"container": "b", "client": space["Azure"](str(tmp_path))}

    def body(context: Any, kept: dict[str, Any]) -> Any:
        injector = orrery.PipesAzureBlobStorageContextInjector(**where)
        reader = orrery.PipesAzureBlobStorageMessageReader(interval=0.05, **where)
        with orrery.open_pipes_session(context, injector, reader) as session:
            kept["session"] = session
            assert launched(session, script, os.environ, str(tmp_path)) == 0
        return session.get_results()[0]

    ran = step(body)
    assert ran.custom == [["a", n] for n in range(50)]
    assert ran.metadata["rows"] == 3
    assert not list((tmp_path / "b").glob("*/context.json"))


# --- Databricks


class Files(BaseHTTPRequestHandler):
    """Answers what the official library asks of DBFS and of volumes, over a folder."""

    folder: Path
    protocol_version = "HTTP/1.1"

    def log_message(self, *told: object) -> None:
        pass

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        told = json.loads(self.rfile.read(size) or b"{}")
        verb, place = self.path.rpartition("/")[2], self._place(told["path"])
        if verb == "mkdirs":
            place.mkdir(parents=True)
        elif verb == "put":
            place.write_bytes(base64.b64decode(told["contents"]))
        elif verb == "delete":
            for each in [*place.iterdir()]:
                each.unlink()
            place.rmdir()
        self._answer({})

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        told = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path.startswith("/api/2.0/fs/directories"):
            shown, place = self._volume(url.path)
            self._answer(
                {
                    "contents": [
                        {"path": f"{shown}/{each.name}", "name": each.name, "is_directory": False}
                        for each in place.iterdir()
                    ]
                }
            )
            return
        if not url.path.startswith("/api/"):
            self._answer({"error_code": "NOT_FOUND", "message": "a workspace that tells nothing of itself"}, 404)
            return
        volume = url.path.startswith("/api/2.0/fs/files")
        place = self._volume(url.path)[1] if volume else self._place(told["path"])
        if not place.exists():
            code = "NOT_FOUND" if volume else "RESOURCE_DOES_NOT_EXIST"
            self._answer({"error_code": code, "message": f"no {place.name}"}, 404)
        elif volume:
            self._answer(place.read_bytes())
        elif url.path.endswith("get-status"):
            self._answer({"path": told["path"], "is_dir": place.is_dir(), "file_size": 0})
        else:
            start = int(told.get("offset", 0))
            data = place.read_bytes()[start : start + int(told["length"])]
            self._answer({"bytes_read": len(data), "data": base64.b64encode(data).decode()})

    def do_PUT(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        _, place = self._volume(urlsplit(self.path).path)
        if self.path.startswith("/api/2.0/fs/directories"):
            place.mkdir(parents=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(self.rfile.read(size))
        self._answer({})

    def do_DELETE(self) -> None:
        _, place = self._volume(urlsplit(self.path).path)
        if place.is_dir():
            place.rmdir()
        else:
            place.unlink()
        self._answer({})

    def _place(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def _volume(self, path: str) -> tuple[str, Path]:
        shown = unquote(path.split("/", 5)[5])
        return f"/{shown.lstrip('/')}", self._place(shown)

    def _answer(self, told: Any, status: int = 200) -> None:
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", "application/octet-stream" if isinstance(told, bytes) else "application/json")
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Any]:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    folder = tmp_path / "workspace"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Of", (Files,), {"folder": folder}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    host = f"http://127.0.0.1:{server.server_address[1]}"
    yield WorkspaceClient(config=Config(host=host, token="x", retry_timeout_seconds=5))
    server.shutdown()
    thread.join()
    server.server_close()


SPARK = """
class SparkSession:
    @staticmethod
    def getActiveSession():
        return SparkSession()
    @property
    def conf(self):
        return {"spark.databricks.clusterUsageTags.clusterLogDeliveryEnabled": "true",
                "spark.databricks.clusterUsageTags.clusterLogDestination": "dbfs:/logs",
                "spark.databricks.clusterUsageTags.clusterId": "c1"}
"""


def test_context_messages_and_logs_go_by_dbfs(workspace: Any, step: Run, tmp_path: Path) -> None:
    (tmp_path / "pyspark").mkdir()
    (tmp_path / "pyspark" / "__init__.py").touch()
    (tmp_path / "pyspark" / "sql.py").write_text(SPARK)
    script, mount = tmp_path / "script.py", tmp_path / "workspace"
    script.write_text(
        "import os, orrery_pipes.clouds, sys\norrery_pipes.clouds.DBFS_MOUNT = sys.argv[1]\n"
        "from orrery_pipes import *\n"
        "with open_pipes(context_loader=PipesDbfsContextLoader(), message_writer=PipesDbfsMessageWriter(interval=0.05))"
        " as context:\n" + BODY + "    os.makedirs(sys.argv[1] + '/logs/c1/driver')\n"
        "    open(sys.argv[1] + '/logs/c1/driver/stdout', 'w').write('é' * 700_000)\n"
    )
    with (tmp_path / "target").open("w+") as target:

        def body(context: Any, kept: dict[str, Any]) -> Any:
            log = orrery.PipesDbfsLogReader(
                interval=0.05, remote_log_name="stdout", target_stream=target, client=workspace
            )
            reader = orrery.PipesDbfsMessageReader(interval=0.05, client=workspace, log_readers=[log])
            injector = orrery.PipesDbfsContextInjector(client=workspace)
            with orrery.open_pipes_session(context, injector, reader) as session:
                kept["session"] = session
                assert launched(session, script, os.environ, str(mount)) == 0
            return session.get_results()[0]

        ran = step(body)
        assert ran.result.success, ran.error
        target.seek(0)
        assert target.read().strip("\ufffd") == "é" * 700_000
    assert ran.custom == [["a", n] for n in range(50)]
    assert [*(mount / "tmp" / "orrery-pipes").iterdir()] == []


def test_context_and_messages_go_by_a_volume(workspace: Any, step: Run, tmp_path: Path) -> None:
    script, mount = tmp_path / "script.py", tmp_path / "workspace"
    script.write_text(
        "import sys\nfrom orrery_pipes import *\nimport orrery_pipes.clouds as clouds\n"
        "class Mounted(PipesEnvVarParamsLoader):\n"
        "    def load_context_params(self): return self.mounted(super().load_context_params())\n"
        "    def load_messages_params(self): return self.mounted(super().load_messages_params())\n"
        "    def mounted(self, params): return {**params, 'path': sys.argv[1] + params['path']}\n"
        "with open_pipes(params_loader=Mounted(), context_loader=PipesUnityCatalogVolumesContextLoader(), "
        "message_writer=PipesUnityCatalogVolumesMessageWriter(interval=0.05)) as context:\n" + BODY
    )

    def body(context: Any, kept: dict[str, Any]) -> Any:
        where = {"client": workspace, "volume_path": "/Volumes/c/s/v"}
        reader = orrery.PipesUnityCatalogVolumesMessageReader(interval=0.05, **where)
        injector = orrery.PipesUnityCatalogVolumesContextInjector(**where)
        with orrery.open_pipes_session(context, injector, reader) as session:
            kept["session"] = session
            assert launched(session, script, os.environ, str(mount)) == 0
        return session.get_results()[0]

    ran = step(body)
    assert ran.result.success, ran.error
    assert ran.custom == [["a", n] for n in range(50)]
    assert [*(mount / "Volumes" / "c" / "s" / "v").iterdir()] == []
