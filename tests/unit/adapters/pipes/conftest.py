"""A server that answers as Amazon's, and steps that run real processes."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import orrery

ROOT = Path(__file__).resolve().parents[4]
PACKAGE = ROOT / "packages" / "orrery-pipes" / "src"
SERVER_PYTHON = Path(os.environ.get("ORRERY_S3_PYTHON") or ROOT / ".s3" / "bin" / "python")
SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(port=0, verbose=False)
server.start()
print(f"http://127.0.0.1:{server.get_host_and_port()[1]}", flush=True)
sys.stdin.read()
"""
ACCESS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """The server, and clients of the official library."""

    endpoint: str

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(service, endpoint_url=self.endpoint, **ACCESS)

    def environment(self) -> dict[str, str]:
        """Return what a process needs in order to make such clients by itself."""
        return {
            **os.environ,
            "PYTHONPATH": str(PACKAGE),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        }


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    if not SERVER_PYTHON.exists():
        pytest.skip("nothing of Amazon's is tested: `make s3` makes the server that is asked")
    with subprocess.Popen(
        [str(SERVER_PYTHON), "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
    ) as server:
        assert server.stdout is not None
        cloud = Cloud(endpoint=server.stdout.readline().strip())
        cloud.client("s3").create_bucket(Bucket="bucket")
        yield cloud
        assert server.stdin is not None
        server.stdin.close()


@dataclass
class Step:
    """What became of a step."""

    result: Any
    lines: list[tuple[int, str]]
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str:
        failures = [event for event in self.result.all_events if event.is_step_failure]
        assert failures, [(event.message, event.event_specific_data) for event in self.result.all_events[-2:]]
        (failure,) = failures
        return str(failure.step_failure_data.error)

    @property
    def warnings(self) -> list[str]:
        return [text for level, text in self.lines if level == 30]

    @property
    def metadata(self) -> dict[str, Any]:
        (event,) = self.result.get_asset_materialization_events()
        return {name: value.value for name, value in event.materialization.metadata.items()}

    @property
    def custom(self) -> list[Any]:
        """The payloads of custom messages, of an invocation or a session that the body kept."""
        found = self.kept.get("invocation") or self.kept["session"]
        return list(found.get_custom_messages())


@pytest.fixture
def step() -> Callable[..., Step]:
    """Return a function that runs a body, given the context and a dictionary, as the step of the asset ``a``."""

    def run(body: Callable[[Any, dict[str, Any]], Any], **options: Any) -> Step:
        kept: dict[str, Any] = {}

        @orrery.asset(name="a", **options)
        def a(context: orrery.AssetExecutionContext) -> Any:
            return body(context, kept)

        instance = orrery.Instance.ephemeral()
        result = orrery.materialize([a], instance=instance, raise_on_error=False)
        lines = [
            (entry.level, entry.user_message)
            for entry in instance.all_logs(result.run_id)
            if not entry.is_dagster_event
        ]
        return Step(result, lines, kept)

    return run
