"""A process that misbehaves costs what it broke and no more: real processes, run inside a real step."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.living import is_alive

import orrery
from orrery.adapters.pipes.context_data import context_data_of
from orrery.adapters.pipes.handler import exception_headline
from orrery.adapters.pipes.injectors import PipesEnvContextInjector, PipesFileContextInjector
from orrery.adapters.pipes.readers import PipesFileMessageReader, PipesTempFileMessageReader
from orrery.adapters.pipes.session import open_pipes_session
from orrery.adapters.pipes.subprocess_client import PipesSubprocessClient

PACKAGE = Path(__file__).resolve().parents[4] / "packages" / "orrery-pipes" / "src"
OPEN = "from orrery_pipes import *\nwith open_pipes() as context:\n"
# A process that writes what it likes into the message file.
RAW = """
import base64, json, os, sys, zlib
path = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))["path"]
file = open(path, "ab", buffering=0)
def raw(data):
    file.write(data)
def send(method, number=None, **params):
    message = {"__dagster_pipes_version": "0.1", "method": method, "params": params}
    if number is not None:
        message["number"] = number
    raw(json.dumps(message).encode() + b"\\n")
send("opened", extras={})
"""


@dataclass
class Ran:
    """What became of a step."""

    result: Any
    invocation: Any
    lines: list[tuple[str, str]]

    @property
    def success(self) -> bool:
        return bool(self.result.success)

    @property
    def warnings(self) -> list[str]:
        return [text for level, text in self.lines if level == "WARNING"]

    @property
    def error(self) -> str:
        (failure,) = [event for event in self.result.all_events if event.is_step_failure]
        return str(failure.step_failure_data.error)

    @property
    def materializations(self) -> list[Any]:
        return [event.materialization for event in self.result.get_asset_materialization_events()]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Return a function that runs code as an external process of an asset's step."""

    def launch(code: str | list[str], *, extras: Any = None, client: Any = None, **asset_options: Any) -> Ran:
        kept: dict[str, Any] = {}
        command = code
        if isinstance(code, str):
            script = tmp_path / "script.py"
            script.write_text(code)
            command = [sys.executable, str(script)]

        @orrery.asset(name="a", **asset_options)
        def a(context: orrery.AssetExecutionContext) -> Any:
            used = client or PipesSubprocessClient(env={"PYTHONPATH": str(PACKAGE)}, forward_stdio=False)
            kept["invocation"] = used.run(context=context, command=command, extras=extras)
            return kept["invocation"].get_materialize_result()

        instance = orrery.Instance.ephemeral()
        result = orrery.materialize([a], instance=instance, raise_on_error=False)
        names = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
        lines = [
            (names[entry.level], entry.user_message)
            for entry in instance.all_logs(result.run_id)
            if not entry.is_dagster_event
        ]
        return Ran(result, kept.get("invocation"), lines)

    return launch


def test_what_a_process_reports_is_the_result_of_the_step(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    context.log.info('é')\n    context.report_custom_message(context.extras)\n"
        "    context.report_asset_materialization({'rows': 3}, data_version='7')\n"
        "    context.report_asset_check('good', False, severity='WARN')\n",
        extras={"limit": 3},
        check_specs=[orrery.AssetCheckSpec("good", asset="a")],
    )
    assert ran.success
    assert ("INFO", "é") in ran.lines
    assert ran.invocation.get_custom_messages() == ({"limit": 3},)
    (made,) = ran.materializations
    assert made.metadata["rows"].value == 3
    (check,) = ran.result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity.value) == ("good", False, "WARN")


def test_asset_that_was_not_reported_counts_as_materialized(run: Callable[..., Ran]) -> None:
    assert len(run(OPEN + "    pass\n").materializations) == 1


# --- bad input


