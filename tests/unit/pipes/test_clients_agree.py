"""
The clients of all languages send the same messages.

One program, written in Python, in JavaScript and in the language of POSIX shells, under each channel that they share.
"""

import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Launch = Callable[..., Any]

PACKAGES = Path(__file__).resolve().parents[3] / "packages"
JAVASCRIPT = PACKAGES / "orrery-pipes-js" / "lib" / "index.js"
SHELL = PACKAGES / "orrery-pipes" / "shell" / "orrery_pipes.sh"

PYTHON_PROGRAM = r"""
from orrery_pipes import *
with open_pipes() as context:
    context.log.info("run " + context.run_id)
    context.log.warning('quote " back \\ tab\t line\n é€😀 ' + context.get_extra("sign"))
    context.report_custom_message(context.get_extra("names"))
    context.report_custom_message({"a": [1, None, {"b": 1.5}], "c": "d"})
    context.report_asset_materialization(
        data_version="7",
        metadata={
            "text": "a=b",
            "rows": {"raw_value": 12, "type": "int"},
            "report": {"raw_value": "https://example.org/?a=1", "type": "url"},
            "table": {"raw_value": [{"x": 1}], "type": "json"},
            "ratio": {"raw_value": 2, "type": "float"},
            "nothing": {"raw_value": None, "type": "null"},
        },
    )
    try:
        context.report_asset_materialization()
    except PipesError:
        context.log.error("refused")
    context.report_asset_check("not_empty", True)
    context.report_asset_check("fresh", False, severity="WARN", metadata={"age": {"raw_value": 3.5, "type": "float"}})
    context.log_external_stream("stdout", "out\n")
"""
JAVASCRIPT_PROGRAM = r"""
import { openPipes } from %s;
const context = openPipes();
context.log.info(`run ${context.runId}`);
context.log.warning(`quote " back \\ tab\t line\n é€😀 ${context.getExtra("sign")}`);
context.reportCustomMessage(context.getExtra("names"));
context.reportCustomMessage({ a: [1, null, { b: 1.5 }], c: "d" });
context.reportAssetMaterialization({
  dataVersion: "7",
  metadata: {
    text: "a=b",
    rows: { raw_value: 12, type: "int" },
    report: { raw_value: "https://example.org/?a=1", type: "url" },
    table: { raw_value: [{ x: 1 }], type: "json" },
    ratio: { raw_value: 2, type: "float" },
    nothing: { raw_value: null, type: "null" },
  },
});
try {
  context.reportAssetMaterialization();
} catch (error) {
  context.log.error("refused");
}
context.reportAssetCheck({ checkName: "not_empty", passed: true });
context.reportAssetCheck({
  checkName: "fresh",
  passed: false,
  severity: "WARN",
  metadata: { age: { raw_value: 3.5, type: "float" } },
});
context.logExternalStream("stdout", "out\n");
context.close();
context.close();
"""
SHELL_PROGRAM = r"""
set -eu
. %s
pipes_open
pipes_log INFO "run $(pipes_get run_id)"
pipes_log WARNING "quote \" back \\ tab	 line
 é€😀 $(pipes_get extras sign)"
pipes_report_custom_message "$(pipes_get extras names)"
pipes_report_custom_message '{"a": [1,
  null, {"b": 1.5}], "c": "d"}'
pipes_report_asset_materialization --data-version 7 --metadata text=a=b --metadata rows:int=12 \
    --metadata 'report:url=https://example.org/?a=1' --metadata 'table:json=[{"x": 1}]' --metadata ratio:float=2 \
    --metadata nothing:null=
pipes_report_asset_materialization 2>/dev/null || pipes_log ERROR refused
pipes_report_asset_check not_empty true
pipes_report_asset_check fresh false --severity WARN --metadata age:float=3.5
pipes_log_external_stream stdout 'out
'
pipes_close
pipes_close
"""


def shells() -> list[str]:
    return [name for name in ("dash", "bash", "busybox", "ksh", "zsh", "sh") if shutil.which(name)]


