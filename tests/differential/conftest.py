"""
Make the harness importable by its full name, however pytest is started; and let the oracle begin early.

The oracle takes a minute for all programs. Where many are collected it answers beside the tests that come before them, in a
process of its own that fills the cache of answers.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.differential.harness import sides  # noqa: E402  # importable from here on

_MANY = 20
_early = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the oracle where it has much to do."""
    names = collected_programs(session)
    if len(names) >= _MANY and sides.oracle_python() is not None and not session.config.option.collectonly:
        command = [sys.executable, "-m", "tests.differential.harness.answer_early", *names]
        session.config.stash[_early] = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave no oracle behind where the tests ended before they asked it."""
    early = session.config.stash.get(_early, None)
    if early is not None and early.poll() is None:
        os.killpg(early.pid, signal.SIGKILL)
        early.wait()


def collected_programs(session: pytest.Session) -> list[str]:
    """Return the names of the programs that tests of this session compare."""
    known = {sides.program_name(path) for path in sides.program_paths()}
    names = {
        item.callspec.params.get("program")
        for item in session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    }
    return sorted(known & names)


@pytest.fixture(scope="session")
def early_oracle(request: pytest.FixtureRequest) -> None:
    """Wait until the oracle that began early has answered; what it left out is asked again."""
    early = request.config.stash.get(_early, None)
    if early is not None:
        early.wait()
