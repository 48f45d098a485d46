"""Where messages go: each channel and each writer over the real thing or a folder."""

import io
import json
import os
import threading
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from orrery_pipes import (
    PipesBlobStoreMessageWriter,
    PipesBlobStoreMessageWriterChannel,
    PipesBufferedFilesystemMessageWriterChannel,
    PipesBufferedStreamMessageWriterChannel,
    PipesDefaultMessageWriter,
    PipesError,
    PipesFileMessageWriterChannel,
    PipesMessageWriter,
    PipesPrefectLogsMessageWriter,
    PipesPrefectLogsMessageWriterChannel,
    PipesStreamMessageWriterChannel,
)
from orrery_pipes.messages import make_message

Launch = Callable[..., Any]


def log(text: str) -> Any:
    return make_message("log", {"message": text, "level": "INFO"})


def texts(lines: str) -> list[str]:
    return [json.loads(line)["params"]["message"] for line in lines.splitlines() if line]


# --- file


def test_file_channel_writes_one_message_a_line(tmp_path: Path) -> None:
    channel = PipesFileMessageWriterChannel(str(tmp_path / "m"))
    channel.write_message(log("a"))
    channel.write_message(log("é\n"))
    channel.close()
    assert (tmp_path / "m").read_bytes() == (
        b'{"__dagster_pipes_version": "0.1", "method": "log", "params": {"message": "a", "level": "INFO"}}\n'
        b'{"__dagster_pipes_version": "0.1", "method": "log", "params": {"message": "\\u00e9\\n", "level": "INFO"}}\n'
    )


def test_file_channel_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("before\n")
    channel = PipesFileMessageWriterChannel(str(tmp_path / "m"))
    channel.write_message(log("a"))
    channel.close()
    assert (tmp_path / "m").read_text().startswith("before\n{")


def test_message_that_a_full_disk_cut_short_does_not_spoil_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.write, 0

    def write(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            return real(descriptor, data[:10])
        if calls == 3:
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    channel = PipesFileMessageWriterChannel(str(tmp_path / "m"))
    monkeypatch.setattr(os, "write", write)
    channel.write_message(log("a"))
    with pytest.raises(OSError, match="No space"):
        channel.write_message(log("lost"))
    channel.write_message(log("b"))
    channel.close()
    first, torn, last = (tmp_path / "m").read_text().splitlines()
    assert (texts(first), torn, texts(last)) == (["a"], '{"__dagste', ["b"])


def test_full_disk_ends_the_process_with_its_error(launch: Launch) -> None:
    finished = launch("from orrery_pipes import *\nwith open_pipes() as c:\n    pass\n", messages={"path": "/dev/full"})
    assert finished.returncode == 1
    assert "No space left on device" in finished.stderr


def test_file_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    channel = PipesFileMessageWriterChannel(str(tmp_path / "no" / "m"))
    with pytest.raises(FileNotFoundError):
        channel.write_message(log("a"))


# --- streams


def test_stream_channel_flushes_each_message() -> None:
    raw = io.BytesIO()
    channel = PipesStreamMessageWriterChannel(io.TextIOWrapper(raw, encoding="ascii"))
    channel.write_message(log("é"))
    assert texts(raw.getvalue().decode("ascii")) == ["é"]


def test_buffered_stream_channel_writes_all_at_the_flush() -> None:
    stream = StringIO()
    channel = PipesBufferedStreamMessageWriterChannel(stream)
    channel.write_message(log("a"))
    channel.write_message(log("b"))
    assert stream.getvalue() == ""
    channel.flush()
    channel.flush()
    assert texts(stream.getvalue()) == ["a", "b"]


PRINTS = "from orrery_pipes import *\nwith open_pipes() as c:\n    c.log.info('x')\n    print('mine')\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_default_writer_writes_to_a_standard_stream(launch: Launch, stream: str) -> None:
    finished = launch(PRINTS, messages={"stdio": stream})
    lines = (finished.stdout if stream == "stdout" else finished.stderr).splitlines()
    assert [json.loads(line)["method"] for line in lines if line != "mine"] == ["opened", "log", "closed"]
    assert "mine" in finished.stdout


def test_default_writer_writes_to_a_standard_stream_at_the_end(launch: Launch) -> None:
    finished = launch(PRINTS, messages={"buffered_stdio": "stdout"})
    first, *lines = finished.stdout.splitlines()
    assert first == "mine"
    assert [json.loads(line)["method"] for line in lines] == ["opened", "log", "closed"]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "expected key `path`, `stdio` or `buffered_stdio`, received []"),
        ({"bucket": "b"}, "pass the writer that fits it as `message_writer`"),
        ({"path": 3}, "Invalid type for parameter `path`"),
        ({"stdio": "stdin"}, 'Invalid value for key `stdio`: expected "stderr" or "stdout"'),
        ({"buffered_stdio": None}, "Invalid value for key `buffered_stdio`"),
    ],
)
def test_default_writer_refuses_params_of_others(params: Any, text: str) -> None:
    with pytest.raises(PipesError) as caught, PipesDefaultMessageWriter().open(params):
        pass
    assert text in str(caught.value)