CLIENTS = ["python", "node", *shells()]


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that makes the command of a program in the language of a client."""

    def make(client: str, *, javascript: str = "", shell: str = "", python: str = "") -> list[str]:
        if client == "python":
            (tmp_path / "program.py").write_text(python, encoding="utf-8")
            return ["python3", str(tmp_path / "program.py")]
        if client == "node":
            if shutil.which("node") is None:
                pytest.skip("the client for Node is not run: no node on this machine")
            text = javascript.replace("%s", json.dumps(str(JAVASCRIPT)), 1)
            (tmp_path / "program.mjs").write_text(text, encoding="utf-8")
            return ["node", str(tmp_path / "program.mjs")]
        (tmp_path / "program.sh").write_text(shell.replace("%s", f"'{SHELL}'", 1), encoding="utf-8")
        options = {"busybox": ["sh"], "bash": ["--posix"], "zsh": ["--emulate", "sh"]}.get(client, [])
        return [client, *options, str(tmp_path / "program.sh")]

    return make


def everything(client: str, command: Callable[..., list[str]]) -> list[str]:
    return command(client, python=PYTHON_PROGRAM, javascript=JAVASCRIPT_PROGRAM, shell=SHELL_PROGRAM)


@pytest.fixture
def expected(launch: Launch, command: Callable[..., list[str]]) -> list[Mapping[str, Any]]:
    messages: list[Mapping[str, Any]] = launch(everything("python", command)).messages
    assert len(messages) == 11
    return messages


@pytest.mark.parametrize("client", CLIENTS[1:])
def test_every_client_sends_the_same(
    launch: Launch, command: Callable[..., list[str]], expected: Any, client: str, tmp_path: Path
) -> None:
    finished = launch(everything(client, command))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert repr(list(finished.messages)) == repr(list(expected))  # which tells 2 from 2.0


@pytest.mark.parametrize("client", CLIENTS[1:])
def test_every_client_sends_over_a_standard_stream(
    launch: Launch, command: Callable[..., list[str]], expected: Any, client: str
) -> None:
    finished = launch(everything(client, command), messages={"stdio": "stdout"})
    assert [json.loads(line) for line in finished.stdout.splitlines()] == list(expected)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_numbers_messages_if_asked(
    launch: Launch, command: Callable[..., list[str]], client: str, tmp_path: Path
) -> None:
    # The first launch of a test writes to `messages-1`.
    target = {"path": str(tmp_path / "messages-1"), "orrery": {"numbers": True}}
    finished = launch(everything(client, command), messages=target)
    assert [message["number"] for message in finished.messages] == list(range(1, 12))


def target_of_short_messages(tmp_path: Path) -> dict[str, Any]:
    """An orchestrator that takes no message of more than 2,000 bytes; the first launch of a test writes there."""
    return {"path": str(tmp_path / "messages-1"), "orrery": {"numbers": True, "longest_message_bytes": 2000}}


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_refuses_a_message_that_is_too_long_and_sends_the_next(
    launch: Launch, command: Callable[..., list[str]], client: str, tmp_path: Path
) -> None:
    line = command(
        client,
        python="from orrery_pipes import *\nwith open_pipes() as context:\n    try:\n"
        "        context.report_custom_message('x' * 5000)\n    except PipesMessageTooLongError as error:\n"
        "        print(error)\n    context.report_custom_message('after')\n",
        javascript="import { openPipes } from %s;\nconst context = openPipes();\n"
        "try { context.reportCustomMessage('x'.repeat(5000)); } catch (error) { console.log(error.message); }\n"
        "context.reportCustomMessage('after');\n",
        shell=". %s\npipes_open\nlong=$(printf '%5000s' '')\n"
        'pipes_report_custom_message "\\"$long\\"" 2>&1\npipes_report_custom_message \'"after"\'\npipes_close\n',
    )
    finished = launch(line, messages=target_of_short_messages(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert finished.custom() == "after"
    assert [message["number"] for message in finished.messages] == [1, 2, 3]
    assert re.search(
        "annot send a .report_custom_message. message of 5[0-9]{3} bytes: the orchestrator takes at most 2000. Hand a "
        "large value over by reference",
        finished.stdout,
    )


@pytest.mark.parametrize("client", ["python", "node"])
def test_texts_that_are_too_long_are_shortened(
    launch: Launch, command: Callable[..., list[str]], client: str, tmp_path: Path
) -> None:
    """Who logs does not fail by it, and an exception with a long text is told for what it is."""
    line = command(
        client,
        python="from orrery_pipes import *\nwith open_pipes() as context:\n    context.log.info('é' * 5000)\n"
        "    context.log_external_stream('stdout', 'x' * 5000)\n    raise ValueError('y' * 5000)\n",
        javascript="import { withPipes } from %s;\nawait withPipes((context) => {\n"
        "  context.log.info('é'.repeat(5000));\n  context.logExternalStream('stdout', 'x'.repeat(5000));\n"
        "  const error = new Error('y'.repeat(5000));\n  error.name = 'ValueError';\n  throw error;\n});\n",
    )
    finished = launch(line, messages=target_of_short_messages(tmp_path))
    assert finished.returncode == 1
    assert finished.methods == ["opened", "log", "log_external_stream", "closed"]
    kept = 2000 // 16
    assert finished.params_of("log")[0]["message"] == "é" * kept + "... (shortened: it has 5000 characters)"
    assert finished.params_of("log_external_stream")[0]["text"].startswith("x" * kept + "... (shortened")
    exception = finished.params_of("closed")[0]["exception"]
    assert exception["message"].startswith("ValueError: yyy")
    assert exception["message"].endswith("... (shortened)\n")
    assert exception["name"] == "ValueError"


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_does_nothing_without_an_orchestrator(
    launch: Launch, command: Callable[..., list[str]], client: str
) -> None:
    python = PYTHON_PROGRAM.replace("context.run_id", "str(context.run_id)").replace(
        'context.get_extra("sign")', 'str(context.get_extra("sign"))'
    )
    shell = re.sub(r"^pipes_report_asset_materialization 2.*\n", "", SHELL_PROGRAM, flags=re.MULTILINE)
    line = command(client, python=python, javascript=JAVASCRIPT_PROGRAM, shell=shell)
    finished = launch(line, environment={})
    assert finished.returncode == 0, finished.stderr
    assert "not launched by an orchestrator" in finished.stderr
    assert finished.stdout == ""


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_tells_what_ended_it(launch: Launch, command: Callable[..., list[str]], client: str) -> None:
    line = command(
        client,
        python="from orrery_pipes import *\nopen_pipes()\nraise ValueError('no rows')\n",
        javascript="import { openPipes } from %s;\nopenPipes();\n"
        "throw new RangeError('no rows', { cause: new TypeError('below') });\n",
        shell="set -e\n. %s\npipes_open\nfalse\n",
    )
    finished = launch(line)
    assert finished.returncode == 1
    assert finished.methods == ["opened", "closed"]
    exception = finished.params_of("closed")[0]["exception"]
    assert set(exception) == {"message", "stack", "name", "cause", "context"}
    if client == "node":
        assert (exception["name"], exception["message"]) == ("RangeError", "RangeError: no rows\n")
        assert exception["cause"]["message"] == "TypeError: below\n"
        assert "program.mjs" in exception["stack"][-1]
    elif client != "python":
        assert exception["message"] == "the shell ended with exit status 1"


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_refuses_what_is_not_in_scope(
    launch: Launch, command: Callable[..., list[str]], client: str
) -> None:
    line = command(
        client,
        python="from orrery_pipes import *\nopen_pipes().report_asset_materialization(asset_key='other')\n",
        javascript="import { openPipes } from %s;\nopenPipes().reportAssetMaterialization({ assetKey: 'other' });\n",
        shell="set -e\n. %s\npipes_open\npipes_report_asset_materialization --asset-key other\n",
    )
    finished = launch(line)
    assert (finished.returncode, finished.methods) == (1, ["opened", "closed"])
    assert "other" in finished.stderr


@pytest.mark.parametrize("client", CLIENTS[1:])
def test_every_client_takes_the_context_from_a_file(
    launch: Launch, command: Callable[..., list[str]], client: str, tmp_path: Path
) -> None:
    from orrery_pipes import encode_param

    (tmp_path / "context").write_text(json.dumps({"asset_keys": ["a", "b"], "extras": {"x": "é" * 5000}}))
    line = command(
        client,
        javascript="import { openPipes } from %s;\nconst c = openPipes();\n"
        "c.reportCustomMessage([c.assetKeys.join(' '), c.getExtra('x').length]);\n",
        shell=". %s\npipes_open\nset -- $(pipes_asset_keys)\n"
        'long=$(pipes_get extras x | wc -m)\npipes_report_custom_message "[\\"$*\\", $((long))]"\n',
    )
    finished = launch(
        line,
        environment={
            "DAGSTER_PIPES_CONTEXT": encode_param({"path": str(tmp_path / "context")}),
            "DAGSTER_PIPES_MESSAGES": encode_param({"path": str(tmp_path / "messages-1")}),
            "LC_ALL": "C.UTF-8",
        },
    )
    assert finished.custom() == ["a b", 5000], finished.stderr


# --- the socket of our orchestrator


@contextmanager
def taking(path: Path, answers: int) -> Iterator[list[dict[str, Any]]]:
    """Listen at *path*; give the messages of the first connection, which is closed after so many acknowledgements."""
    taken: list[dict[str, Any]] = []

    def take() -> None:
        peer, _ = server.accept()
        with peer, peer.makefile("rb") as lines:
            while len(taken) < answers and (line := lines.readline()):
                taken.append(json.loads(line))
                peer.sendall(len(taken).to_bytes(8, "big"))

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=take)
        thread.start()
        yield taken
        thread.join(60)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_sends_to_the_socket_and_nothing_to_the_file(
    launch: Launch, command: Callable[..., list[str]], expected: Any, client: str, tmp_path: Path
) -> None:
    path = tmp_path / "messages-2"
    with taking(tmp_path / "socket", 1000) as taken:
        target = {"path": str(path), "orrery": {"numbers": True, "socket": {"path": str(tmp_path / "socket")}}}
        finished = launch(everything(client, command), messages=target)
        assert (finished.returncode, finished.stderr) == (0, "")
    assert taken == [{**message, "number": number} for number, message in enumerate(expected, 1)]
    assert list(finished.messages) == []


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_turns_to_the_file_when_the_socket_breaks(
    launch: Launch, command: Callable[..., list[str]], client: str, tmp_path: Path
) -> None:
    """What was acknowledged is not sent again; what was not is, and says so."""
    with taking(tmp_path / "socket", 4) as taken:
        at = {"path": str(tmp_path / "socket")}
        target = {"path": str(tmp_path / "messages-1"), "orrery": {"numbers": True, "socket": at}}
        finished = launch(everything(client, command), messages=target)
        assert (finished.returncode, finished.stderr) == (0, "")
    assert [message["number"] for message in taken] == [1, 2, 3, 4]
    again = [message["number"] for message in finished.messages if message.get("again") is True]
    numbers = [message["number"] for message in finished.messages]
    # Acknowledgements that were on their way when the connection broke may be lost with it.
    assert numbers == list(range(numbers[0], 12))
    assert numbers[0] <= 5
    assert again == numbers[: len(again)]
    assert again
    assert all(message["method"] != "opened" or message.get("again") for message in finished.messages)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("there", [False, True], ids=["no file", "nobody listens"])
def test_every_client_takes_the_file_where_the_socket_cannot_be_reached(
    launch: Launch, command: Callable[..., list[str]], client: str, there: bool, tmp_path: Path
) -> None:
    if there:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "socket"))
    at = {"path": str(tmp_path / "socket")}
    target = {"path": str(tmp_path / "messages-1"), "orrery": {"numbers": True, "socket": at}}
    finished = launch(everything(client, command), messages=target)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert [message["number"] for message in finished.messages] == list(range(1, 12))


# --- Node


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("reportAssetCheck({ checkName: 'c', passed: 1 })", "A check needs a name"),
        ("reportAssetCheck('c', true)", "takes one object, with `checkName`, `passed`"),
        ("reportAssetMaterialization('raw/orders')", "it was given raw/orders"),
        ("reportAssetMaterialization({ metaData: { rows: 1 } })", "it was given `metaData`"),
        ("reportAssetMaterialization({ dataVersion: 7 })", "Invalid `dataVersion`: expected a string, got 7"),
        ("reportAssetMaterialization({ assetKey: ['raw', 'orders'] })", "Invalid `assetKey`: expected a string"),
        ("reportCustomMessage()", "needs a payload"),
        ("reportCustomMessage([new Set([1])])", "Set(1) { 1 } (at '0') has no JSON form"),
        ("reportCustomMessage({ rows: Promise.resolve(1) })", "(at 'rows') has no JSON form"),
        ("reportCustomMessage((() => { const a = {}; a.a = a; return a; })())", "circular structure"),
        ("reportAssetCheck({ checkName: 'c', passed: true, severity: 'INFO' })", "Invalid severity"),
        ("reportAssetMaterialization({ metadata: { x: { a: 1 } } })", "Invalid metadata value 'x'"),
        ("reportCustomMessage({ x: 1n })", "has no JSON form"),
        ("reportCustomMessage(NaN)", "has no JSON form"),
        ("getExtra('nope')", "Extra `nope` is undefined. Extras must be provided by the user; there are: "),
        ("partitionKey", "does not target any partitions"),
    ],
)
def test_node_client_refuses(launch: Launch, command: Callable[..., list[str]], call: str, text: str) -> None:
    finished = launch(command("node", javascript=f"import {{ openPipes }} from %s;\nopenPipes().{call};\n"))
    assert finished.returncode == 1
    assert text in finished.params_of("closed")[0]["exception"]["message"]


def test_node_client_logs_as_its_console_does(launch: Launch, command: Callable[..., list[str]]) -> None:
    program = (
        "import { openPipes } from %s;\nopenPipes().log.info('rows:', { a: [1] });\nopenPipes().log.info('100%% %d');\n"
    )
    finished = launch(command("node", javascript=program))
    assert [told["message"] for told in finished.params_of("log")] == ["rows: { a: [ 1 ] }", "100%% %d"]


def test_node_client_takes_params_from_the_command_line(
    launch: Launch, command: Callable[..., list[str]], tmp_path: Path
) -> None:
    from orrery_pipes import encode_param

    line = command(
        "node",
        javascript="import { withPipes, paramsFromArguments } from %s;\n"
        "await withPipes(async (c) => c.reportCustomMessage(c.runId), { params: paramsFromArguments() });\n",
    )
    context, messages = encode_param({"data": {"run_id": "r"}}), encode_param({"path": str(tmp_path / "messages-1")})
    line += ["--dagster-pipes-context", context, f"--dagster-pipes-messages={messages}"]
    assert launch(line, environment={}).custom() == "r"


def test_node_client_sends_its_output_along(launch: Launch, command: Callable[..., list[str]], tmp_path: Path) -> None:
    line = command("node", javascript="import { openPipes } from %s;\nopenPipes();\nconsole.log('out é');\n")
    target = {"path": str(tmp_path / "messages-1"), "include_stdio_in_messages": True}
    finished = launch(line, messages=target)
    assert finished.stdout == "out é\n"
    assert finished.params_of("log_external_stream") == [{"stream": "stdout", "text": "out é\n", "extras": {}}]


def test_built_javascript_is_that_of_the_source(tmp_path: Path) -> None:
    """After a change of the source run `npm run build`; an example runs what lies there without a compiler."""
    folder, modules = PACKAGES / "orrery-pipes-js", PACKAGES.parent / ".node" / "node_modules"
    compiler = modules / ".bin" / "tsc"
    if not compiler.exists() or shutil.which("node") is None:
        pytest.skip("the client for Node is not compiled: `make node` makes its compiler where npm is")
    done = subprocess.run(
        [str(compiler), "-p", str(folder), "--outDir", str(tmp_path), "--typeRoots", str(modules / "@types")],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    subprocess.run(["node", str(folder / "bundle.mjs"), str(tmp_path)], check=True)
    made, lies = ({path.name: path.read_text() for path in each.iterdir()} for each in (tmp_path, folder / "lib"))
    assert sorted(made) == ["index.d.ts", "index.js"]
    assert made == lies


# --- shell


WRONG_IN_SHELL = [
    ("pipes_log info x", "unknown level 'info'"),
    ("pipes_report_asset_materialization rows=3", "unknown option 'rows=3'; there are --metadata, --data-version"),
    ("pipes_report_asset_materialization --metadata", "the option --metadata lacks its value"),
    ("pipes_report_asset_materialization --metadata rows", "metadata is NAME=VALUE or NAME:TYPE=VALUE"),
    (
        "pipes_report_asset_materialization --metadata rows:int=3.5",
        "'rows' of the type int is a whole number, not '3.5'",
    ),
    (
        "pipes_report_asset_materialization --metadata rows:int=1-2",
        "'rows' of the type int is a whole number, not '1-2'",
    ),
    ("pipes_report_asset_materialization --metadata ok:bool=yes", "'ok' of the type bool is true or false, not 'yes'"),
    ("pipes_report_asset_materialization --asset-key other", "asset 'other' is not in scope"),
    ("pipes_report_asset_check not_empty", "a check needs its name and its result"),
    ("pipes_report_asset_check not_empty yes", "the result of a check is true or false, not 'yes'"),
    ("pipes_report_asset_check not_empty true --severity LOW", "the severity is WARN or ERROR, not 'LOW'"),
    ("pipes_report_custom_message hello", "this is no JSON: hello"),
]


@pytest.mark.parametrize("shell", shells())
def test_shell_client_refuses_wrong_use_and_lives_on(
    launch: Launch, command: Callable[..., list[str]], shell: str
) -> None:
    """What the orchestrator would refuse is told where it was said; nothing of it is sent."""
    calls = "".join(f"{call} && echo TOOK\n" for call, _ in WRONG_IN_SHELL)
    program = f". %s\npipes_open\n{calls}pipes_report_asset_materialization --metadata rows:int=-3\npipes_close\n"
    finished = launch(command(shell, shell=program))
    assert (finished.returncode, finished.stdout) == (0, "")
    told = finished.stderr.splitlines()
    assert len(told) == len(WRONG_IN_SHELL)
    for line, (_, text) in zip(told, WRONG_IN_SHELL, strict=True):
        assert text in line
    assert finished.methods == ["opened", "report_asset_materialization", "closed"]


@pytest.mark.parametrize("shell", shells())
def test_shell_client_makes_ascii_of_any_bytes(launch: Launch, command: Callable[..., list[str]], shell: str) -> None:
    """Bytes that are no UTF-8 would make a strict reader lose the line."""
    program = ". %s\npipes_open\npipes_log INFO \"$(printf 'a\\377b\\303\\001\\355\\240\\200')\"\n"
    finished = launch(command(shell, shell=program))
    assert finished.params_of("log")[0]["message"] == "a\ufffdb\ufffd\x01\ufffd\ufffd\ufffd"


def test_shell_client_refuses_what_is_no_json(launch: Launch, command: Callable[..., list[str]]) -> None:
    program = (
        ". %s\npipes_open\nfor text in '{\"a\": nul}' '[1,]' '{\"a\" 1}' '\"x' '01' '' '1 2' '[1'; do\n"
        '    pipes_report_custom_message "$text" && echo "took $text"\ndone\npipes_close\n'
    )
    finished = launch(command("sh", shell=program))
    assert (finished.stdout, finished.methods) == ("", ["opened", "closed"])
    assert finished.stderr.count("this is no JSON") == 8
