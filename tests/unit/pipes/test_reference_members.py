"""
Every member that the reference names answers in a real process, under the name that it has there.

One test for each, named after it: a piece of a program that an orchestrator launches. The reference document lies beside
the repository; where it does, it is asked whether a member is missing here.
"""

import re
from pathlib import Path
from typing import Any

import pytest

import dagster_pipes

DOCUMENT = Path(__file__).resolve().parents[4] / "shared" / "reference" / "5-pipes-api.md"
PROVENANCE = {"code_version": "v0", "input_data_versions": {"source": "7"}, "is_user_provided": False}
DAY = {
    "partition_key": "2024-01-01",
    "partition_key_range": {"start": "2024-01-01", "end": "2024-01-01"},
    "partition_time_window": {"start": "2024-01-01T00:00:00+00:00", "end": "2024-01-02T00:00:00+00:00"},
}
WINDOW, RANGE = DAY["partition_time_window"], DAY["partition_key_range"]
MESSAGE = "message = {'__dagster_pipes_version': '0.1', 'method': 'closed', 'params': {}}\n"
CHUNKS = (
    "class Chunks(PipesBlobStoreMessageWriterChannel):\n    def upload_messages_chunk(self, payload, index):\n"
    "        kept.append([index, len(payload.read().splitlines())])\n"
)
CLI = "import sys\nsys.argv += ['--dagster-pipes-context', encode_env_var({'a': 1}), '--dagster-pipes-messages', encode_env_var({'b': 2})]\n"
MOUNT = "import orrery_pipes.clouds as clouds\nclouds.DBFS_MOUNT = folder\n"
LOAD = "import json\njson.dump(context._data, open(folder + '/c', 'w'))\n"
ENVIRONMENT = "loader = PipesEnvVarParamsLoader()\n"
S3 = (
    "class Client:\n    def put_object(self, Body, Bucket, Key):\n"
    "        kept.append([Bucket, Key, Body if isinstance(Body, str) else Body.decode()])\n"
)

