"""The command under interrupts, and on a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.support.shop import Shop, new_shop

pytestmark = pytest.mark.walk


STUBBORN = """\
import sys
import time

import orrery as og


@og.asset
def stubborn() -> None:
    told = []
    while True:
        try:
            if not told:
                told.append("began")
                print("began", file=sys.stderr, flush=True)
            time.sleep(60)
        except BaseException:
            print("caught", file=sys.stderr, flush=True)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return new_shop(tmp_path)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_an_interrupted_run_closes_its_resources_and_is_canceled(shop: Shop, sent: signal.Signals) -> None:
    (shop.folder / "run.yaml").write_text("ops: {slow: {config: {seconds: 60}}}\n", encoding="utf-8")
    with shop.started("materialize", "slow", "--config", "run.yaml", stdout=subprocess.PIPE) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "slow began\n"
        running.send_signal(sent)
        if sent is signal.SIGHUP:  # a terminal and its shell both send it
            assert running.stderr.readline().startswith("Interrupted")
            running.send_signal(sent)
        errors = running.stderr.read()  # not communicate(): it would miss what readline() has taken already
        assert running.stdout is not None
        printed = running.stdout.read()
    assert running.returncode == 128 + sent
    assert "door closed" in errors
    again = "Ctrl-C" if sent is signal.SIGINT else sent.name
    if sent is not signal.SIGHUP:
        assert f"Interrupted: closing resources. {again} again stops at once." in errors
    assert "interrupted" in printed.splitlines()[-1]
    assert shop.json("runs", "show", "latest")["status"] == "canceled"
    assert "Interrupted" not in shop("runs", "logs", "latest").stdout, "it is no output of the step"


def test_who_is_told_to_ignore_a_closed_terminal_goes_on(shop: Shop) -> None:
    """As under nohup."""
    (shop.folder / "run.yaml").write_text("ops: {slow: {config: {seconds: 1}}}\n", encoding="utf-8")
    without_hangup = ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")
    with shop.started("materialize", "slow", "--config", "run.yaml", by=without_hangup) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "slow began\n"
        running.send_signal(signal.SIGHUP)
        running.communicate(timeout=60)
    assert running.returncode == 0


@pytest.mark.parametrize(("second", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_interrupt_does_not_wait_for_anybody(shop: Shop, second: signal.Signals, code: int) -> None:
    (shop.folder / "stubborn.py").write_text(STUBBORN, encoding="utf-8")
    with shop.started("materialize", "stubborn", "-f", "stubborn.py") as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "began\n"
        running.send_signal(signal.SIGINT)
        assert running.stderr.readline().startswith("Interrupted: closing resources")
        assert running.stderr.readline() == "caught\n"
        running.send_signal(second)
        assert running.stderr.read() == "Stopped at once: resources were not closed.\n"
    assert running.returncode == code


def on_a_terminal(shop: Shop, *words: str) -> tuple[int, str]:
    """Run the command on a terminal of 100 columns; return the exit code and all that was sent to it."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(shop.folder)
        arguments = shop.arguments(*words)
        os.execve(arguments[0], arguments, {**shop.environment, "COLUMNS": "100", "LINES": "30"})
    chunks = []
    end = time.monotonic() + 60
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 1)
        if not ready:
            continue
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), b"".join(chunks).decode()


@pytest.fixture(scope="module")
def terminal_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """All that a terminal got of a run."""
    code, text = on_a_terminal(new_shop(tmp_path_factory.mktemp("terminal")), "materialize", "orders*")
    assert code == 0, text
    return text


def test_a_terminal_gets_a_table_that_changes_in_place(terminal_text: str) -> None:
    assert "\x1b[" in terminal_text
    last = terminal_text[terminal_text.rindex("step") :]
    rows = re.findall(r"✓ +(\S.*?) +done", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last))
    assert rows == ["orders", "users", "report", "mail", "report: names_everybody"]
    assert "\x1b[?25h" in terminal_text  # the cursor is shown again


def test_on_a_terminal_too_the_users_control_codes_are_shown_and_not_sent(terminal_text: str) -> None:
    assert "    | 12:00:00 done     forged" in terminal_text
    assert "printed by orders" in terminal_text
