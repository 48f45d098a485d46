"""
A process that uses the genuine ``dagster-pipes``, in its own environment and unchanged, runs under our orchestrator.

The environment is that of ``ORRERY_ORACLE_PYTHON`` or ``.oracle``.

==========================  =======================================================================================
what a stranger may use     test
==========================  =======================================================================================
context                     test_context, test_provenance_of_the_last_materialization, test_several_assets_and_checks
logs                        test_logs
metadata of every type      test_metadata_of_every_type
checks                      test_several_assets_and_checks
custom messages             test_custom_messages
extras                      test_context, test_extra_that_is_not_there
partitions                  test_partition, test_range_of_partitions, test_partition_without_a_time_window
exceptions                  test_exception_arrives_with_its_cause, test_system_exit_arrives
CLI parameters              test_params_by_command_line
environment parameters      test_other_channels[environment], and all others
file channel                all others; test_output_arrives_as_messages
stdio channel               test_other_channels[stdio], [stderr], [buffered_stdio]
S3 writer against moto      test_context_and_messages_go_by_s3
==========================  =======================================================================================
"""

import os
import subprocess
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import orrery
from orrery.adapters.pipes.injectors import PipesEnvContextInjector, PipesTempFileContextInjector
from orrery.adapters.pipes.readers import PipesMessageReader, PipesTempFileMessageReader
from orrery.adapters.pipes.session import open_pipes_session
from orrery.adapters.pipes.subprocess_client import PipesSubprocessClient

ROOT = Path(__file__).resolve().parents[2]
ORACLE = Path(os.environ.get("ORRERY_ORACLE_PYTHON") or ROOT / ".oracle" / "bin" / "python")

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        not ORACLE.exists(), reason="no genuine dagster-pipes: set ORRERY_ORACLE_PYTHON, or run `make oracle`"
    ),
]

OPEN = "from dagster_pipes import *\nwith open_dagster_pipes() as context:\n"
METADATA = {
    "text": {"type": "text", "raw_value": "x"},
    "url": {"type": "url", "raw_value": "https://example.org"},
    "path": {"type": "path", "raw_value": "/tmp/x"},
    "notebook": {"type": "notebook", "raw_value": "/tmp/x.ipynb"},
    "json": {"type": "json", "raw_value": {"a": [1]}},
    "md": {"type": "md", "raw_value": "**x**"},
    "float": {"type": "float", "raw_value": 1.5},
    "int": {"type": "int", "raw_value": 3},
    "bool": {"type": "bool", "raw_value": True},
    "dagster_run": {"type": "dagster_run", "raw_value": "run-1"},
    "asset": {"type": "asset", "raw_value": "raw/orders"},
    "null": {"type": "null", "raw_value": None},
    "table": {"type": "table", "raw_value": {"records": [{"a": 1}], "schema": [{"name": "a", "type": "int"}]}},
    "table_schema": {"type": "table_schema", "raw_value": {"columns": [{"name": "a", "type": "int"}]}},
    "table_column_lineage": {
        "type": "table_column_lineage",
        "raw_value": {"deps_by_column": {"a": [{"asset_key": "raw/orders", "column_name": "b"}]}},
    },
    "timestamp": {"type": "timestamp", "raw_value": 1700000000.5},
    "inferred text": "x",
    "inferred int": 3,
    "inferred float": 1.5,
    "inferred bool": True,
    "inferred list": [1, 2],
    "inferred null": None,
}


class StdioReader(PipesMessageReader):
    """Reads messages from the output of the process, line by line."""

    def __init__(self, params: dict[str, str]) -> None:
        self.params = params

    @contextmanager
    def read_messages(self, handler: Any) -> Any:
        self.handler = handler
        yield self.params

    def no_messages_debug_text(self) -> str:
        return "Messages were looked for on a standard stream."


