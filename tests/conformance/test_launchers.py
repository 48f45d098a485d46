"""Every launcher and every coordinator passes the suite of its seam."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from orrery.runtime.instance import Instance
from orrery.testing.conformance.launchers import CoordinatorSuite, LauncherSuite, MakeInstance, write_project


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PLACE", str(tmp_path))
    return write_project(tmp_path)


def maker(tmp_path: Path, **settings: object) -> MakeInstance:
    def make(others: Mapping[str, object]) -> Instance:
        return Instance.local_temp(str(tmp_path / "home"), overrides={**settings, **others})

    return make


class TestSubprocess(LauncherSuite):
    """A fresh interpreter for each run."""

    @pytest.fixture
    def make_instance(self, tmp_path: Path) -> MakeInstance:
        return maker(tmp_path, run_launcher="subprocess")


class TestForked(LauncherSuite):
    """Forked from a process that has the code."""

    @pytest.fixture
    def make_instance(self, tmp_path: Path) -> MakeInstance:
        return maker(tmp_path, run_launcher="forked")


class TestInProcess(LauncherSuite):
    """In the thread that launches."""

    is_apart = False

    @pytest.fixture
    def make_instance(self, tmp_path: Path) -> MakeInstance:
        return maker(tmp_path, run_launcher="in_process")


class TestImmediate(CoordinatorSuite):
    """At once."""

    is_queue = False

    @pytest.fixture
    def make_instance(self, tmp_path: Path) -> MakeInstance:
        return maker(tmp_path, run_launcher="in_process", run_coordinator="immediate")


class TestQueued(CoordinatorSuite):
    """In a queue with limits."""

    @pytest.fixture
    def make_instance(self, tmp_path: Path) -> MakeInstance:
        return maker(tmp_path, run_launcher="forked", run_coordinator="queued")
