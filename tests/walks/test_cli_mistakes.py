"""What the command says of wrong usage, and of what it cannot read or write: what is wrong, and what to try."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.shop import Shop, new_shop

from orrery import Run
from orrery.api.wiring.instance import open_instance

pytestmark = pytest.mark.walk


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return new_shop(tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["materialise", "*"], "write 'materialize', the nearest name that exists"),
        (["materialize", "reprot"], "write 'report', the nearest name that exists"),
        (["materialize"], "orrery materialize '*'"),
        (["materialize", "shop.py"], "write the selection in quotes"),
        (["materialize", "elsewhere"], "something else makes it"),
        (["materialize", "users", "--tag", "web"], "write KEY=VALUE"),
        (["materialize", "users", "--config", "none.yaml"], "There is no config file 'none.yaml'"),
        (["materialize", "users", "--partition", "2024-01-01"], "leave --partition out"),
        (["show", "user"], "write 'users', the nearest name that exists"),
        (["job", "run", "nigthly"], "write 'nightly', the nearest name that exists"),
        (["runs", "show", "nothing"], "orrery runs list"),
        (["list", "-f", "shp.py"], "write 'shop.py', the nearest name that exists"),
        (["list", "-m", "shopp"], "write 'shop', the nearest name that exists"),
        (["list", "-f", "shop.py", "-m", "shop"], "give one of them"),
        (["init", "9lives"], "beginning with a letter"),
        (["init", "class"], "no word and no module of Python"),
        (["materialize", "*", "--trace-out", "nowhere/trace.json"], "there is no folder for nowhere/trace.json"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_with_the_mend(shop: Shop, words: list[str], said: str) -> None:
    done = shop(*words, code=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_config_that_does_not_fit_is_wrong_usage_and_makes_no_run(shop: Shop) -> None:
    (shop.folder / "run.yaml").write_text("ops: {slow: {config: {secnds: 1}}}\n", encoding="utf-8")
    assert "seconds" in shop("materialize", "slow", "--config", "run.yaml", code=2).stderr
    assert shop.json("runs", "list")["runs"] == []


def test_an_error_is_a_document_for_programs(shop: Shop) -> None:
    error = shop.json("materialize", "reprot", code=2)["error"]
    assert error["code"] == "invalid-selection"
    assert "'report'" in error["try"]


def test_without_definitions_a_file_that_may_hold_them_is_named(tmp_path: Path) -> None:
    shop = new_shop(tmp_path)
    (tmp_path / "pyproject.toml").unlink()
    done = shop("list", code=2)
    assert "Try: add -f shop.py" in done.stderr


def test_a_fault_in_the_users_file_is_shown_with_its_line(shop: Shop) -> None:
    (shop.folder / "shop.py").write_text("first = 1\nsecond = first / 0\n", encoding="utf-8")
    done = shop("list", code=1)
    assert "shop.py:2 in <module>" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "importlib" not in done.stderr


def test_a_wrong_indentation_is_shown_with_its_line(shop: Shop) -> None:
    (shop.folder / "shop.py").write_text("def f():\nreturn 1\n", encoding="utf-8")
    assert "shop.py, line 2" in shop("list", code=1).stderr


def test_a_config_that_is_no_text_is_told_by_its_name(shop: Shop) -> None:
    (shop.folder / "bad.yaml").write_bytes(b"\xff\xfe")
    (shop.folder / "broken.yaml").write_text("a: [1\nb: 2", encoding="utf-8")
    assert "The file bad.yaml cannot be read" in shop("materialize", "users", "--config", "bad.yaml", code=2).stderr
    broken = shop("materialize", "users", "--config", "broken.yaml", code=2).stderr
    assert "in the file broken.yaml, line 2" in broken
    assert "'.' is a folder" in shop("materialize", "users", "--config", ".", code=2).stderr


def test_a_file_in_place_of_the_home_is_told_as_such(shop: Shop) -> None:
    told = shop("runs", code=1, ORRERY_HOME=str(shop.folder / "shop.py")).stderr
    assert "shop.py, is a file" in told
    assert "name another place in ORRERY_HOME" in told


def test_a_working_directory_that_is_gone_is_told(shop: Shop) -> None:
    """And nothing of ours is shown."""
    folder = shop.folder / "gone"
    folder.mkdir()
    program = "import os; os.rmdir(os.getcwd()); from orrery.cli import main; main()"
    for words in (["list"], ["runs"], ["init", "new_shop"], ["list", "-f", "shop.py"]):
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=folder,
            env=shop.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1
        assert "The working directory is gone" in done.stderr, words
        assert "Try: go to a directory that is there" in done.stderr
        assert "frame" not in done.stderr


def _as_others() -> None:
    """Give up, before a program is executed, what lets root write everywhere."""
    drop_from_bounding_set, override_permissions = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0)


@contextmanager
def write_protected(folder: Path, shop: Shop) -> Iterator[None]:
    """Take the right to write from *folder* and all below it."""
    modes = {place: place.stat().st_mode for place in (folder, *folder.rglob("*"))}
    for place, mode in modes.items():
        place.chmod(mode & 0o555)
    shop.before = _as_others
    try:
        yield
    finally:
        shop.before = None
        for place, mode in modes.items():
            place.chmod(mode)


def test_a_folder_that_cannot_be_written_is_told_with_the_mend(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with write_protected(tmp_path, shop):
        told = shop("init", "fresh", code=1).stderr
        document = shop.json("init", "fresh", code=1)["error"]
    assert told.startswith(f"Error: {tmp_path / 'fresh'} cannot be used: Permission denied.")
    assert "Try: give yourself the right to it, or work in another directory." in told
    assert "frame" not in told
    assert document["try"] == "give yourself the right to it, or work in another directory."


def test_a_run_that_cannot_write_its_files_says_which_folder_it_is(shop: Shop) -> None:
    shop("materialize", "orders")
    storage = shop.folder / ".orrery" / "storage"
    with write_protected(storage, shop):
        told = shop("materialize", "orders", code=1).stdout
    assert f"cannot be made in {storage}" in told
    assert f"Try: give yourself the right to write in {storage}" in told


def test_records_that_cannot_be_written_can_be_read(shop: Shop) -> None:
    """And nothing but reading is let through."""
    shop("materialize", "orders")
    home = shop.folder / ".orrery"
    for protected in (home, home / "orrery.db"):
        with write_protected(protected, shop):
            for words in (
                ["runs"],
                ["runs", "show", "latest"],
                ["runs", "logs", "latest"],
                ["show", "orders"],
                ["db", "stats"],
            ):
                done = shop(*words)
                assert done.stderr.strip() == (
                    f"Warning: The records in {home} cannot be written by this user: they are only read."
                )
                assert done.stdout
            assert "cannot be opened for writing" in shop("materialize", "orders", code=1).stderr
    assert len(shop.json("runs")["runs"]) == 1


def test_records_that_somebody_writes_can_be_read_by_who_may_not(shop: Shop) -> None:
    """What lies in the write-ahead log is seen."""
    shop("materialize", "orders")
    home = shop.folder / ".orrery"
    with open_instance(str(home)) as instance:
        instance.add_run(Run(job_name="another"))
        assert (home / "orrery.db-wal").stat().st_size > 0
        with write_protected(home, shop):
            assert "another" in shop("runs").stdout


def redirected(shop: Shop, redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *shop.arguments(*words)],
        cwd=shop.folder,
        env=shop.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("materialize", "users orders")])
def test_without_standard_output_a_command_does_its_work(shop: Shop, words: tuple[str, ...]) -> None:
    done = redirected(shop, ">&-", *(part for word in words for part in word.split()))
    assert (done.returncode, done.stderr.replace("printed by orders\n", "")) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("list",), ("materialize", "orders")])
def test_output_that_cannot_be_written_is_told(shop: Shop, words: tuple[str, ...]) -> None:
    done = redirected(shop, ">/dev/full", *words)
    assert done.returncode == 1
    assert "Standard output cannot be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_drama(shop: Shop) -> None:
    command = " ".join(f"'{word}'" for word in shop.arguments("list"))
    done = subprocess.run(
        f"{command} | true",
        shell=True,
        cwd=shop.folder,
        env=shop.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