@dataclass
class Ran:
    """What became of a step."""

    result: Any
    custom: list[Any]
    lines: list[tuple[int, str]]

    @property
    def error(self) -> str:
        (failure,) = [event for event in self.result.all_events if event.is_step_failure]
        return str(failure.step_failure_data.error)

    @property
    def made(self) -> dict[str, Any]:
        events = self.result.get_asset_materialization_events()
        return {event.asset_key.to_user_string(): event.materialization for event in events}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Return a function that runs code in the genuine environment as the process of a step."""

    def launch(
        code: str,
        *,
        channel: str = "file",
        output: bool = False,
        keys: tuple[str, ...] = ("a",),
        extras: Any = None,
        partition_key: str | None = None,
        checks: tuple[str, ...] = (),
        tags: dict[str, str] | None = None,
        times: int = 1,
        **options: Any,
    ) -> Ran:
        script = tmp_path / "script.py"
        script.write_text(code)
        command, custom = [str(ORACLE), str(script)], []

        def body(context: Any) -> Any:
            if channel == "file":
                reader = PipesTempFileMessageReader(include_stdio_in_messages=True) if output else None
                client = PipesSubprocessClient(forward_stdio=False, message_reader=reader)
                invocation = client.run(context=context, command=command, extras=extras)
                custom.extend(invocation.get_custom_messages())
                return invocation.get_results()
            stdio = channel in ("stdio", "stderr", "buffered_stdio")
            place = {"stdio": "stderr"} if channel == "stderr" else {channel: "stdout"}
            reader = StdioReader(place) if stdio else PipesTempFileMessageReader()
            injector = PipesTempFileContextInjector() if channel == "cli" else PipesEnvContextInjector()
            with open_pipes_session(context, injector, reader, extras) as session:
                arguments = [part for pair in session.get_bootstrap_cli_arguments().items() for part in pair]
                by_environment = {} if channel == "cli" else dict(session.get_bootstrap_env_vars())
                done = subprocess.run(
                    [*command, *(arguments if channel == "cli" else [])],
                    env={**os.environ, **by_environment},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE if channel == "stderr" else None,
                    check=True,
                )
                for line in (done.stderr or done.stdout).splitlines() if stdio else ():
                    reader.handler.handle_line(line)
            custom.extend(session.get_custom_messages())
            return session.get_results()

        @orrery.multi_asset(
            specs=[orrery.AssetSpec(orrery.AssetKey(key.split("/")), **options.pop("spec", {})) for key in keys],
            check_specs=[orrery.AssetCheckSpec(name, asset=keys[0]) for name in checks],
            name="step",
            **options,
        )
        def step(context: orrery.AssetExecutionContext) -> Any:
            yield from body(context)

        instance = orrery.Instance.ephemeral()
        for _ in range(times):
            custom.clear()
            result = orrery.materialize(
                [step], instance=instance, raise_on_error=False, partition_key=partition_key, tags=tags
            )
        lines = [
            (entry.level, entry.user_message)
            for entry in instance.all_logs(result.run_id)
            if not entry.is_dagster_event
        ]
        return Ran(result, custom, lines)

    return launch


def test_context(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN
        + "    names = 'asset_key asset_keys is_asset_step code_version provenance is_partition_step retry_number extras'\n"
        "    context.report_custom_message({name: getattr(context, name) for name in names.split()})\n",
        keys=("raw/orders",),
        extras={"limit": 3, "sign": "é😀"},
        spec={"code_version": "v1"},
    )
    assert ran.result.success
    assert ran.custom == [
        {
            "asset_key": "raw/orders",
            "asset_keys": ["raw/orders"],
            "is_asset_step": True,
            "code_version": "v1",
            "provenance": None,
            "is_partition_step": False,
            "retry_number": 0,
            "extras": {"limit": 3, "sign": "é😀"},
        }
    ]


def test_partition(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    context.report_custom_message([context.partition_key, context.partition_time_window])\n",
        partitions_def=orrery.DailyPartitionsDefinition("2024-01-01"),
        partition_key="2024-01-02",
    )
    window = {"start": "2024-01-02T00:00:00+00:00", "end": "2024-01-03T00:00:00+00:00"}
    assert ran.custom == [["2024-01-02", window]]


def test_partition_without_a_time_window(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    context.report_custom_message([context.partition_key, context.partition_time_window])\n",
        partitions_def=orrery.StaticPartitionsDefinition(["a", "b"]),
        partition_key="b",
    )
    assert ran.custom == [["b", None]]


def test_range_of_partitions(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    try:\n        context.partition_key\n    except DagsterPipesError as error:\n"
        "        context.report_custom_message(str(error))\n"
        "    context.report_custom_message([context.partition_key_range, context.partition_time_window])\n",
        partitions_def=orrery.DailyPartitionsDefinition("2024-01-01"),
        backfill_policy=orrery.BackfillPolicy.single_run(),
        tags={"orrery/asset_partition_range_start": "2024-01-02", "orrery/asset_partition_range_end": "2024-01-04"},
    )
    refused, told = ran.custom
    assert "`partition_key` is undefined" in refused
    assert told == [
        {"start": "2024-01-02", "end": "2024-01-04"},
        {"start": "2024-01-02T00:00:00+00:00", "end": "2024-01-05T00:00:00+00:00"},
    ]


def test_provenance_of_the_last_materialization(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    context.report_custom_message(context.provenance)\n"
        "    context.report_asset_materialization(data_version='7')\n",
        spec={"code_version": "v1"},
        times=2,
    )
    assert ran.custom == [{"code_version": "v1", "input_data_versions": {}, "is_user_provided": True}]


def test_custom_messages(run: Callable[..., Ran]) -> None:
    payloads = [{"a": [1, None, "é😀"]}, "text", 1.5, True, None, [], {}]
    code = OPEN + "    for each in context.get_extra('payloads'):\n        context.report_custom_message(each)\n"
    assert run(code, extras={"payloads": payloads}).custom == payloads


def test_extra_that_is_not_there(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    context.report_custom_message([context.extras, context.get_extra('limit')])\n"
        "    try:\n        context.get_extra('nope')\n    except DagsterPipesError as error:\n"
        "        context.report_custom_message(str(error))\n",
        extras={"limit": 3},
    )
    told, refused = ran.custom
    assert told == [{"limit": 3}, 3]
    assert "nope" in refused


def test_metadata_of_every_type(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    context.report_asset_materialization(context.get_extra('metadata'), data_version='v7')\n",
        extras={"metadata": METADATA},
    )
    made = ran.made["a"]
    assert {name: type(value).__name__ for name, value in made.metadata.items()} == {
        "text": "TextMetadataValue",
        "url": "UrlMetadataValue",
        "path": "PathMetadataValue",
        "notebook": "NotebookMetadataValue",
        "json": "JsonMetadataValue",
        "md": "MarkdownMetadataValue",
        "float": "FloatMetadataValue",
        "int": "IntMetadataValue",
        "bool": "BoolMetadataValue",
        "dagster_run": "RunMetadataValue",
        "asset": "AssetMetadataValue",
        "null": "NullMetadataValue",
        "table": "TableMetadataValue",
        "table_schema": "TableSchemaMetadataValue",
        "table_column_lineage": "TableColumnLineageMetadataValue",
        "timestamp": "TimestampMetadataValue",
        "inferred text": "TextMetadataValue",
        "inferred int": "IntMetadataValue",
        "inferred float": "FloatMetadataValue",
        "inferred bool": "BoolMetadataValue",
        "inferred list": "JsonMetadataValue",
        "inferred null": "NullMetadataValue",
    }
    assert "v7" in made.tags.values()
    plain = {name: made.metadata[name].value for name in ("text", "json", "md", "float", "int", "bool", "null")}
    assert plain == {name: METADATA[name]["raw_value"] for name in plain}
    assert made.metadata["timestamp"].value == 1700000000.5
    assert made.metadata["asset"].value == orrery.AssetKey(["raw", "orders"])
    assert [record.data for record in made.metadata["table"].records] == [{"a": 1}]
    assert [column.name for column in made.metadata["table_schema"].value.columns] == ["a"]
    assert made.metadata["inferred list"].value == [1, 2]


def test_several_assets_and_checks(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    for key in context.asset_keys:\n"
        "        context.report_asset_materialization({'key': key}, asset_key=key)\n"
        "    context.report_asset_check('good', False, severity='WARN', asset_key='a', metadata={'rows': 3})\n",
        keys=("a", "raw/orders"),
        checks=("good",),
    )
    assert {key: made.metadata["key"].value for key, made in ran.made.items()} == {
        "a": "a",
        "raw/orders": "raw/orders",
    }
    (check,) = ran.result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity.value) == ("good", False, "WARN")
    assert check.metadata["rows"].value == 3


def test_logs(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    context.log.debug('d')\n    context.log.info('i é')\n    context.log.warning('100%')\n"
        "    context.log.error('e')\n    context.log.critical('c')\n"
    )
    told = [line for line in ran.lines if not line[1].startswith("[pipes]")]
    assert told == [(10, "d"), (20, "i é"), (30, "100%"), (40, "e"), (50, "c")]


def test_exception_arrives_with_its_cause(run: Callable[..., Ran]) -> None:
    ran = run(
        OPEN + "    context.report_asset_materialization({'kept': 1})\n    try:\n        1 / 0\n"
        "    except ZeroDivisionError as error:\n        raise ValueError('no rows') from error\n"
    )
    assert "ValueError: no rows" in ran.error
    assert "ZeroDivisionError: division by zero" in ran.error
    assert ran.made["a"].metadata["kept"].value == 1


def test_system_exit_arrives(run: Callable[..., Ran]) -> None:
    assert "SystemExit: 3" in run(OPEN + "    raise SystemExit(3)\n").error


def test_params_by_command_line(run: Callable[..., Ran]) -> None:
    code = (
        "from dagster_pipes import *\nwith open_dagster_pipes(params_loader=PipesCliArgsParamsLoader()) as context:\n"
        "    context.report_custom_message(context.asset_key)\n"
    )
    assert run(code, channel="cli").custom == ["a"]


@pytest.mark.parametrize("channel", ["stdio", "stderr", "buffered_stdio", "environment"])
def test_other_channels(run: Callable[..., Ran], channel: str) -> None:
    ran = run(
        OPEN + "    context.log.info('x')\n    context.report_custom_message(context.asset_key)\n", channel=channel
    )
    assert (ran.result.success, ran.custom) == (True, ["a"])


def test_output_arrives_as_messages(run: Callable[..., Ran], capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(
        OPEN + "    import os\n    print('out é', flush=True)\n    os.system('echo child; echo error >&2')\n",
        output=True,
    )
    assert ran.result.success, ran.error
    told = capsys.readouterr()
    assert "out é\nchild\n" in told.out
    assert "error\n" in told.err


# --- S3


S3_PYTHON = Path(os.environ.get("ORRERY_S3_PYTHON") or ROOT / ".s3" / "bin" / "python")
SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(port=0, verbose=False)
server.start()
print(f"http://127.0.0.1:{server.get_host_and_port()[1]}", flush=True)
sys.stdin.read()
"""
ON_S3 = """
import boto3
from dagster_pipes import *
client = boto3.client("s3")
with open_dagster_pipes(
    context_loader=PipesS3ContextLoader(client), message_writer=PipesS3MessageWriter(client, interval=0.05)
) as context:
    for n in range(20):
        context.report_custom_message([context.asset_key, n])
    context.report_asset_materialization({"rows": 3})
"""


