"""
A process that uses ``orrery_pipes`` runs under the genuine Dagster, unchanged.

All scenarios run once, in one interpreter that has the genuine library (``ORRERY_ORACLE_PYTHON`` or ``.oracle``); each
test states one fact about what arrived there.

==========================  ==========================================================================================
what a stranger may use     test
==========================  ==========================================================================================
context                     test_context, test_provenance_of_the_last_materialization
logs                        test_logs
metadata of every type      test_metadata_of_every_type
checks                      test_checks
custom messages             test_custom_messages
extras                      test_context, test_extra_that_is_not_there
partitions                  test_partition, test_range_of_partitions, test_partition_without_a_time_window
exceptions                  test_exception_arrives_with_its_cause, test_system_exit_arrives
CLI parameters              test_params_by_command_line
environment parameters      test_context_by_environment, and all others
file channel                all others; test_output_arrives_as_messages
stdio channel               test_messages_arrive_over_other_channels[stdout], [stderr], [buffered stdout]
S3 writer against moto      test_messages_arrive_over_s3
Node and shell              test_clients_of_other_languages, test_failures_in_other_languages
==========================  ==========================================================================================
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PACKAGE = ROOT / "packages" / "orrery-pipes" / "src"
SHELL = ROOT / "packages" / "orrery-pipes" / "shell" / "orrery_pipes.sh"
JAVASCRIPT = ROOT / "packages" / "orrery-pipes-js" / "lib" / "index.js"
ORACLE = Path(os.environ.get("ORRERY_ORACLE_PYTHON") or ROOT / ".oracle" / "bin" / "python")
S3_PYTHON = Path(os.environ.get("ORRERY_S3_PYTHON") or ROOT / ".s3" / "bin" / "python")

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        not ORACLE.exists(), reason="not run under the genuine Dagster: set ORRERY_ORACLE_PYTHON, or run `make oracle`"
    ),
]

OPEN = "from orrery_pipes import *\nwith open_pipes() as context:\n"

METADATA: dict[str, Any] = {
    "text": {"type": "text", "raw_value": "x"},
    "url": {"type": "url", "raw_value": "https://example.org"},
    "path": {"type": "path", "raw_value": "/tmp/x"},
    "notebook": {"type": "notebook", "raw_value": "/tmp/x.ipynb"},
    "json": {"type": "json", "raw_value": {"a": [1]}},
    "md": {"type": "md", "raw_value": "**x**"},
    "float": {"type": "float", "raw_value": 1.5},
    "whole float": {"type": "float", "raw_value": 2},
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

PYTHON_PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "context": (
        "names = 'asset_key asset_keys is_asset_step code_version code_version_by_asset_key provenance "
        "provenance_by_asset_key is_partition_step job_name retry_number extras'\n"
        "context.report_custom_message({name: getattr(context, name) for name in names.split()})\n",
        {"keys": ["raw/orders"], "code_version": "v1", "extras": {"limit": 3, "sign": "é😀"}},
    ),
    "again": (
        "context.report_custom_message(context.provenance)\ncontext.report_asset_materialization(data_version='7')\n",
        {"code_version": "v1", "times": 2},
    ),
    "day": (
        "context.report_custom_message([context.is_partition_step, context.partition_key, "
        "context.partition_key_range, context.partition_time_window])\n",
        {"partitions": "daily", "partition": "2024-01-02"},
    ),
    "static": (
        "context.report_custom_message([context.partition_key, context.partition_time_window])\n",
        {"partitions": "static", "partition": "b"},
    ),
    "range": (
        "try:\n    context.partition_key_range\nexcept PipesError as error:\n"
        "    context.report_custom_message([context.is_partition_step, str(error)])\n",
        {"partitions": "daily", "range": ["2024-01-02", "2024-01-04"]},
    ),
    "extras": (
        "context.report_custom_message([context.extras, context.get_extra('limit')])\n"
        "try:\n    context.get_extra('nope')\nexcept PipesError as error:\n    context.report_custom_message(str(error))\n",
        {"extras": {"limit": 3}},
    ),
    "stderr": (
        "context.log.info('x')\ncontext.report_asset_materialization({'plain': 1})\n",
        {"channel": "stderr"},
    ),
    "metadata": (
        "context.report_asset_materialization(metadata=context.get_extra('metadata'), data_version='v7')\n",
        {"extras": {"metadata": METADATA}},
    ),
    "several": (
        "for key in context.asset_keys:\n    context.report_asset_materialization({'key': key}, asset_key=key)\n",
        {"keys": ["a", "raw/orders"]},
    ),
    "checks": (
        "context.report_asset_materialization()\n"
        "context.report_asset_check('good', True, metadata={'rows': 3})\n"
        "context.report_asset_check('bad', False, severity='WARN')\n",
        {"checks": [["good", "a"], ["bad", "a"]]},
    ),
    "custom": (
        "context.report_custom_message({'a': [1, None, 'é']})\ncontext.report_custom_message('second')\n",
        {},
    ),
    "logs": (
        "context.log.debug('d')\ncontext.log.info('i é')\ncontext.log.log(23, 'own level')\n"
        "context.log.warning('w')\ncontext.log.error('e')\ncontext.log.critical('c')\n",
        {},
    ),
    "exception": (
        "context.report_asset_materialization({'kept': 1})\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('no rows') from error\n",
        {},
    ),
    "exit": ("raise SystemExit(3)\n", {}),
    "killed": ("context.log.info('before')\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", {}),
    "environment": ("context.report_custom_message(context.asset_key)\n", {"channel": "environment"}),
    "stdout": (
        "print('mine')\ncontext.log.info('x')\ncontext.report_asset_materialization({'plain': 1})\n",
        {"channel": "stdout"},
    ),
    "buffered stdout": (
        "context.log.info('x')\ncontext.report_asset_materialization({'plain': 1})\n",
        {"channel": "buffered_stdout"},
    ),
    "output": (
        "import os\nprint('out é', flush=True)\nos.system('echo child; echo error >&2')\n",
        {"channel": "include_stdio"},
    ),
}
PROGRAMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "cli": (
        "python",
        "from orrery_pipes import *\nwith open_pipes(params_loader=PipesCliArgsParamsLoader()) as context:\n"
        "    context.report_custom_message(context.asset_key)\n",
        {"channel": "cli"},
    ),
    "no block": (
        "python",
        "from orrery_pipes import *\nopen_pipes().report_asset_materialization({'plain': 1})\n",
        {},
    ),
    "compatible names": (
        "python",
        "from dagster_pipes import open_dagster_pipes, DagsterPipesError\nwith open_dagster_pipes() as context:\n"
        "    try:\n        context.partition_key\n    except DagsterPipesError as error:\n"
        "        context.report_custom_message(str(error))\n",
        {},
    ),
    "folder": (
        "python",
        "from orrery_pipes import *\nwriter = PipesUnityCatalogVolumesMessageWriter(interval=0.05)\n"
        "with open_pipes(message_writer=writer) as context:\n"
        "    for n in range(200):\n        context.report_custom_message(n)\n"
        "    context.report_asset_materialization({'plain': 1})\n",
        {"channel": "folder"},
    ),
    "node": (
        "node",
        "import { withPipes } from %s;\nawait withPipes(async (context) => {\n"
        "  context.log.info(`é ${context.runId.length}`);\n  context.reportCustomMessage(context.extras);\n"
        "  context.reportAssetMaterialization({ dataVersion: '7', metadata: {\n"
        "    plain: 1, ratio: { raw_value: 2, type: 'float' }, url: { raw_value: 'https://example.org', type: 'url' } } });\n"
        "  context.reportAssetCheck({ checkName: 'good', passed: false, severity: 'WARN' });\n});\n",
        {"extras": {"limit": 3}, "checks": [["good", "a"]]},
    ),
    "node exception": (
        "node",
        "import { openPipes } from %s;\nopenPipes();\nthrow new RangeError('no rows', { cause: new Error('below') });\n",
        {},
    ),
    "shell": (
        "sh",
        'set -eu\n. %s\npipes_open\nid=$(pipes_get run_id)\npipes_log INFO "é ${#id}"\n'
        'pipes_report_custom_message "$(pipes_get extras)"\n'
        "pipes_report_asset_materialization --data-version 7 --metadata plain:int=1 \\\n"
        "    --metadata ratio:float=2 --metadata url:url=https://example.org\n"
        "pipes_report_asset_check good false --severity WARN\n",
        {"extras": {"limit": 3}, "checks": [["good", "a"]]},
    ),
    "shell exit": ("sh", "set -eu\n. %s\npipes_open\npipes_log INFO before\nexit 3\n", {}),
}


def scenarios(folder: Path) -> dict[str, Any]:
    """Write all programs to *folder*, and return what the driver is to do."""
    made: dict[str, Any] = {}
    named = {
        **{
            name: ("python", OPEN + "".join(f"    {line}\n" for line in code.splitlines()), options)
            for name, (code, options) in PYTHON_PROGRAMS.items()
        },
        **PROGRAMS,
    }
    for number, (name, (language, code, options)) in enumerate(named.items()):
        if language == "node" and shutil.which("node") is None:
            continue
        library = {"node": json.dumps(str(JAVASCRIPT)), "sh": f"'{SHELL}'"}.get(language, "")
        program = folder / f"{number}{'.mjs' if language == 'node' else ''}"
        program.write_text(code.replace("%s", library, 1) if library else code, encoding="utf-8")
        interpreter = sys.executable if language == "python" else language
        made[name] = {"command": [interpreter, str(program)], **options}
        if options.get("channel") == "folder":
            chunks = folder / "chunks"
            chunks.mkdir()
            made[name]["folder"] = str(chunks)
    return made


def orchestrate(work: dict[str, Any]) -> dict[str, Any]:
    """Run *work* under the genuine Dagster, and return the facts."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DAGSTER")}
    compatible = ROOT / "packages" / "orrery-dagster" / "src"
    # The processes need ours, the driver the genuine one: what it has installed goes first there.
    done = subprocess.run(
        [str(ORACLE), "-c", DRIVER, str(HERE / "genuine.py"), f"{PACKAGE}{os.pathsep}{compatible}"],
        input=json.dumps(work),
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


# Sets the path of the processes only once the genuine library is imported.
DRIVER = (
    "import dagster, os, runpy, sys\nos.environ['PYTHONPATH'] = sys.argv[2]\n"
    "runpy.run_path(sys.argv[1], run_name='__main__')\n"
)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return orchestrate(scenarios(tmp_path_factory.mktemp("programs")))


def test_nothing_that_ours_sends_troubles_the_genuine_reader(facts: dict[str, Any]) -> None:
    assert {name: told["problems"] for name, told in facts.items() if told["problems"]} == {}


def test_processes_that_end_well_are_successes(facts: dict[str, Any]) -> None:
    failing = {"exception", "exit", "killed", "node exception", "shell exit"}
    assert {name for name, told in facts.items() if not told["success"]} == failing & set(facts)


def test_every_context_is_opened_and_closed(facts: dict[str, Any]) -> None:
    complaints = {name: [text for _, text in told["logs"] if "did not receive" in text] for name, told in facts.items()}
    assert {name for name, texts in complaints.items() if texts} == {"killed"}


# --- context


def test_context(facts: dict[str, Any]) -> None:
    (told,) = facts["context"]["custom"]
    assert told == {
        "asset_key": "raw/orders",
        "asset_keys": ["raw/orders"],
        "is_asset_step": True,
        "code_version": "v1",
        "code_version_by_asset_key": {"raw/orders": "v1"},
        "provenance": None,
        "provenance_by_asset_key": {"raw/orders": None},
        "is_partition_step": False,
        "job_name": told["job_name"],
        "retry_number": 0,
        "extras": {"limit": 3, "sign": "é😀"},
    }


def test_provenance_of_the_last_materialization(facts: dict[str, Any]) -> None:
    assert facts["again"]["custom"] == [{"code_version": "v1", "input_data_versions": {}, "is_user_provided": True}]


def test_partition(facts: dict[str, Any]) -> None:
    assert facts["day"]["custom"] == [
        [
            True,
            "2024-01-02",
            {"start": "2024-01-02", "end": "2024-01-02"},
            {"start": "2024-01-02T00:00:00+00:00", "end": "2024-01-03T00:00:00+00:00"},
        ]
    ]
    assert facts["day"]["materializations"]["a"]["partition"] == "2024-01-02"


def test_partition_without_a_time_window(facts: dict[str, Any]) -> None:
    assert facts["static"]["custom"] == [["b", None]]


def test_range_of_partitions(facts: dict[str, Any]) -> None:
    """The genuine Dagster tells a process of no partitions in a run of several, which ours does."""
    ((is_partition_step, refused),) = facts["range"]["custom"]
    assert is_partition_step is False
    assert "Current step does not target any partitions" in refused


def test_extra_that_is_not_there(facts: dict[str, Any]) -> None:
    told, refused = facts["extras"]["custom"]
    assert told == [{"limit": 3}, 3]
    assert "Extra `nope` is undefined" in refused


def test_params_by_command_line(facts: dict[str, Any]) -> None:
    assert facts["cli"]["custom"] == ["a"]


def test_context_by_environment(facts: dict[str, Any]) -> None:
    assert facts["environment"]["custom"] == ["a"]


# --- reports


def test_metadata_of_every_type(facts: dict[str, Any]) -> None:
    told = facts["metadata"]["materializations"]["a"]
    assert told["data_version"] == "v7"
    classes = {name: kind for name, (kind, _) in told["metadata"].items() if not name.startswith("dagster/")}
    assert classes == {
        "text": "TextMetadataValue",
        "url": "UrlMetadataValue",
        "path": "PathMetadataValue",
        "notebook": "NotebookMetadataValue",
        "json": "JsonMetadataValue",
        "md": "MarkdownMetadataValue",
        "float": "FloatMetadataValue",
        "whole float": "FloatMetadataValue",
        "int": "IntMetadataValue",
        "bool": "BoolMetadataValue",
        "dagster_run": "DagsterRunMetadataValue",
        "asset": "DagsterAssetMetadataValue",
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
    values = {name: value for name, (_, value) in told["metadata"].items()}
    for name in ("text", "url", "path", "notebook", "json", "md", "float", "int", "bool", "dagster_run", "null"):
        assert values[name] == repr(METADATA[name]["raw_value"])
    assert values["whole float"] == "2.0"
    assert values["timestamp"] == "1700000000.5"
    assert values["asset"] == "AssetKey(['raw', 'orders'])"
    assert values["inferred list"] == "[1, 2]"


def test_materializations_of_several_assets(facts: dict[str, Any]) -> None:
    assert {key: told["metadata"]["key"][1] for key, told in facts["several"]["materializations"].items()} == {
        "a": "'a'",
        "raw/orders": "'raw/orders'",
    }


def test_checks(facts: dict[str, Any]) -> None:
    good, bad = facts["checks"]["checks"]
    assert good[:4] == ["a", "good", True, "ERROR"]
    assert good[4]["rows"] == ["IntMetadataValue", "3"]
    assert bad[:4] == ["a", "bad", False, "WARN"]


def test_custom_messages(facts: dict[str, Any]) -> None:
    assert facts["custom"]["custom"] == [{"a": [1, None, "é"]}, "second"]


def test_logs(facts: dict[str, Any]) -> None:
    told = [line for line in facts["logs"]["logs"] if not line[1].startswith("[pipes]")]
    assert told == [
        ["DEBUG", "d"],
        ["INFO", "i é"],
        ["INFO", "own level"],
        ["WARNING", "w"],
        ["ERROR", "e"],
        ["CRITICAL", "c"],
    ]


# --- how a process ends


def test_exception_arrives_with_its_cause(facts: dict[str, Any]) -> None:
    (text,) = facts["exception"]["exceptions"]
    for part in ("ValueError: no rows", "raise ValueError", "ZeroDivisionError: division by zero"):
        assert part in text


def test_system_exit_arrives(facts: dict[str, Any]) -> None:
    (text,) = facts["exit"]["exceptions"]
    assert "SystemExit: 3" in text


def test_what_was_logged_before_a_kill_arrives(facts: dict[str, Any]) -> None:
    assert ["INFO", "before"] in facts["killed"]["logs"]


def test_process_without_a_block_is_closed(facts: dict[str, Any]) -> None:
    assert facts["no block"]["materializations"]["a"]["metadata"]["plain"] == ["IntMetadataValue", 1]


def test_compatible_names(facts: dict[str, Any]) -> None:
    (text,) = facts["compatible names"]["custom"]
    assert "does not target any partitions" in text


# --- channels


@pytest.mark.parametrize("name", ["stdout", "stderr", "buffered stdout", "folder"])
def test_messages_arrive_over_other_channels(facts: dict[str, Any], name: str) -> None:
    assert facts[name]["materializations"]["a"]["metadata"]["plain"] == ["IntMetadataValue", 1]


def test_own_output_and_messages_share_a_stream(facts: dict[str, Any]) -> None:
    assert facts["stdout"]["stdout"] == "mine\n"


def test_chunks_arrive_in_order(facts: dict[str, Any]) -> None:
    assert facts["folder"]["custom"] == list(range(200))


def test_output_arrives_as_messages(facts: dict[str, Any]) -> None:
    assert "out é\nchild\n" in facts["output"]["stdout"]
    assert "error\n" in facts["output"]["stderr"]


# --- other languages


@pytest.mark.parametrize("client", ["node", "shell"])
def test_clients_of_other_languages(facts: dict[str, Any], client: str) -> None:
    if client not in facts:
        pytest.skip("the client for Node is not run: no node on this machine")
    told = facts[client]
    assert ["INFO", "é 36"] in told["logs"]
    assert told["custom"] == [{"limit": 3}]
    materialized = told["materializations"]["a"]
    assert materialized["data_version"] == "7"
    assert materialized["metadata"]["plain"] == ["IntMetadataValue", 1]
    assert materialized["metadata"]["ratio"] == ["FloatMetadataValue", "2.0"]
    assert materialized["metadata"]["url"] == ["UrlMetadataValue", "'https://example.org'"]
    assert [check[:4] for check in told["checks"]] == [["a", "good", False, "WARN"]]


@pytest.mark.parametrize(
    ("client", "texts"),
    [("node exception", ["RangeError: no rows", "Error: below"]), ("shell exit", ["ended with exit status 3"])],
)
def test_failures_in_other_languages(facts: dict[str, Any], client: str, texts: list[str]) -> None:
    if client not in facts:
        pytest.skip("the client for Node is not run: no node on this machine")
    (told,) = facts[client]["exceptions"]
    for text in texts:
        assert text in told


# --- S3


SERVER = """
import boto3, sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(port=0, verbose=False)
server.start()
endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
access = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
boto3.client("s3", **access).create_bucket(Bucket="bucket")
print(endpoint, flush=True)
sys.stdin.read()
"""
ON_S3 = """
import boto3, sys
from orrery_pipes import *
access = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
writer = PipesS3MessageWriter(boto3.client("s3", endpoint_url=sys.argv[1], **access), interval=0.05)
with open_pipes(message_writer=writer) as context:
    for n in range(20):
        context.report_custom_message(n)
    context.report_asset_materialization({"plain": 1})
"""


@pytest.fixture
def s3_endpoint() -> Iterator[str]:
    if not S3_PYTHON.exists():
        pytest.skip("S3 is not tested: `make s3` makes the server that is asked")
    with subprocess.Popen(
        [str(S3_PYTHON), "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        assert server.stdin is not None
        server.stdin.close()


def test_messages_arrive_over_s3(s3_endpoint: str) -> None:
    command = [str(S3_PYTHON), "-c", ON_S3, s3_endpoint]
    told = orchestrate({"s3": {"command": command, "channel": "s3", "endpoint": s3_endpoint}})["s3"]
    assert told["success"], told["errors"]
    assert told["custom"] == list(range(20))
    assert told["materializations"]["a"]["metadata"]["plain"] == ["IntMetadataValue", 1]
