"""A clock that is set back while a run goes on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from orrery import Instance, asset, materialize


def test_a_clock_that_jumps_back_an_hour_turns_nothing_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No duration is negative, and the order of what happened is kept."""
    real = time.time

    @asset
    def thing() -> int:
        monkeypatch.setattr(time, "time", lambda: real() - 3_600)
        return 1

    with Instance.local_temp(str(tmp_path)) as instance:
        run_id = materialize([thing], instance=instance).run_id
        entries = [entry for entry in instance.all_logs(run_id) if entry.dagster_event is not None]
        stats = instance.get_run_stats(run_id)
        steps = instance.get_run_step_stats(run_id)
    assert entries[-1].timestamp < entries[0].timestamp - 3_000
    kinds = [entry.get_dagster_event().event_type_value for entry in entries]
    order = ["PIPELINE_START", "STEP_START", "ASSET_MATERIALIZATION", "STEP_SUCCESS", "PIPELINE_SUCCESS"]
    assert [kind for kind in kinds if kind in order] == order
    assert stats.start_time is not None
    assert stats.end_time is not None
    assert stats.end_time >= stats.start_time
    for step in steps:
        assert step.start_time is not None
        assert step.end_time is not None
        assert step.end_time >= step.start_time
        for attempt in step.attempts_list:
            assert attempt.start_time is not None
            assert attempt.end_time is not None
            assert attempt.end_time >= attempt.start_time
