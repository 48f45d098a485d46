"""Forms of code are kept for other processes, and only ever for the very code that they were found of."""

import hashlib
import linecache
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orrery import Instance, asset, materialize, plan_materialization
from orrery.plan.fingerprint.code_form import FORM_VERSION
from orrery.plan.fingerprint.facts import Reach
from orrery.plan.fingerprint.reach import Reacher
from orrery.runtime.engine.code_facts import InstalledCode

SOURCE = '''
FACTOR = 2


def helper(x, *, more=1):
    """Multiply."""
    import json
    lines.append(x)
    return [each * FACTOR for each in (x, more) if each in {"a", "b"}] or json.dumps(x)


def target(x):  # nothing
    return helper(x) + 60 * 60


lines = []
'''


def loaded(path: Path, text: str) -> Callable[..., Any]:
    """Return the function ``target`` of a file with this text, as an import would give it."""
    path.write_text(text)
    linecache.clearcache()
    spread: dict[str, Any] = {"__name__": "kept_forms_target", "__file__": str(path)}
    exec(compile(text, str(path), "exec", dont_inherit=True), spread)
    found: Callable[..., Any] = spread["target"]
    return found


def reached(function: Callable[..., Any], table: Path | None) -> Reach:
    """Return what a process that begins with this table finds."""
    code = InstalledCode(None if table is None else str(table))
    found = Reacher(code).reach(function)
    code.save()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "target.py"


def test_another_process_knows_the_forms_without_reading_sources(path: Path, tmp_path: Path) -> None:
    """The source is gone by then; without the table the bytecode would have to speak for itself, in other words."""
    function = loaded(path, SOURCE)
    before = reached(function, tmp_path / "table")
    path.unlink()
    linecache.clearcache()
    assert reached(function, tmp_path / "table") == before
    assert reached(function, None).parts != before.parts


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("60 * 60", "60 * 61"),
        ("helper(x) +", "helper(x) -"),
        ("helper(x) + 60", "len(x) + 60"),
        ('{"a", "b"}', '{"a", "c"}'),
        ("import json", "import pickle as json"),
    ],
)
def test_an_edited_function_is_found_out_anew(path: Path, tmp_path: Path, old: str, new: str) -> None:
    """Same file, same lines, and as a rule the same size: nothing that was kept speaks for it."""
    table = tmp_path / "table"
    before = reached(loaded(path, SOURCE), table)
    edited = loaded(path, SOURCE.replace(old, new))
    assert reached(edited, table) == reached(edited, None) != before


def test_what_is_kept_is_what_would_be_found_out(path: Path, tmp_path: Path) -> None:
    """The table changes no answer, neither when it is made nor when it is read."""
    function = loaded(path, SOURCE)
    told = [reached(function, table) for table in (None, tmp_path / "table", tmp_path / "table")]
    assert told[0] == told[1] == told[2]


def test_a_file_that_changed_after_the_import_is_not_kept(path: Path, tmp_path: Path) -> None:
    """Its form is that of the bytecode, which says nothing of the source that it came from."""
    function = loaded(path, SOURCE)
    path.write_text(SOURCE.replace("60 * 60", "60 * 61"))
    linecache.clearcache()
    reached(function, tmp_path / "table")
    loaded(path, SOURCE)
    assert reached(function, tmp_path / "table") == reached(function, None)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "foreign", "other release"])
def test_a_damaged_table_is_none(path: Path, tmp_path: Path, damage: str) -> None:
    """It is written anew, and no answer changes."""
    table, function = tmp_path / "table", loaded(path, SOURCE)
    before = reached(function, table)
    whole = table.read_bytes()
    digest = before.parts["kept_forms_target:target"]
    assert digest.encode() in whole
    forged = whole.replace(digest.encode(), b"0" * 64)
    broken = {
        "flip": forged,
        "cut": whole[:-10],
        "empty": b"",
        "foreign": b"x" * 10_000,
        "other release": forged.replace(f"form {FORM_VERSION},".encode(), f"form {FORM_VERSION + 1},".encode()),
    }[damage]
    if damage == "other release":
        head, body = broken.split(b"\n", 1)[0] + b"\n", broken.split(b"\n", 1)[1][32:]
        broken = head + hashlib.sha256(body).digest() + body
    table.write_bytes(broken)
    assert reached(function, table) == before
    assert table.read_bytes() == whole


def test_a_table_that_cannot_be_written_is_no_error(path: Path, tmp_path: Path) -> None:
    """The folder is not there."""
    function = loaded(path, SOURCE)
    assert reached(function, tmp_path / "nowhere" / "table") == reached(function, None)
    assert not (tmp_path / "nowhere").exists()


def test_two_processes_keep_what_each_found(path: Path, tmp_path: Path) -> None:
    """The one that writes last keeps what the other wrote since it began."""
    table = tmp_path / "table"
    one, other = loaded(path, SOURCE), loaded(tmp_path / "other.py", SOURCE)
    codes = [InstalledCode(str(table)), InstalledCode(str(table))]
    told = [Reacher(code).reach(function) for code, function in zip(codes, (one, other), strict=True)]
    for code in codes:
        code.save()
    path.unlink()
    (tmp_path / "other.py").unlink()
    linecache.clearcache()
    assert [reached(one, table), reached(other, table)] == told


def test_an_instance_keeps_the_forms_in_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later instance of the same home plans without the source."""
    module = tmp_path / "kept_forms_project.py"
    module.write_text("def made():\n    return 1 + len('x')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import kept_forms_project  # type: ignore[import-not-found]  # written above

    one = asset(name="one")(kept_forms_project.made)
    home = tmp_path / "home"
    home.mkdir()
    with Instance.local_temp(str(home)) as instance:
        materialize([one], instance=instance, reuse=True)
    module.unlink()
    linecache.clearcache()
    with Instance.local_temp(str(home)) as instance:
        assert plan_materialization([one], instance=instance).is_current
    (home / "code_forms").unlink()
    with Instance.local_temp(str(home)) as instance:
        assert not plan_materialization([one], instance=instance).is_current
