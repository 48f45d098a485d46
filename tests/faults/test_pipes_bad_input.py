"""
Bad input from an external process, over each channel: it costs itself alone.

Each gives one warning or one failure that names the number of the message and its first 200 characters, and all other
messages count. The process writes what it likes, byte by byte, as a stranger may.

==========================================  =====================================================================
bad input                                   test
==========================================  =====================================================================
not JSON                                    test_bad_line_gives_one_warning[not JSON]
unknown method                              test_bad_line_gives_one_warning[unknown method]
wrong types                                 test_bad_line_gives_one_warning[wrong types]
invalid UTF-8                               test_bad_line_gives_one_warning[invalid UTF-8]
50 MB line                                  test_bad_line_gives_one_warning[50 MB line];
                                            of our own client: test_own_client_refuses_a_message_of_50_mb
message for another asset                   test_bad_line_gives_one_warning[another asset]
no newline at the end                       test_last_message_without_a_newline_counts
message after close                         test_message_after_close_counts_and_is_told
double close                                test_second_close_is_told; of our own client, which sends one:
                                            tests/unit/pipes/test_members.py
killed in mid-message                       test_process_killed_in_mid_message
kill -9 keeps everything before it          test_kill_keeps_everything_before_it
exit code 3 after success was reported      test_exit_code_after_a_success_was_reported
a pipe that closes                          test_channel_that_closes_before_the_end; that of the orchestrator:
                                            tests/faults/test_pipes.py, tests/unit/adapters/pipes/test_socket.py
a full disk under the message file          tests/faults/test_pipes.py (file alone: the others write to no disk)
==========================================  =====================================================================
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import orrery

PACKAGE = Path(__file__).resolve().parents[2] / "packages" / "orrery-pipes" / "src"
CHANNELS = ("file", "socket", "stdio")
# `send` writes bytes as they are; `say` a message, as a stranger does: without a number.
STRANGER = """
import base64, json, os, signal, sys, zlib
params = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))
channel = sys.argv[1]
if channel == "socket":
    import socket
    out = socket.socket(socket.AF_UNIX)
    out.connect(params["orrery"]["socket"]["path"])
    send, close = out.sendall, out.close
else:
    out = open(params["path"], "ab") if channel == "file" else sys.stdout.buffer
    def send(data):
        out.write(data)
        out.flush()
    close = out.close if channel == "file" else lambda: os.close(1)
def line(method, **params):
    return json.dumps({"__dagster_pipes_version": "0.1", "method": method, "params": params}).encode()
def say(method, **params):
    send(line(method, **params) + b"\\n")
def custom(payload):
    say("report_custom_message", payload=payload)
say("opened", extras={})
custom(1)
"""
# A program that runs here what it is told to run there: the command comes last.
SSH = '#!/bin/sh\nfor each; do :; done\nexec sh -c "$each"\n'


@dataclass
class Ran:
    """What became of the step."""

    success: bool
    error: str
    custom: list[Any]
    warnings: list[str]
    made: list[Any]


Run = Callable[[str, str], Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs code after the beginning of STRANGER, over a channel, as the process of a step."""

    def launch(channel: str, code: str, beginning: str = STRANGER) -> Ran:
        script, handlers = tmp_path / "script.py", []
        script.write_text(beginning + textwrap.dedent(code))
        command = [sys.executable, "-S", str(script), channel]
        env = {"PYTHONPATH": str(PACKAGE)}
        client: Any
        if channel == "stdio":
            ssh = tmp_path / "ssh"
            ssh.write_text(SSH)
            ssh.chmod(0o755)
            client = orrery.PipesSSHClient("here", env=env, ssh=str(ssh))
        else:
            reader = orrery.PipesFileMessageReader(str(tmp_path / "messages")) if channel == "file" else None
            client = orrery.PipesSubprocessClient(env=env, message_reader=reader)
        read = client.message_reader.read_messages

        def kept(handler: Any) -> Any:
            handlers.append(handler)
            return read(handler)

        client.message_reader.read_messages = kept  # a failed step gives no invocation to ask

        @orrery.asset(name="a")
        def a(context: orrery.AssetExecutionContext) -> Any:
            return client.run(context=context, command=command).get_materialize_result()

        instance = orrery.Instance.ephemeral()
        result = orrery.materialize([a], instance=instance, raise_on_error=False)
        lines = [entry for entry in instance.all_logs(result.run_id) if not entry.is_dagster_event]
        failures = [str(event.step_failure_data.error) for event in result.all_events if event.is_step_failure]
        return Ran(
            result.success,
            "".join(failures),
            list(handlers[0].get_custom_messages()),
            [entry.user_message for entry in lines if entry.level == 30],
            list(instance.fetch_materializations(orrery.AssetKey("a"), limit=5).records),
        )

    return launch


