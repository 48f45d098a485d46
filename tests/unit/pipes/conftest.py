"""Real external processes, and contexts in this one, for the tests of the external side of Pipes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import orrery_pipes
from orrery_pipes import PipesContext, PipesMappingParamsLoader, encode_param

ROOT = Path(__file__).resolve().parents[3]


def context_data(**changes: Any) -> dict[str, Any]:
    """Return the context of a step of one asset without partitions, as an orchestrator tells it; with *changes*."""
    data: dict[str, Any] = {
        "asset_keys": ["raw/orders"],
        "code_version_by_asset_key": {"raw/orders": "v1"},
        "provenance_by_asset_key": {
            "raw/orders": {"code_version": "v0", "input_data_versions": {"source": "7"}, "is_user_provided": False}
        },
        "partition_key": None,
        "partition_key_range": None,
        "partition_time_window": None,
        "run_id": "run-1",
        "job_name": "nightly",
        "retry_number": 2,
        "extras": {"limit": 12, "names": ["a", "b"], "sign": "é😀"},
    }
    return {**data, **changes}


def params(data: Mapping[str, Any], messages: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment that tells a process its context and where its messages go."""
    return {
        "DAGSTER_PIPES_CONTEXT": encode_param({"data": data}),
        "DAGSTER_PIPES_MESSAGES": encode_param(messages),
    }


def read_messages(path: Path) -> list[dict[str, Any]]:
    """Return the messages in a file, each line by itself."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="ascii").split("\n") if line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a process left."""

    messages: Sequence[Mapping[str, Any]]
    returncode: int
    stdout: str
    stderr: str

    @property
    def methods(self) -> list[str]:
        return [message["method"] for message in self.messages]

    def params_of(self, method: str) -> list[Any]:
        return [message["params"] for message in self.messages if message["method"] == method]

    def custom(self) -> Any:
        """Return the payload of the one custom message."""
        (only,) = self.params_of("report_custom_message")
        return only["payload"]


@pytest.fixture
def launch(tmp_path: Path) -> Callable[..., Finished]:
    """Return a function that runs a command, or Python code, as an orchestrator launches it with such a context."""
    count = 0

    def run(
        command: str | Sequence[str],
        *,
        messages: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> Finished:
        nonlocal count
        count += 1
        path = tmp_path / f"messages-{count}"
        target = {"path": str(path)} if messages is None else messages
        if isinstance(command, str):
            script = tmp_path / f"script-{count}.py"
            script.write_text(command, encoding="utf-8")
            command = [sys.executable, str(script)]
        launched = params(context_data(**changes), target) if environment is None else environment
        own = {key: value for key, value in os.environ.items() if not key.startswith("DAGSTER_PIPES_")}
        source = str(Path(orrery_pipes.__file__).parents[1])
        done = subprocess.run(
            command,
            env={**own, "PYTHONPATH": source, **launched},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Finished(
            messages=read_messages(path), returncode=done.returncode, stdout=done.stdout, stderr=done.stderr
        )

    return run


@pytest.fixture
def forget() -> Iterator[None]:
    """Let this process open Pipes anew, and forget it afterwards."""
    hook = sys.excepthook
    PipesContext._instance = None
    yield
    if PipesContext._instance is not None:
        PipesContext._instance.close()
    PipesContext._instance = None
    sys.excepthook = hook


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A context in this process, and what it has sent."""

    context: PipesContext
    path: Path

    @property
    def messages(self) -> list[dict[str, Any]]:
        return read_messages(self.path)

    @property
    def last(self) -> Any:
        return self.messages[-1]


@pytest.fixture
def open_here(tmp_path: Path, forget: None) -> Callable[..., Opened]:
    """Return a function that opens Pipes in this process, over a file."""

    def open_it(*, offered: Mapping[str, Any] | None = None, **changes: Any) -> Opened:
        path = tmp_path / "messages"
        target: dict[str, Any] = {"path": str(path)}
        if offered is not None:
            target["orrery"] = offered
        loader = PipesMappingParamsLoader(params(context_data(**changes), target))
        return Opened(context=orrery_pipes.open_pipes(params_loader=loader), path=path)

    return open_it