def test_writer_tells_its_reader_what_it_wants_to(launch: Launch) -> None:
    finished = launch(
        "from orrery_pipes import *\nclass Mine(PipesDefaultMessageWriter):\n"
        "    def get_opened_extras(self):\n        return {'pid': 7}\n"
        "with open_pipes(message_writer=Mine()):\n    pass\n"
    )
    assert finished.params_of("opened") == [{"extras": {"pid": 7}}]


def test_opened_payload_holds_the_extras_of_the_writer() -> None:
    assert PipesDefaultMessageWriter().get_opened_payload() == {"extras": {}}
    assert PipesDefaultMessageWriter().get_opened_extras() == {}


def test_message_writer_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        PipesMessageWriter()  # type: ignore[abstract]


# --- chunks


class Store(PipesBlobStoreMessageWriterChannel):
    """A store in memory whose first uploads may fail."""

    def __init__(self, failures: int = 0, interval: float = 60) -> None:
        super().__init__(interval=interval)
        self.chunks: dict[int, str] = {}
        self.failures = failures
        self.uploaded = threading.Event()

    def upload_messages_chunk(self, payload: StringIO, index: int) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("gone")
        self.chunks[index] = payload.read()
        self.uploaded.set()


def test_blob_store_channel_uploads_the_rest_at_the_end() -> None:
    store = Store()
    with store.buffered_upload_loop():
        store.write_message(log("a"))
        store.write_message(log("b"))
    assert {index: texts(chunk) for index, chunk in store.chunks.items()} == {1: ["a", "b"]}
    assert not store.chunks[1].endswith("\n")


def test_blob_store_channel_uploads_as_time_goes_by() -> None:
    store = Store(interval=0.01)
    with store.buffered_upload_loop():
        store.write_message(log("a"))
        assert store.uploaded.wait(10)
        store.write_message(log("b"))
    assert {index: texts(chunk) for index, chunk in store.chunks.items()} == {1: ["a"], 2: ["b"]}


def test_blob_store_channel_without_messages_uploads_nothing() -> None:
    store = Store()
    with store.buffered_upload_loop():
        pass
    assert store.chunks == {}


def test_chunk_that_could_not_be_uploaded_is_tried_again_under_its_number() -> None:
    store = Store(failures=3, interval=0.01)
    with store.buffered_upload_loop():
        store.write_message(log("a"))
        assert store.uploaded.wait(10)
        store.write_message(log("b"))
    assert {index: texts(chunk) for index, chunk in store.chunks.items()} == {1: ["a"], 2: ["b"]}


def test_messages_that_cannot_be_uploaded_at_all_are_an_error() -> None:
    store = Store(failures=99, interval=0.01)
    with pytest.raises(PipesError, match=r"Cannot upload chunk 1 .* in 3 attempts: gone"), store.buffered_upload_loop():
        store.write_message(log("a"))


def test_flush_messages_returns_and_forgets() -> None:
    store = Store()
    store.write_message(log("a"))
    assert store.flush_messages() == [log("a")]
    assert store.flush_messages() == []


def test_message_is_taken_as_it_is_when_it_is_written() -> None:
    store, payload = Store(), {"a": 1}
    store.write_message(make_message("report_custom_message", {"payload": payload}))
    payload["a"] = 2
    (message,) = store.flush_messages()
    assert message["params"] == {"payload": {"a": 1}}


def test_message_without_a_json_form_is_refused_when_it_is_written() -> None:
    store = Store()
    with pytest.raises(PipesError):
        store.write_message(make_message("report_custom_message", {"payload": object()}))
    assert store.flush_messages() == []


def test_buffered_filesystem_channel_writes_numbered_files(tmp_path: Path) -> None:
    channel = PipesBufferedFilesystemMessageWriterChannel(str(tmp_path), interval=60)
    with channel.buffered_upload_loop():
        channel.write_message(log("a"))
    assert [path.name for path in tmp_path.iterdir()] == ["1.json"]
    assert texts((tmp_path / "1.json").read_text()) == ["a"]


def test_blob_store_writer_uploads_through_the_channel_that_it_makes() -> None:
    store = Store()

    class Writer(PipesBlobStoreMessageWriter[Store]):
        def make_channel(self, params: Any) -> Store:
            return store

    assert Writer().interval == 10
    with Writer(interval=60).open({"orrery": {"numbers": True}}) as channel:
        channel.write_message(log("a"))
    assert json.loads(store.chunks[1])["number"] == 1


# --- the log of Prefect


