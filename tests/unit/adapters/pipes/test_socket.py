"""Between our two sides on one machine messages go through a socket, acknowledged; whatever breaks, none is lost."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import orrery
from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.listening import listening
from orrery.adapters.pipes.readers import PipesFileMessageReader
from orrery.adapters.pipes.session import open_pipes_session
from orrery.adapters.pipes.subprocess_client import PipesSubprocessClient
from orrery_pipes.channels import PipesFileMessageWriterChannel
from orrery_pipes.messages import make_message
from orrery_pipes.sockets import SocketChannel, connect

PACKAGE = Path(__file__).resolve().parents[4] / "packages" / "orrery-pipes" / "src"
OPEN = "from orrery_pipes import *\nwith open_pipes() as context:\n"
HOW = "    context.report_custom_message(type(context._channel._channel).__name__)\n"

Run = Callable[..., list[Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs code as the process of a step, and returns the payloads of its custom messages."""

    def launch(code: str, **options: Any) -> list[Any]:
        script = tmp_path / "script.py"
        script.write_text(code)
        kept: list[Any] = []

        @orrery.asset
        def a(context: orrery.AssetExecutionContext) -> Any:
            client = PipesSubprocessClient(env={"PYTHONPATH": str(PACKAGE)}, **options)
            invocation = client.run(context=context, command=[sys.executable, str(script)])
            kept.extend(invocation.get_custom_messages())
            return invocation.get_materialize_result()

        assert orrery.materialize([a]).success
        return kept

    return launch


def test_our_processes_take_the_socket(run: Run) -> None:
    assert run(OPEN + HOW) == ["SocketChannel"]


def test_opening_by_the_socket_imports_nothing_heavy(run: Run) -> None:
    """`socket` and what it imports would be half of what a launch costs over the bare process."""
    heavy = ["argparse", "asyncio", "logging", "selectors", "socket", "subprocess", "tempfile", "traceback"]
    heavy += ["orrery_pipes.clouds", "orrery_pipes.shapes"]
    # What an installed package imports at the start of Python is not ours.
    before = f"import sys\nbefore = [name for name in {heavy} if name in sys.modules]\n"
    found = (
        f"    context.report_custom_message([name for name in {heavy} if name in sys.modules and name not in before])\n"
    )
    by_name = OPEN.replace("import *", "import open_pipes")  # with all names, all is imported
    assert run(before + by_name + HOW + found) == ["SocketChannel", []]