BAD_LINES = {
    "not JSON": "raw(b'not JSON\\n')",
    "unknown method": "send('nope')",
    "wrong types": "send('log', message=3, level='INFO')",
    "unknown level": "send('log', message='x', level='LOUD')",
    "invalid UTF-8": "raw(b'\\xff\\xfe\\n')",
    "50 MB line": "raw(b'x' * 50_000_000 + b'\\n')",
    "another asset": "send('report_asset_materialization', asset_key='other', data_version=None, metadata=None)",
    "another check severity": "send('report_asset_check', asset_key='a', check_name='c', passed=True, metadata=None, "
    "severity='BAD')",
    "wrong metadata": "send('report_asset_materialization', asset_key='a', data_version=None, "
    "metadata={'x': {'raw_value': 'y', 'type': 'int'}})",
    "metadata of unknown type": "send('report_asset_materialization', asset_key='a', data_version=None, "
    "metadata={'x': {'raw_value': 'y', 'type': 'nope'}})",
    "torn message": 'raw(b\'{"__dagster_pipes_version": "0.1", "meth\\n\')',
}


@pytest.mark.parametrize("code", BAD_LINES.values(), ids=BAD_LINES)
def test_bad_message_costs_itself_alone(run: Callable[..., Ran], code: str) -> None:
    ran = run(
        f"{RAW}send('report_custom_message', payload='before')\n{code}\n"
        "send('report_custom_message', payload='after')\nsend('closed')\n"
    )
    assert ran.success
    assert ran.invocation.get_custom_messages() == ("before", "after")
    (warning,) = ran.warnings
    assert warning.startswith("[pipes] message number 3 cannot be used: ")


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        ("url", 3, "is no url: 'url' of UrlMetadataValue is text, not 3 (int). It begins"),
        ("asset", ["a"], 'is no asset, which is written as a key such as "raw/orders". It begins'),
        ("table_schema", {"a": "int"}, 'is no table_schema, which is written as {"columns": [{"name": "a"'),
        ("table_column_lineage", {"a": [{"asset_key": ["b"], "column_name": "c"}]}, 'written as {"deps_by_column'),
    ],
)
def test_metadata_that_is_not_of_its_type_is_told_in_one_line_with_its_form(
    run: Callable[..., Ran], kind: str, raw: Any, told: str
) -> None:
    metadata = {"x": {"type": kind, "raw_value": raw}}
    ran = run(
        f"{RAW}send('report_asset_materialization', asset_key='a', data_version=None, metadata={metadata!r})\n"
        "send('closed')\n"
    )
    (warning,) = ran.warnings
    assert "the metadata 'x'" in warning
    assert told in warning
    assert "\n" not in warning


def test_second_report_of_an_asset_is_told_and_the_first_counts(run: Callable[..., Ran]) -> None:
    """Our own clients refuse it at the call; others can do it."""
    report = "send('report_asset_materialization', asset_key='a', data_version={!r}, metadata=None)\n"
    ran = run(f"{RAW}{report.format('1')}{report.format('2')}send('closed')\n")
    assert ran.success
    (warning,) = ran.warnings
    assert "message number 3 cannot be used: asset 'a' was reported before, and the first report counts" in warning
    (made,) = ran.materializations
    assert made.tags["orrery/data_version"] == "1"


def test_exception_that_is_no_object_fails_the_step(run: Callable[..., Ran]) -> None:
    """However a process tells it: it has not ended well."""
    ran = run(f"{RAW}send('closed', exception='boom')\n")
    assert not ran.success
    assert "ended with exit code 0.\nThe external process ended with an exception:\nboom" in ran.error
    (warning,) = ran.warnings
    assert "message number 2: its exception is no object" in warning


def test_warning_shows_the_first_200_characters(run: Callable[..., Ran]) -> None:
    (warning,) = run(f"{RAW}raw(b'y' * 900 + b'\\n')\nsend('closed')\n").warnings
    assert warning.endswith("It begins with: " + "y" * 200)


def test_very_many_bad_messages_are_counted(run: Callable[..., Ran]) -> None:
    warnings = run(f"{RAW}raw(b'bad\\n' * 5000)\nsend('closed')\n").warnings
    assert len(warnings) == 101
    assert warnings[-1] == "[pipes] 5000 messages in all could not be used."


def test_last_message_without_a_line_end_counts(run: Callable[..., Ran]) -> None:
    ran = run(RAW + "raw(json.dumps({'__dagster_pipes_version': '0.1', 'method': 'closed', 'params': {}}).encode())\n")
    assert (ran.success, ran.warnings) == (True, [])


def test_message_after_close_counts_and_is_told(run: Callable[..., Ran]) -> None:
    ran = run(f"{RAW}send('closed')\nsend('report_custom_message', payload=1)\n")
    assert ran.invocation.get_custom_messages() == (1,)
    (warning,) = ran.warnings
    assert "came after the process had closed" in warning