class Records:
    """A logger that keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, form: str, *arguments: Any) -> None:
        self.lines.append(form % arguments)


def test_prefect_channel_writes_one_record_a_message() -> None:
    records = Records()
    PipesPrefectLogsMessageWriterChannel(records, 1000).write_message(log("100%"))
    assert texts("\n".join(records.lines)) == ["100%"]


def test_prefect_channel_says_which_message_was_too_long() -> None:
    records = Records()
    PipesPrefectLogsMessageWriterChannel(records, 200).write_message(log("x" * 300))
    (line,) = records.lines
    params = json.loads(line)["params"]
    assert params["level"] == "ERROR"
    assert params["message"].startswith("Dropped a `log` Pipes message of ")


def test_prefect_writer_logs_where_prefect_looks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", PipesPrefectLogsMessageWriter.LOGGER_NAME)
    with PipesPrefectLogsMessageWriter().open({"prefect_logs": True}) as channel:
        channel.write_message(log("a"))
    assert texts("\n".join(record.getMessage() for record in caplog.records)) == ["a"]


@pytest.mark.parametrize("params", [{}, {"prefect_logs": "x"}, {"prefect_logs": True, "max_message_bytes": "x"}])
def test_prefect_writer_refuses_params_of_others(params: Any) -> None:
    opening = PipesPrefectLogsMessageWriter().open(params)
    with pytest.raises(PipesError, match="passed from the orchestration side"), opening:
        pass


# --- copies of stdout and stderr


def streams(finished: Any) -> dict[str, str]:
    told: dict[str, str] = {}
    for params in finished.params_of("log_external_stream"):
        told[params["stream"]] = told.get(params["stream"], "") + params["text"]
    return told


def test_output_of_the_process_and_its_children_goes_along_as_messages(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "messages-1"
    finished = launch(
        "from orrery_pipes import *\nimport os, sys\nwith open_pipes() as c:\n"
        "    print('out é')\n    sys.stdout.flush()\n"
        "    os.system('echo child; echo error >&2')\n    sys.stderr.write('no end')\nprint('after')\n",
        messages={"path": str(path), "include_stdio_in_messages": True},
    )
    assert (finished.returncode, finished.stdout) == (0, "out é\nchild\nafter\n")
    assert finished.stderr == "error\nno end"
    assert streams(finished) == {"stdout": "out é\nchild\n", "stderr": "error\nno end"}


def test_much_output_does_not_block_the_process(launch: Launch, tmp_path: Path) -> None:
    finished = launch(
        "from orrery_pipes import *\nwith open_pipes() as c:\n    for n in range(20000): print('é' * 50)\n",
        messages={"path": str(tmp_path / "messages-1"), "include_stdio_in_messages": True},
    )
    assert streams(finished) == {"stdout": ("é" * 50 + "\n") * 20000}


def test_output_is_not_sent_unless_the_orchestrator_asks(launch: Launch) -> None:
    assert streams(launch(PRINTS)) == {}


def test_file_log_writer_copies_streams_to_files(launch: Launch, tmp_path: Path) -> None:
    finished = launch(
        "from orrery_pipes import *\nimport os, sys\nwriter = PipesStdioFileLogWriter(interval=0.01)\n"
        f"with writer.open({{'logs_dir': {str(tmp_path / 'logs' / 'run')!r}}}):\n"
        "    print('out')\n    print('err', file=sys.stderr)\n"
        "print(writer.get_opened_payload(), writer.get_opened_extras())\n",
        environment={},
    )
    assert finished.stdout == "out\n{'extras': {}} {}\n"
    assert {path.name: path.read_text() for path in (tmp_path / "logs" / "run").iterdir()} == {
        "stdout": "out\n",
        "stderr": "err\n",
    }


def test_log_writer_that_fails_does_not_end_the_process(launch: Launch, tmp_path: Path) -> None:
    finished = launch(
        "from orrery_pipes import *\nimport os\nwriter = PipesStdioFileLogWriter()\n"
        f"with writer.open({{'logs_dir': {str(tmp_path / 'logs')!r}}}):\n"
        f"    os.mkdir({str(tmp_path / 'logs' / 'stdout')!r})\n    print('out')\nprint('after')\n",
        environment={},
    )
    assert (finished.returncode, finished.stdout) == (0, "out\nafter\n")
    assert "Exception in thread PipesStdioFileLogWriterChannel(stdout->" in finished.stderr


def test_exception_of_a_thread_is_told_when_it_is_joined(capsys: pytest.CaptureFixture[str]) -> None:
    from orrery_pipes import ExcThread

    def fail() -> Sequence[int]:
        raise KeyError("x")

    thread = ExcThread(target=fail, name="mine")
    thread.start()
    thread.join()
    thread.join()
    assert capsys.readouterr().err == "Exception in thread mine: KeyError: 'x'\n"