BAD = {
    "not JSON": (
        'b\'{"__dagster_pipes_version": "0.1", nope\'',
        "it is not JSON",
        '{"__dagster_pipes_version": "0.1", nope',
    ),
    "unknown method": ("line('sing', song='la')", "its method 'sing' is unknown", '"method": "sing"'),
    "wrong types": ("line('log', message=3, level='INFO')", "'message' of 'log' is int, not str", '"message": 3'),
    "invalid UTF-8": (
        "line('log', message='?', level='INFO').replace(b'?', b'\\xff\\xfe')",
        "it is not UTF-8",
        "\ufffd",
    ),
    "50 MB line": (
        "line('report_custom_message', payload='x' * 50_000_000)",
        "bytes, more than the 16000000 that a message may have",
        '"payload": "xxx',
    ),
    "another asset": (
        "line('report_asset_materialization', asset_key='b', data_version=None, metadata=None)",
        "asset 'b' is not in scope of this step; in scope are ['a']",
        '"asset_key": "b"',
    ),
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("bad", BAD)
def test_bad_line_gives_one_warning_and_all_others_count(run: Run, channel: str, bad: str) -> None:
    code, reason, beginning = BAD[bad]
    ran = run(channel, f"send({code} + b'\\n')\ncustom(2)\nsay('closed')\n")
    assert (ran.success, ran.custom, ran.error) == (True, [1, 2], "")
    (warning,) = ran.warnings
    told, _, start = warning.partition(". It begins with: ")
    assert told.startswith("[pipes] message number 3 cannot be used: ")
    assert reason in told
    assert beginning in start
    assert len(start) <= 200


@pytest.mark.parametrize("channel", CHANNELS)
def test_own_client_refuses_a_message_of_50_mb(run: Run, channel: str) -> None:
    """It is told at the call; nothing of it leaves the process, and the channel lives on."""
    code = """
    from orrery_pipes import PipesMessageTooLongError, open_pipes
    with open_pipes() as context:
        context.report_custom_message(1)
        try:
            context.report_custom_message("x" * 50_000_000)
        except PipesMessageTooLongError as error:
            context.report_custom_message(str(error))
        context.log.info("y" * 50_000_000)
        context.report_custom_message(2)
    """
    ran = run(channel, code, "")
    assert (ran.success, ran.warnings, ran.error) == (True, [], "")
    one, told, two = ran.custom
    assert (one, two) == (1, 2)
    assert told.startswith("Cannot send a `report_custom_message` message of 500001")
    assert "Hand a large value over by reference, with `put_value`" in told


@pytest.mark.parametrize("channel", CHANNELS)
def test_last_message_without_a_newline_counts(run: Run, channel: str) -> None:
    ran = run(channel, "custom(2)\nsend(line('closed'))\n")
    assert (ran.success, ran.custom, ran.warnings) == (True, [1, 2], [])


@pytest.mark.parametrize("channel", CHANNELS)
def test_message_after_close_counts_and_is_told(run: Run, channel: str) -> None:
    ran = run(channel, "say('closed')\ncustom(2)\n")
    assert (ran.success, ran.custom) == (True, [1, 2])
    (warning,) = ran.warnings
    assert warning.startswith(
        "[pipes] message number 4: it came after the process had closed; it counts all the same. It"
    )
    assert '"payload": 2' in warning


@pytest.mark.parametrize("channel", CHANNELS)
def test_second_close_is_told(run: Run, channel: str) -> None:
    ran = run(channel, "custom(2)\nsay('closed')\nsay('closed')\n")
    assert (ran.success, ran.custom) == (True, [1, 2])
    (warning,) = ran.warnings
    assert warning.startswith("[pipes] message number 5: it came after the process had closed")
    assert '"method": "closed"' in warning


@pytest.mark.parametrize("channel", CHANNELS)
def test_second_process_of_the_same_command_may_open_and_close_as_well(run: Run, channel: str) -> None:
    ran = run(channel, "say('closed')\nsay('opened', extras={})\ncustom(2)\nsay('closed')\n")
    assert (ran.success, ran.custom, ran.warnings) == (True, [1, 2], [])


@pytest.mark.parametrize("channel", CHANNELS)
def test_process_killed_in_mid_message(run: Run, channel: str) -> None:
    code = "custom(2)\nsend(line('report_custom_message', payload='half')[:-9])\nos.kill(os.getpid(), signal.SIGKILL)\n"
    ran = run(channel, code)
    assert (ran.success, ran.custom) == (False, [1, 2])
    assert "exit code 137" in ran.error if channel == "stdio" else "was killed by SIGKILL" in ran.error
    (warning,) = ran.warnings
    assert warning.startswith("[pipes] message number 4 cannot be used: it is not JSON")
    assert '"method": "report_custom_message"' in warning


@pytest.mark.parametrize("channel", CHANNELS)
def test_kill_keeps_everything_before_it(run: Run, channel: str) -> None:
    """Also what has the orchestrator still to read: far more than it takes at once."""
    report = "say('report_asset_materialization', asset_key='a', data_version=None, metadata=None)\n"
    code = f"for n in range(2, 5001): custom(n)\n{report}os.kill(os.getpid(), signal.SIGKILL)\n"
    ran = run(channel, code)
    assert not ran.success
    assert ran.custom == list(range(1, 5001))
    assert len(ran.made) == 1
    assert ran.warnings == []


@pytest.mark.parametrize("channel", CHANNELS)
def test_exit_code_after_a_success_was_reported(run: Run, channel: str) -> None:
    report = "say('report_asset_materialization', asset_key='a', data_version=None, metadata=None)\n"
    ran = run(channel, f"{report}custom(2)\nsay('closed')\nsys.stderr.write('no disk\\n')\nsys.exit(3)\n")
    assert (ran.success, ran.custom, ran.warnings) == (False, [1, 2], [])
    assert "ended with exit code 3" in ran.error
    assert "no disk" in ran.error
    assert len(ran.made) == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_channel_that_closes_before_the_end(run: Run, channel: str) -> None:
    """The process works on and ends well, and yet nobody knows what it would have said."""
    ran = run(channel, "custom(2)\nclose()\nopen(sys.argv[0] + '.ended', 'w').close()\nos._exit(0)\n")
    assert (ran.success, ran.custom, ran.warnings) == (False, [1, 2], [])
    assert "ended without having closed Pipes; later messages may be missing" in ran.error