def test_launch_makes_one_folder_and_one_file_that_are_private_and_leaves_none(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    look = f"    import os\n    for each in os.scandir({str(place)!r}):\n"
    kinds = run(OPEN + look + "        context.report_custom_message([each.is_dir(), each.stat().st_mode & 0o777])\n")
    assert sorted(kinds) == [[False, 0o600], [True, 0o700]]
    assert list(place.iterdir()) == []


def test_process_that_cannot_reach_the_socket_takes_the_file(run: Run) -> None:
    """As in a container that shares the folder and not the machine."""
    gone = "import os\nos.rename(params['path'], params['path'] + '.gone')\n"
    find = (
        "import base64, json, os, zlib\n"
        "params = json.loads(zlib.decompress(base64.b64decode(os.environ['DAGSTER_PIPES_MESSAGES'])))"
        "['orrery']['socket']\n"
    )
    assert run(find + gone + OPEN + HOW) == ["PipesFileMessageWriterChannel"]


def test_folder_whose_path_is_too_long_for_a_socket_offers_the_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert run(OPEN + HOW) == ["PipesFileMessageWriterChannel"]


def test_many_messages_of_many_threads_arrive_once_and_in_order(run: Run) -> None:
    """Far more than the process may be ahead by."""
    found = run(
        OPEN + "    import threading\n"
        "    def send(name):\n        for n in range(3000):\n            context.report_custom_message([name, n])\n"
        "    threads = [threading.Thread(target=send, args=(name,)) for name in range(4)]\n"
        "    for t in threads: t.start()\n    for t in threads: t.join()\n"
    )
    for name in range(4):
        assert [n for who, n in found if who == name] == list(range(3000))


def test_forked_children_have_connections_of_their_own(run: Run) -> None:
    found = run(
        OPEN + "    import os\n    context.report_custom_message('parent')\n"
        "    for n in range(3):\n        if os.fork() == 0:\n            for each in range(200):\n"
        "                context.report_custom_message([n, each])\n            os._exit(0)\n"
        "    for n in range(3):\n        os.wait()\n    context.report_custom_message('end')\n"
    )
    assert (found[0], found[-1]) == ("parent", "end")
    for n in range(3):
        assert [each[1] for each in found[1:-1] if each[0] == n] == list(range(200))


def test_message_larger_than_all_buffers_arrives(run: Run) -> None:
    assert run(OPEN + "    context.report_custom_message('x' * 9_000_000)\n") == ["x" * 9_000_000]


def test_kill_keeps_all_that_was_sent(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        OPEN + "    for n in range(400):\n        context.report_custom_message(n)\n"
        "    import os\n    os.kill(os.getpid(), 9)\n"
    )
    kept: list[Any] = []

    @orrery.asset
    def a(context: orrery.AssetExecutionContext) -> Any:
        with open_pipes_session(
            context, orrery.PipesEnvContextInjector(), orrery.PipesTempFileMessageReader(), allow_unclosed=True
        ) as session:
            environment = {**os.environ, **session.get_bootstrap_env_vars(), "PYTHONPATH": str(PACKAGE)}
            assert subprocess.run([sys.executable, str(script)], env=environment).returncode == -9
        kept.extend(session.get_custom_messages())
        return session.get_results()[0]

    assert orrery.materialize([a]).success
    assert kept == list(range(400))


def test_session_ends_although_a_process_left_behind_goes_on_sending(run: Run) -> None:
    found = run(
        OPEN + "    import os\n    ready, told = os.pipe()\n    if os.fork() == 0:\n"
        "        try:\n            context.report_custom_message(os.getpid())\n"
        "            for n in range(20_000_000):\n                context.report_custom_message(n)\n"
        "                if n == 0: os.write(told, b'!')\n"
        "        finally:\n            os._exit(0)\n"
        "    os.read(ready, 1)\n",
        forward_stdio=False,
    )
    process_id, *numbers = found
    os.kill(process_id, signal.SIGKILL)  # it would write for minutes, into a file that is no more
    assert numbers[:1] == [0]


# --- a connection that breaks, from the process's side


@contextmanager
def orchestrator(path: str, taken: int) -> Iterator[list[bytes]]:
    """Take *taken* messages at a socket, acknowledge all but the last, and hang up."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    lines: list[bytes] = []

    def serve() -> None:
        peer, _ = server.accept()
        with peer, peer.makefile("rb") as file:
            for count in range(1, taken + 1):
                lines.append(file.readline())
                if count < taken:
                    peer.sendall(struct.pack("!Q", count))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield lines
    finally:
        thread.join()
        server.close()


def test_what_was_not_acknowledged_is_written_to_the_file_and_marked(tmp_path: Path) -> None:
    place, file = str(tmp_path / "s"), PipesFileMessageWriterChannel(str(tmp_path / "messages"))
    offered = {"path": place}
    with orchestrator(place, taken=3) as lines:
        connection = connect(offered)
        assert connection is not None
        channel = SocketChannel(connection, offered, file)
        for number in range(1, 4):
            channel.write_message({**make_message("report_custom_message", {"payload": number}), "number": number})  # type: ignore[arg-type,typeddict-item]
    # The other side has hung up.
    channel.write_message({**make_message("report_custom_message", {"payload": 4}), "number": 4})  # type: ignore[arg-type,typeddict-item]
    channel.close()
    file.close()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3]
    written = [json.loads(line) for line in (tmp_path / "messages").read_text().splitlines()]
    numbers = [message["number"] for message in written]
    assert numbers[-1] == 4
    # The third at least, which was not acknowledged; earlier ones too if their acknowledgement was not read.
    assert 3 in numbers
    assert all(message.get("again") for message in written if message["number"] <= 3)


def test_message_that_comes_again_counts_once(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import base64, json, os, zlib
        path = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))["path"]
        file = open(path, "a")
        def send(method, number, params={}, **more):
            message = {"__dagster_pipes_version": "0.1", "method": method, "params": params, "number": number, **more}
            file.write(json.dumps(message) + "\\n")
        send("opened", 1, {"extras": {}})
        send("report_custom_message", 2, {"payload": 2})
        send("report_custom_message", 5, {"payload": 5})
        send("report_custom_message", 2, {"payload": 2}, again=True)
        send("report_custom_message", 4, {"payload": 4}, again=True)
        send("report_custom_message", 3, {"payload": 3}, again=True)
        send("report_custom_message", 4, {"payload": 4}, again=True)
        send("closed", 6)
        """
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    kept: list[Any] = []

    @orrery.asset
    def a(context: orrery.AssetExecutionContext) -> Any:
        invocation = PipesSubprocessClient().run(context=context, command=[sys.executable, str(script)])
        kept.extend(invocation.get_custom_messages())
        return invocation.get_materialize_result()

    assert orrery.materialize([a]).success  # nothing is missing: 3 and 4 came later
    assert kept == [2, 5, 4, 3]


# --- the orchestrator's socket


def test_socket_is_given_up_where_it_cannot_be(tmp_path: Path) -> None:
    with listening(str(tmp_path / "no folder" / "s")) as listener:
        assert listener is None


def test_message_is_acknowledged_before_it_is_judged(tmp_path: Path) -> None:
    """A process that closes waits for the acknowledgement, not for what is stored of its messages."""
    path, told = str(tmp_path / "s"), []

    class Judge(PipesMessageHandler):
        def handle_lines(self, lines: Any, writer: int = 0) -> int:
            told.append((list(lines), peer.recv(8)))
            return 1

    with listening(path) as listener, socket.socket(socket.AF_UNIX) as peer:
        assert listener is not None
        peer.settimeout(10)
        peer.connect(path)
        peer.sendall(b"line\n")
        while not told:
            assert listener.read(Judge(None, None), 60)
    assert told == [([b"line"], struct.pack("!Q", 1))]


def test_file_reader_of_ones_own_offers_no_socket(tmp_path: Path) -> None:
    """Its file may be in a folder that another machine sees."""
    with PipesFileMessageReader(str(tmp_path / "messages")).read_messages(PipesMessageHandler(None, None)) as params:
        assert "socket" not in params["orrery"]