def test_context_and_messages_go_by_s3(tmp_path: Path) -> None:
    """With the official client on both sides, and a server that speaks the protocol between them."""
    if not S3_PYTHON.exists():
        pytest.skip("S3 is not tested: `make s3` makes the server that is asked")
    import boto3

    find = "import dagster_pipes, os; print(os.path.dirname(dagster_pipes.__file__))"
    package = subprocess.run([str(ORACLE), "-c", find], stdout=subprocess.PIPE, encoding="utf-8", check=True)
    # The genuine package alone, beside the client in the environment of the server.
    (tmp_path / "dagster_pipes").symlink_to(package.stdout.strip())
    script, kept = tmp_path / "script.py", []
    script.write_text(ON_S3)
    with subprocess.Popen(
        [str(S3_PYTHON), "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        endpoint = server.stdout.readline().strip()
        access = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        client.create_bucket(Bucket="bucket")

        @orrery.asset
        def a(context: orrery.AssetExecutionContext) -> Any:
            with open_pipes_session(
                context,
                orrery.PipesS3ContextInjector(bucket="bucket", client=client),
                orrery.PipesS3MessageReader(bucket="bucket", client=client, interval=0.05),
            ) as session:
                told = {**os.environ, **access, "AWS_ENDPOINT_URL": endpoint, "PYTHONPATH": str(tmp_path)}
                subprocess.run(
                    [str(S3_PYTHON), str(script)], env={**told, **session.get_bootstrap_env_vars()}, check=True
                )
            kept.extend(session.get_custom_messages())
            return session.get_results()[0]

        result = orrery.materialize([a], raise_on_error=False)
        server.stdin.close()
    assert result.success
    assert kept == [["a", n] for n in range(20)]
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["rows"].value == 3