def test_lost_message_fails_the_step(run: Callable[..., Ran]) -> None:
    ran = run(
        f"{RAW}send('log', 2, message='x', level='INFO')\nsend('log', 5, message='y', level='INFO')\n"
        "send('closed', 6)\n"
    )
    assert not ran.success
    assert "messages of the external process are missing" in ran.error
    assert "[pipes] 2 messages are missing before message number 5." in ran.warnings


def test_provenance_of_many_assets_is_one_question_to_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of a hundred assets would ask a hundred times before its process starts."""
    asked: list[int] = []
    told: list[Any] = []

    @orrery.multi_asset(specs=[orrery.AssetSpec(f"a{n}", code_version="v1") for n in range(100)])
    def many(context: orrery.AssetExecutionContext) -> Any:
        log = context.instance.event_log
        ask = log.get_asset_states
        with monkeypatch.context() as spy:
            spy.setattr(log, "get_asset_states", lambda keys=None: asked.append(len(keys)) or ask(keys), raising=True)
            told.append(context_data_of(context)["provenance_by_asset_key"])
        for key in sorted(context.selected_asset_keys):
            yield orrery.MaterializeResult(asset_key=key, data_version=orrery.DataVersion("7"))

    instance = orrery.Instance.ephemeral()
    for _ in range(2):
        assert orrery.materialize([many], instance=instance).success
    assert asked == [100, 100]
    first, second = told
    assert set(first.values()) == {None}
    made = {"code_version": "v1", "input_data_versions": {}, "is_user_provided": True}
    assert second == {f"a{n}": made for n in range(100)}


def test_reader_of_a_file_keeps_what_the_launcher_told(tmp_path: Path) -> None:
    """By the name that the reference gives the argument."""
    reader = orrery.PipesFileMessageReader(str(tmp_path / "messages"))
    reader.on_launched(params={"extras": {"job": "7"}})
    assert reader.launched_payload == {"extras": {"job": "7"}}


# --- how a process ends


def test_exception_arrives_with_its_cause(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    try:\n        1 / 0\n    except ZeroDivisionError as error:\n"
        "        raise ValueError('no rows') from error\n"
    )
    assert "script.py` raised ValueError: no rows, and ended with exit code 1.\n" in ran.error
    for part in ("ZeroDivisionError: division by zero", "The last lines of", "Try: mend the code of the process"):
        assert part in ran.error


@pytest.mark.parametrize("code", ["", "0", "None", "False"])
def test_exit_without_an_error_in_the_block_is_a_good_end(run: Callable[..., Ran], code: str) -> None:
    """As in the reference, though clients tell it as an exception."""
    ran = run(OPEN + f"    context.report_asset_materialization({{'rows': 3}})\n    raise SystemExit({code})\n")
    assert (ran.success, ran.warnings) == (True, [])
    assert ran.materializations[0].metadata["rows"].value == 3


def test_headline_of_an_exception_is_the_line_with_its_name() -> None:
    wrong = "  File \"a.py\", line 1\n    (\n    ^\nSyntaxError: '(' was never closed\n"
    assert exception_headline({"message": wrong, "name": "SyntaxError"}) == "SyntaxError: '(' was never closed"
    assert exception_headline({"message": "app.NoRows: first\nsecond\n", "name": "NoRows"}) == "app.NoRows: first"
    assert exception_headline({"message": "boom", "name": "Error"}) == "Error: boom"
    assert exception_headline({"message": "", "name": "Error"}) == "Error:"
    assert exception_headline({"message": "the shell ended with exit status 3", "name": None}) is None


@pytest.mark.parametrize(
    ("end", "how", "mend"),
    [
        ("raise SystemExit(3)", "ended with exit code 3", "look at its error output"),
        ("os.kill(os.getpid(), 9)", "was killed by SIGKILL", "took more memory than there is"),
        ("os.kill(os.getpid(), 15)", "was killed by SIGTERM", "look who ended it"),
        ("os.kill(os.getpid(), 11)", "was killed by SIGSEGV", "crashed in machine code"),
        ("os.kill(os.getpid(), 40)", "was killed by signal 40", "look who ended it"),
    ],
)
def test_process_that_was_ended_is_not_asked_to_close_pipes(
    run: Callable[..., Ran], end: str, how: str, mend: str
) -> None:
    """What to try is about what ended it; that Pipes was not closed follows from that, and is told."""
    error = run(f"{RAW}{end}\n").error
    assert how in error
    assert "without having closed Pipes" in error
    assert mend in error.split("Try: ")[1]


def test_exit_code_after_success_was_reported_fails_the_step_and_keeps_the_report(run: Callable[..., Ran]) -> None:
    ran = run(OPEN + "    context.report_asset_materialization({'rows': 3})\nraise SystemExit(3)\n")
    assert not ran.success
    assert "ended with exit code 3" in ran.error
    (made,) = ran.materializations
    assert made.metadata["rows"].value == 3


def test_kill_keeps_all_that_came_before(run: Callable[..., Ran]) -> None:
    ran = run(
        RAW + "send('report_asset_materialization', asset_key='a', data_version='7', metadata=None)\n"
        "raw(b'{\"__dagster_pipes_ver')\nos.kill(os.getpid(), 9)\n"
    )
    assert "was killed by SIGKILL" in ran.error
    assert len(ran.materializations) == 1
    (warning,) = ran.warnings
    assert warning.startswith("[pipes] message number 3 cannot be used")


def test_command_that_does_not_exist_is_named(run: Callable[..., Ran]) -> None:
    ran = run(["no-such-command-anywhere", "--flag"])
    assert "Cannot start the external process `no-such-command-anywhere --flag`" in ran.error


def test_what_keeps_a_command_from_starting_is_told_with_the_mend(run: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("")
    missing = str(tmp_path / "no folder")
    assert "Permission denied" in (error := run([str(tmp_path / "plain.py")]).error)
    assert 'Try: name the program that runs it first, as in command=["python", "script.py"]' in error
    assert "Try: make that folder" in run([sys.executable], client=PipesSubprocessClient(cwd=missing)).error
    by_environment = PipesSubprocessClient(context_injector=PipesEnvContextInjector())
    long = run([sys.executable], client=by_environment, extras={"data": os.urandom(300_000).hex()})
    assert "Try: hand less over by arguments and variables" in long.error


def test_process_that_cannot_import_is_told_with_its_error_output(run: Callable[..., Ran]) -> None:
    ran = run("import no_such_module\n")
    assert "ended with exit code 1" in ran.error
    assert "No module named 'no_such_module'" in ran.error
    assert "never opened Pipes" in ran.error


def test_process_that_never_opens_is_an_error_unless_allowed(run: Callable[..., Ran]) -> None:
    ran = run("pass\n")
    assert "The external process never opened Pipes." in ran.error
    assert run("pass\n", client=PipesSubprocessClient(allow_unopened=True)).success


def test_process_that_never_closes_is_an_error_unless_allowed(run: Callable[..., Ran]) -> None:
    assert "without having closed Pipes" in run(RAW).error
    assert run(RAW, client=PipesSubprocessClient(allow_unclosed=True)).success


# --- what goes over


def test_partition_is_told(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text(
        OPEN + "    context.report_custom_message([context.partition_key, context.partition_key_range, "
        "context.partition_time_window])\n"
    )
    kept = []

    @orrery.asset(partitions_def=orrery.DailyPartitionsDefinition("2024-01-01"))
    def a(context: orrery.AssetExecutionContext) -> Any:
        client = PipesSubprocessClient(env={"PYTHONPATH": str(PACKAGE)})
        invocation = client.run(context=context, command=[sys.executable, str(script)])
        kept.extend(invocation.get_custom_messages())
        return invocation.get_materialize_result()

    assert orrery.materialize([a], partition_key="2024-01-02").success
    assert kept == [
        [
            "2024-01-02",
            {"start": "2024-01-02", "end": "2024-01-02"},
            {"start": "2024-01-02T00:00:00+00:00", "end": "2024-01-03T00:00:00+00:00"},
        ]
    ]


def test_client_is_a_resource_by_its_annotation(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text(OPEN + "    pass\n")

    @orrery.asset
    def a(context: orrery.AssetExecutionContext, pipes: PipesSubprocessClient) -> Any:
        return pipes.run(context=context, command=[sys.executable, str(script)]).get_materialize_result()

    client = PipesSubprocessClient(env={"PYTHONPATH": str(PACKAGE)}, context_injector=PipesEnvContextInjector())
    assert orrery.materialize([a], resources={"pipes": client}).success


def test_session_around_a_launch_of_ones_own(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text(
        "from orrery_pipes import *\nwith open_pipes(params_loader=PipesCliArgsParamsLoader()) as context:\n"
        "    print('out')\n    context.report_asset_materialization({'rows': 3})\n"
    )
    paths = (tmp_path / "context", tmp_path / "messages")

    @orrery.asset
    def a(context: orrery.AssetExecutionContext) -> Any:
        injector = PipesFileContextInjector(str(paths[0]))
        reader = PipesFileMessageReader(str(paths[1]), include_stdio_in_messages=True)
        with open_pipes_session(context, injector, reader, extras={"x": 1}) as session:
            arguments = [part for pair in session.get_bootstrap_cli_arguments().items() for part in pair]
            subprocess.run(
                [sys.executable, str(script), *arguments],
                env={**os.environ, "PYTHONPATH": str(PACKAGE)},
                stdout=subprocess.DEVNULL,
                check=True,
            )
        yield from session.get_results()

    result = orrery.materialize([a])
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["rows"].value == 3
    assert [path.exists() for path in paths] == [False, False]


def test_messages_are_numbered_between_our_two_sides(run: Callable[..., Ran]) -> None:
    ran = run(OPEN + "    context.report_custom_message(type(context._channel).__name__)\n")
    assert ran.invocation.get_custom_messages() == ("NumberedChannel",)


def test_many_messages_arrive_in_order(run: Callable[..., Ran]) -> None:
    ran = run(OPEN + "    for n in range(20000):\n        context.report_custom_message(n)\n")
    assert ran.invocation.get_custom_messages() == tuple(range(20000))


def test_output_goes_along_as_messages(run: Callable[..., Ran], capsys: pytest.CaptureFixture[str]) -> None:
    client = PipesSubprocessClient(
        env={"PYTHONPATH": str(PACKAGE)},
        forward_stdio=False,
        message_reader=PipesTempFileMessageReader(include_stdio_in_messages=True),
    )
    assert run(OPEN + "    print('out é')\n", client=client).success
    assert "out é\n" in capsys.readouterr().out


def test_end_of_the_run_ends_the_process_and_its_children(tmp_path: Path) -> None:
    """SIGTERM to the run: the child and the child's child are gone within ten seconds; what was reported counts."""
    program = tmp_path / "run.py"
    script = tmp_path / "s.py"
    script.write_text(
        "import os, signal, subprocess, sys, time\nfrom orrery_pipes import *\n"
        "with open_pipes() as context:\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "    context.report_asset_materialization({'rows': 3})\n"
        f"    open({str(tmp_path / 'pids')!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"    os.replace({str(tmp_path / 'pids')!r} + '.new', {str(tmp_path / 'pids')!r})\n"
        "    time.sleep(60)\n"
    )
    program.write_text(
        textwrap.dedent(f"""
        import sys, orrery
        from orrery.adapters.pipes.subprocess_client import PipesSubprocessClient

        @orrery.asset
        def a(context: orrery.AssetExecutionContext):
            client = PipesSubprocessClient(env={{"PYTHONPATH": {str(PACKAGE)!r}}})
            return client.run(context=context, command=[sys.executable, {str(script)!r}]).get_materialize_result()

        instance = orrery.Instance.local_temp({str(tmp_path / "home")!r})
        orrery.materialize([a], instance=instance, raise_on_error=False)
        """)
    )
    with subprocess.Popen([sys.executable, str(program)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as ran:
        limit = time.monotonic() + 20
        while not (tmp_path / "pids").exists():
            assert time.monotonic() < limit
            assert ran.poll() is None
            time.sleep(0.02)  # for a process of the world outside
        pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        ran.send_signal(signal.SIGTERM)
        ran.wait(10)
    assert [pid for pid in pids if is_alive(pid)] == []
    entry = orrery.Instance.local_temp(str(tmp_path / "home")).get_latest_materialization_event("a")
    assert entry is not None
    assert entry.asset_materialization.metadata["rows"].value == 3
