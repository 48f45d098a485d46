"""
Orchestrates external processes with the genuine Dagster, in the interpreter that has it, and tells what arrived.

Reads scenarios from stdin and writes facts to stdout, both as JSON. Imports nothing of ours, and uses public names alone.
"""

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import urllib.request
import warnings
from contextlib import contextmanager
from typing import Any

import dagster as dg


class StdioReader(dg.PipesMessageReader):
    """Reads messages from the output of the process, once it has ended."""

    def __init__(self, params: dict[str, str]) -> None:
        self.params = params

    @contextmanager
    def read_messages(self, handler: Any) -> Any:
        self.handler = handler
        yield self.params

    def no_messages_debug_text(self) -> str:
        return "on a standard stream"


class FolderReader(dg.PipesBlobStoreMessageReader):
    """Reads chunks of messages from a folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(interval=0.02, log_readers=[])
        self.folder = folder

    @contextmanager
    def get_params(self) -> Any:
        yield {"path": self.folder}

    def download_messages_chunk(self, index: int, params: Any) -> str | None:
        try:
            with open(os.path.join(self.folder, f"{index}.json"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def messages_are_readable(self, params: Any) -> bool:
        return True

    def no_messages_debug_text(self) -> str:
        return "in a folder"


class S3Reader(dg.PipesBlobStoreMessageReader):
    """Reads chunks of messages from a bucket on a server that takes any signature for a right one."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(interval=0.02)
        self.endpoint = endpoint

    @contextmanager
    def get_params(self) -> Any:
        yield {"bucket": "bucket", "key_prefix": "chunks"}

    def download_messages_chunk(self, index: int, params: Any) -> str | None:
        url, signature = (
            f"{self.endpoint}/bucket/chunks/{index}.json",
            "AWS4-HMAC-SHA256 Credential=x/1/us-east-1/s3/aws4",
        )
        request = urllib.request.Request(url, headers={"Authorization": signature})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read().decode("utf-8")
        except urllib.error.HTTPError:
            return None

    def messages_are_readable(self, params: Any) -> bool:
        return True

    def no_messages_debug_text(self) -> str:
        return "in a bucket"


def launch(context: Any, scenario: dict[str, Any]) -> Any:
    """Run the process of *scenario*; return its results and its custom messages."""
    command, channel, extras = scenario["command"], scenario.get("channel", "file"), scenario.get("extras")
    if channel in ("file", "environment", "include_stdio"):
        readers = {"include_stdio": dg.PipesTempFileMessageReader(include_stdio_in_messages=True)}
        injectors = {"environment": dg.PipesEnvContextInjector()}
        client = dg.PipesSubprocessClient(
            message_reader=readers.get(channel), context_injector=injectors.get(channel), forward_stdio=False
        )
        invocation = client.run(command=command, context=context, extras=extras)
        return invocation.get_results(), invocation.get_custom_messages()
    reader: Any = {
        "cli": lambda: dg.PipesTempFileMessageReader(),
        "stdout": lambda: StdioReader({"stdio": "stdout"}),
        "stderr": lambda: StdioReader({"stdio": "stderr"}),
        "buffered_stdout": lambda: StdioReader({"buffered_stdio": "stdout"}),
        "folder": lambda: FolderReader(scenario["folder"]),
        "s3": lambda: S3Reader(scenario["endpoint"]),
    }[channel]()
    injector = dg.PipesTempFileContextInjector() if channel == "cli" else dg.PipesEnvContextInjector()
    with dg.open_pipes_session(context, injector, reader, extras=extras) as session:
        environment = {**os.environ}
        if channel == "cli":
            command = [*command, *(part for pair in session.get_bootstrap_cli_arguments().items() for part in pair)]
        else:
            environment.update(session.get_bootstrap_env_vars())
        errors = subprocess.PIPE if channel == "stderr" else None
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8", check=False
        )
        if isinstance(reader, StdioReader):
            for line in (done.stderr or done.stdout).splitlines():
                if line.startswith('{"__dagster_pipes_version"'):
                    reader.handler.handle_message(json.loads(line))
                else:
                    print(line)
        if done.returncode:
            raise RuntimeError(f"exit code {done.returncode}")
    return session.get_results(), session.get_custom_messages()


def definition(scenario: dict[str, Any], told: dict[str, Any]) -> Any:
    """Return the asset, or the op, that launches the process of *scenario*."""
    partitions = {
        "daily": dg.DailyPartitionsDefinition(start_date="2024-01-01"),
        "static": dg.StaticPartitionsDefinition(["a", "b"]),
        None: None,
    }[scenario.get("partitions")]
    keys = scenario.get("keys", ["a"])

    @dg.multi_asset(
        specs=[dg.AssetSpec(dg.AssetKey(key.split("/")), code_version=scenario.get("code_version")) for key in keys],
        check_specs=[
            dg.AssetCheckSpec(name, asset=dg.AssetKey(key.split("/"))) for name, key in scenario.get("checks", [])
        ],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        name="step",
        can_subset=False,
    )
    def launcher(context: dg.AssetExecutionContext) -> Any:
        results, told["custom"] = launch(context, scenario)
        yield from results

    return launcher


def metadata_facts(metadata: Any) -> dict[str, Any]:
    return {
        name: [type(value).__name__, repr(value.value) if name != "plain" else value.value]
        for name, value in metadata.items()
    }


def facts(scenario: dict[str, Any]) -> dict[str, Any]:
    """Run *scenario*, and return what the instance knows of it."""
    told: dict[str, Any] = {"custom": None}
    instance = dg.DagsterInstance.ephemeral()
    asset = definition(scenario, told)
    output, errors = io.StringIO(), io.StringIO()
    first, last = scenario.get("range", (None, None))
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last} if first else None
    runs = []
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        for _ in range(scenario.get("times", 1)):
            runs.append(
                dg.materialize(
                    [asset],
                    instance=instance,
                    raise_on_error=False,
                    partition_key=scenario.get("partition"),
                    tags=tags,
                )
            )
    result = runs[-1]
    materializations = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        materializations[materialization.asset_key.to_user_string()] = {
            "metadata": metadata_facts(materialization.metadata),
            "data_version": (materialization.tags or {}).get("dagster/data_version"),
            "partition": materialization.partition,
        }
    return {
        "success": result.success,
        "custom": told["custom"],
        "materializations": materializations,
        "checks": [
            [
                check.asset_key.to_user_string(),
                check.check_name,
                check.passed,
                check.severity.value,
                metadata_facts(check.metadata),
            ]
            for check in result.get_asset_check_evaluations()
        ],
        "logs": [
            [logging.getLevelName(entry.level), entry.user_message]
            for entry in instance.all_logs(result.run_id)
            if not entry.is_dagster_event
        ],
        "exceptions": [
            str(entry.dagster_event.engine_event_data.error)
            for entry in instance.all_logs(result.run_id)
            if "closed with exception" in (entry.message or "")
        ],
        "errors": [str(event.step_failure_data.error) for event in result.all_events if event.is_step_failure],
        "problems": [
            entry.message
            for entry in instance.all_logs(result.run_id)
            if "framework exception" in (entry.message or "")
        ],
        "stdout": output.getvalue(),
        "stderr": errors.getvalue(),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.NOTSET)
    answers = {name: facts(scenario) for name, scenario in json.load(sys.stdin).items()}
    json.dump(answers, sys.stdout)
