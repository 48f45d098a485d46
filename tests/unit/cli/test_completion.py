"""What the tab key offers."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from orrery import Instance, materialize
from orrery.cli.app import cli
from orrery.definitions.decorators.asset import asset

SHOP = '''
import orrery as og

print("told while it is imported")

@og.asset
def orders():
    """What was ordered.

    In detail."""

@og.asset(key_prefix="raw")
def users(): ...

@og.asset
def report(orders): ...

@og.job
def nightly(): ...
'''


def offered(words: list[str], incomplete: str) -> list[str]:
    found = ShellComplete(cli, {}, "orrery", "_ORRERY_COMPLETE").get_completions(words, incomplete)
    return [item.value for item in found]


@pytest.fixture
def shop(tmp_path: Path) -> str:
    file = tmp_path / "shop.py"
    file.write_text(SHOP, encoding="utf-8")
    return str(file)


def test_assets_of_the_project_are_offered(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert offered(["show", "-f", shop], "") == ["orders", "raw/users", "report"]
    assert offered(["materialize", "-f", shop], "r") == ["raw/users", "report"]
    assert capsys.readouterr().out == "", "what the project prints would be taken for names"


def test_a_selection_is_completed_behind_its_signs(shop: str) -> None:
    assert offered(["graph", "-f", shop], "++o") == ["++orders"]


def test_an_asset_is_offered_with_the_first_line_of_its_description(shop: str) -> None:
    (item,) = ShellComplete(cli, {}, "orrery", "_ORRERY_COMPLETE").get_completions(["show", "-f", shop], "ord")
    assert item.help == "What was ordered."


def test_jobs_are_offered(shop: str) -> None:
    assert offered(["job", "run", "-f", shop], "") == ["nightly"]


def test_the_latest_runs_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORRERY_HOME", str(tmp_path))

    @asset
    def made() -> int:
        return 1

    with Instance.get() as instance:
        run_id = materialize([made], instance=instance).run_id
    assert offered(["runs", "show"], run_id[:3]) == [run_id]


def test_a_project_that_does_not_import_offers_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_this_name", encoding="utf-8")
    assert offered(["show", "-f", str(broken)], "") == []