MEMBERS: dict[str, tuple[str, Any]] = {
    "open_dagster_pipes": ("answer = open_dagster_pipes() is context", True),
    "PipesContext": ("answer = type(context) is PipesContext", True),
    "PipesContext.close": ("context.report_custom_message('last')\ncontext.close()\ncontext.close()", "last"),
    "PipesContext.get": ("answer = PipesContext.get() is context", True),
    "PipesContext.get_extra": ("answer = context.get_extra('limit')", 12),
    "PipesContext.is_initialized": ("answer = PipesContext.is_initialized()", True),
    "PipesContext.report_asset_check": ("context.report_asset_check('c', False, 'WARN')\nanswer = 1", 1),
    "PipesContext.report_asset_materialization": ("context.report_asset_materialization({'a': 1}, '7')\nanswer = 1", 1),
    "PipesContext.report_custom_message": ("answer = {'a': [1, None]}", {"a": [1, None]}),
    "PipesContext.set": ("PipesContext.set(context)\nanswer = PipesContext.get() is context", True),
    "PipesContext.asset_key": ("answer = context.asset_key", "raw/orders"),
    "PipesContext.asset_keys": ("answer = context.asset_keys", ["raw/orders"]),
    "PipesContext.code_version": ("answer = context.code_version", "v1"),
    "PipesContext.code_version_by_asset_key": ("answer = context.code_version_by_asset_key", {"raw/orders": "v1"}),
    "PipesContext.extras": ("answer = sorted(context.extras)", ["limit", "names", "sign"]),
    "PipesContext.is_asset_step": ("answer = context.is_asset_step", True),
    "PipesContext.is_closed": ("answer = context.is_closed", False),
    "PipesContext.is_partition_step": ("answer = context.is_partition_step", True),
    "PipesContext.job_name": ("answer = context.job_name", "nightly"),
    "PipesContext.log": ("import logging\nanswer = isinstance(context.log, logging.Logger)", True),
    "PipesContext.partition_key": ("answer = context.partition_key", "2024-01-01"),
    "PipesContext.partition_key_range": ("answer = context.partition_key_range", RANGE),
    "PipesContext.partition_time_window": ("answer = context.partition_time_window", WINDOW),
    "PipesContext.provenance": ("answer = context.provenance", PROVENANCE),
    "PipesContext.provenance_by_asset_key": ("answer = context.provenance_by_asset_key", {"raw/orders": PROVENANCE}),
    "PipesContext.retry_number": ("answer = context.retry_number", 2),
    "PipesContext.run_id": ("answer = context.run_id", "run-1"),
    "PipesContextLoader": ("try:\n    PipesContextLoader()\nexcept TypeError:\n    answer = 'abstract'", "abstract"),
    "PipesContextLoader.load_context": ("answer = sorted(PipesContextLoader.__abstractmethods__)", ["load_context"]),
    "PipesDefaultContextLoader": ("answer = issubclass(PipesDefaultContextLoader, PipesContextLoader)", True),
    "PipesDefaultContextLoader.load_context": (
        f"{LOAD}for params in ({{'path': folder + '/c'}}, {{'data': context._data}}):\n"
        "    with PipesDefaultContextLoader().load_context(params) as data:\n        kept.append(data['run_id'])\n"
        "answer = kept",
        ["run-1", "run-1"],
    ),
    "PipesDbfsContextLoader": ("answer = issubclass(PipesDbfsContextLoader, PipesContextLoader)", True),
    "PipesDbfsContextLoader.load_context": (
        f"{MOUNT}{LOAD}with PipesDbfsContextLoader().load_context({{'path': '/c'}}) as data:\n"
        "    answer = data['run_id']",
        "run-1",
    ),
    "PipesParamsLoader": ("try:\n    PipesParamsLoader()\nexcept TypeError:\n    answer = 'abstract'", "abstract"),
    "PipesParamsLoader.is_dagster_pipes_process": (f"{ENVIRONMENT}answer = loader.is_dagster_pipes_process()", True),
    "PipesParamsLoader.load_context_params": (f"{ENVIRONMENT}answer = list(loader.load_context_params())", ["data"]),
    "PipesParamsLoader.load_messages_params": (f"{ENVIRONMENT}answer = list(loader.load_messages_params())", ["path"]),
    "PipesEnvVarParamsLoader": ("answer = issubclass(PipesEnvVarParamsLoader, PipesParamsLoader)", True),
    "PipesCliArgsParamsLoader": ("answer = issubclass(PipesCliArgsParamsLoader, PipesParamsLoader)", True),
    "PipesCliArgsParamsLoader.is_dagster_pipes_process": (
        f"before = PipesCliArgsParamsLoader().is_dagster_pipes_process()\n{CLI}"
        "answer = [before, PipesCliArgsParamsLoader().is_dagster_pipes_process()]",
        [False, True],
    ),
    "PipesCliArgsParamsLoader.load_context_params": (
        f"{CLI}answer = PipesCliArgsParamsLoader().load_context_params()",
        {"a": 1},
    ),
    "PipesCliArgsParamsLoader.load_messages_params": (
        f"{CLI}answer = PipesCliArgsParamsLoader().load_messages_params()",
        {"b": 2},
    ),
    "PipesMessageWriter": ("try:\n    PipesMessageWriter()\nexcept TypeError:\n    answer = 'abstract'", "abstract"),
    "PipesMessageWriter.get_opened_extras": ("answer = PipesDefaultMessageWriter().get_opened_extras()", {}),
    "PipesMessageWriter.get_opened_payload": (
        "class Writer(PipesDefaultMessageWriter):\n    def get_opened_extras(self):\n        return {'pid': 1}\n"
        "answer = Writer().get_opened_payload()",
        {"extras": {"pid": 1}},
    ),
    "PipesMessageWriter.open": ("answer = sorted(PipesMessageWriter.__abstractmethods__)", ["open"]),
    "PipesDefaultMessageWriter": ("answer = issubclass(PipesDefaultMessageWriter, PipesMessageWriter)", True),
    "PipesDefaultMessageWriter.open": (
        f"{MESSAGE}with PipesDefaultMessageWriter().open({{'path': folder + '/m'}}) as channel:\n"
        "    channel.write_message(message)\nanswer = len(open(folder + '/m').readlines())",
        1,
    ),
    "PipesBlobStoreMessageWriter": ("answer = issubclass(PipesS3MessageWriter, PipesBlobStoreMessageWriter)", True),
    "PipesBlobStoreMessageWriter.open": (
        f"{CHUNKS}class Writer(PipesBlobStoreMessageWriter):\n    def make_channel(self, params):\n"
        f"        return Chunks(interval=60)\n{MESSAGE}with Writer(interval=60).open({{}}) as channel:\n"
        "    channel.write_message(message)\n    channel.write_message(message)\nanswer = kept",
        [[1, 2]],
    ),
    "PipesS3MessageWriter": (
        f"{S3}{MESSAGE}with PipesS3MessageWriter(Client(), interval=60).open({{'bucket': 'b', 'key_prefix': 'p'}}) as c:\n"
        "    c.write_message(message)\nanswer = [kept[0][:2], kept[0][2][:1]]",
        [["b", "p/1.json"], "{"],
    ),
    "PipesDbfsMessageWriter": (
        f"{MOUNT}{MESSAGE}with PipesDbfsMessageWriter(interval=60).open({{'path': '/'}}) as channel:\n"
        "    channel.write_message(message)\nimport os\nanswer = '1.json' in os.listdir(folder)",
        True,
    ),
    "PipesDbfsMessageWriter.get_opened_extras": (  # it asks the cluster, of which there is none here
        "try:\n    PipesDbfsMessageWriter().get_opened_extras()\nexcept DagsterPipesError as error:\n"
        "    answer = 'needs `pyspark`' in str(error)",
        True,
    ),
    "PipesMessageWriterChannel": (
        "try:\n    PipesMessageWriterChannel()\nexcept TypeError:\n    answer = 'abstract'",
        "abstract",
    ),
    "PipesMessageWriterChannel.write_message": (
        "answer = sorted(PipesMessageWriterChannel.__abstractmethods__)",
        ["write_message"],
    ),
    "PipesBlobStoreMessageWriterChannel": (
        "answer = sorted(PipesBlobStoreMessageWriterChannel.__abstractmethods__)",
        ["upload_messages_chunk"],
    ),
    "PipesBlobStoreMessageWriterChannel.write_message": (
        f"{CHUNKS}{MESSAGE}channel = Chunks(interval=60)\nchannel.write_message(message)\n"
        "answer = channel.flush_messages() == [message]",
        True,
    ),
    "PipesBufferedFilesystemMessageWriterChannel": (
        f"{MESSAGE}channel = PipesBufferedFilesystemMessageWriterChannel(folder, interval=60)\n"
        "with channel.buffered_upload_loop():\n    channel.write_message(message)\n"
        "answer = len(open(folder + '/1.json').readlines())",
        1,
    ),
    "PipesFileMessageWriterChannel": ("answer = isinstance(context._channel, PipesFileMessageWriterChannel)", True),
    "PipesFileMessageWriterChannel.write_message": (
        f"{MESSAGE}channel = PipesFileMessageWriterChannel(folder + '/m')\nchannel.write_message(message)\n"
        "import json\nanswer = json.loads(open(folder + '/m').read()) == message",
        True,
    ),
    "PipesStreamMessageWriterChannel": (
        "answer = issubclass(PipesStreamMessageWriterChannel, PipesMessageWriterChannel)",
        True,
    ),
    "PipesStreamMessageWriterChannel.write_message": (
        f"import io, json\n{MESSAGE}stream = io.StringIO()\n"
        "PipesStreamMessageWriterChannel(stream).write_message(message)\n"
        "answer = json.loads(stream.getvalue()) == message",
        True,
    ),
    "PipesS3MessageWriterChannel": (
        f"{S3}{MESSAGE}channel = PipesS3MessageWriterChannel(Client(), 'b', None, interval=60)\n"
        "with channel.buffered_upload_loop():\n    channel.write_message(message)\nanswer = kept[0][:2]",
        ["b", "1.json"],
    ),
    "encode_env_var": (
        "import base64, json, zlib\nanswer = json.loads(zlib.decompress(base64.b64decode(encode_env_var({'a': [1]}))))",
        {"a": [1]},
    ),
    "decode_env_var": ("answer = decode_env_var(encode_env_var({'a': [1]}))", {"a": [1]}),
}


