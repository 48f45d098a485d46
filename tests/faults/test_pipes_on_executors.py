"""External processes as steps, on every executor: they report, and they end with their run."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.faults.piped_programs import SIGN_TAG
from tests.support.living import gone_within

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.base.keys import AssetKey
from orrery.model.records.run import RunStatus
from orrery.runtime.instance import Instance

WAIT_SECONDS = 60.0
PLACES = ("in_process", "threads", "multiprocess", "dask", "ray")

Place = tuple[str, dict[str, Any]]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    """An executor and its config."""
    if request.param in ("dask", "ray"):
        address = request.getfixturevalue(f"{request.param}_cluster")
        return f"orrery:{request.param}_executor", {"cluster": {"existing": {"address": address}}}
    if request.param == "threads":
        return "orrery:in_process_executor", {"threads": 2}
    return f"orrery:{request.param}_executor", {}


def run(name: str, place: Place, instance: Instance, **tags: str) -> Any:
    return execute_job(
        build_reconstructable_job("tests.faults.piped_programs", "make", (name, *place)), instance, tags=tags
    )


def test_an_external_process_reports(place: Place, tmp_path: Path) -> None:
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        result = run("reports", place, instance)
        assert result.success
        made = instance.get_latest_materialization_event(AssetKey("reports"))
        assert made is not None
        assert made.asset_materialization is not None
        assert made.asset_materialization.metadata["rows"].value == 3
        lines = [each.user_message for each in instance.all_logs(result.run_id) if not each.is_dagster_event]
        assert "a line from outside" in lines


def test_a_signal_to_the_run_ends_the_process_and_its_children(place: Place, tmp_path: Path) -> None:
    """Within ten seconds, although both sleep for minutes."""
    sign = tmp_path / "sign"
    sent: list[float] = []

    def send() -> None:
        if wait_until(sign.exists):
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        with pytest.raises(KeyboardInterrupt):
            run("waits", place, instance, **{SIGN_TAG: str(sign)})
        sender.join()
        (run_record,) = instance.get_runs()
        assert run_record.status is RunStatus.CANCELED
    assert gone_within(WAIT_SECONDS, *map(int, sign.read_text().split()))
    assert time.monotonic() - sent[0] < 10.0


def wait_until(found: Callable[[], bool]) -> bool:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if found():
            return True
        time.sleep(0.02)
    return False