@pytest.mark.parametrize("member", MEMBERS)
def test_member(launch: Any, tmp_path: Path, member: str) -> None:
    code, expected = MEMBERS[member]
    program = (
        f"from dagster_pipes import *\nkept, folder, answer = [], {str(tmp_path)!r}, None\n"
        f"context = open_dagster_pipes()\n{code}\nif not context.is_closed:\n    context.report_custom_message(answer)\n"
    )
    finished = launch(program, **DAY)
    assert finished.returncode == 0, finished.stderr
    assert finished.custom() == expected
    assert finished.methods[-1] == "closed"


def test_reports_of_the_members_arrive(launch: Any) -> None:
    finished = launch(
        "from dagster_pipes import *\nwith open_dagster_pipes() as context:\n"
        "    context.report_asset_check('c', False, 'WARN')\n    context.report_asset_materialization({'a': 1}, '7')\n"
        "    context.log.info('line')\n"
    )
    assert finished.methods == ["opened", "report_asset_check", "report_asset_materialization", "log", "closed"]


def test_no_member_of_the_reference_is_left_out() -> None:
    if not DOCUMENT.is_file():
        pytest.skip("the reference document lies beside the repository (../shared/reference) and is absent")
    owner, found = "", []
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\.?- (?:class )?dagster_pipes\.(\w+)", line):
            owner = match[1]
            found.append(owner)
        elif match := re.match(r"\.?- (?:(?:classmethod|property|abstract|final) )*(\w+)$", line):
            found.append(f"{owner}.{match[1]}")
    assert sorted(found) == sorted(MEMBERS)
    assert [name for name in MEMBERS if "." not in name and not hasattr(dagster_pipes, name)] == []
