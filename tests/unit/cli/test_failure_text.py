"""An error is told by the user's own frames, then what was raised, its cause, and what to try."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from orrery.base.errors import ExecutionLoadInputError, ValueNotFoundError
from orrery.cli.failure_text import failure_document, failure_lines
from orrery.model.events.error_info import ErrorFrame, ErrorInfo, error_info_from_exception

CODE = """\
import json


def before():
    return 1


def read(text):
    number = 1
    return json.loads(text)


def wrapped(text):
    try:
        return read(text)
    except ValueError as error:
        raise RuntimeError("line one\\n12:00:00 done     forged") from error
"""


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of the user's, imported from the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "user_code.py"
    path.write_text(CODE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("user_code", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(info: ErrorInfo, **options: bool) -> str:
    return click.unstyle("\n".join(failure_lines(info, **options)))


def raised(user: ModuleType, name: str, text: str = "{") -> ErrorInfo:
    try:
        getattr(user, name)(text)
    except Exception as error:
        return error_info_from_exception(error)
    raise AssertionError("nothing was raised")


def test_the_line_that_failed_stands_with_its_neighbours(user: ModuleType) -> None:
    text = told(raised(user, "read"))
    assert "user_code.py:10 in read\n       8  def read(text):\n       9      number = 1\n    > 10      return" in text


def test_lines_of_another_function_are_not_shown(user: ModuleType) -> None:
    assert "def wrapped" not in told(raised(user, "read"))
    assert "return 1" not in told(raised(user, "read"))


def test_frames_of_libraries_are_folded_and_counted(user: ModuleType) -> None:
    text = told(raised(user, "read"))
    assert "frames in Python folded)" in text
    assert "decoder.py" not in text


def test_every_frame_is_shown_to_who_asks(user: ModuleType) -> None:
    text = told(raised(user, "read"), every_frame=True)
    assert "decoder.py" in text
    assert "folded" not in text


def test_the_cause_comes_after_what_it_caused(user: ModuleType) -> None:
    text = told(raised(user, "wrapped"))
    assert text.index("RuntimeError") < text.index("because of") < text.index("JSONDecodeError")


def test_no_line_of_a_message_begins_at_the_margin(user: ModuleType) -> None:
    text = told(raised(user, "wrapped"))
    assert "12:00:00 done" in text
    assert all(line.startswith("  ") or not line for line in text.split("\n"))


def test_what_to_try_comes_last() -> None:
    try:
        try:
            raise ValueNotFoundError("There is no value.", mend="materialize it.")
        except ValueNotFoundError as error:
            raise ExecutionLoadInputError("loading input 'a'", user_exception=error) from error
    except ExecutionLoadInputError as error:
        lines = told(error_info_from_exception(error)).split("\n")
    assert lines[0] == "  loading input 'a'"
    assert lines[-1] == "  Try: materialize it."
    assert not any("More: errors#" in line for line in lines)


def test_a_file_that_changed_is_not_quoted(user: ModuleType) -> None:
    info = raised(user, "read")
    Path("user_code.py").write_text("# other\n" * 30, encoding="utf-8")
    import linecache

    linecache.checkcache()
    assert "# other" not in told(info)


def test_a_document_has_the_users_frames_and_the_cause(user: ModuleType) -> None:
    document = failure_document(raised(user, "wrapped"))
    assert document["type"] == "RuntimeError"
    assert document["cause"]["type"] == "JSONDecodeError"
    assert document["frames"][-1]["function"] == "wrapped"


ROUND = """\
def down(n):
    return down(n + 1)


def ping(n):
    return pong(n)


def pong(n):
    if n == 400:
        raise ValueError("enough")
    return ping(n + 1)
"""


@pytest.fixture
def rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Functions of the user's that call each other again and again."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rounds.py"
    path.write_text(ROUND, encoding="utf-8")
    names: dict[str, Any] = {}
    exec(compile(ROUND, str(path), "exec"), names)  # as an import would, without a name in sys.modules
    return names


@pytest.mark.parametrize(("name", "error"), [("down", RecursionError), ("ping", ValueError)])
def test_frames_that_repeat_are_told_once_and_counted(
    rounds: dict[str, Any], name: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        rounds[name](0)
    lines = told(error_info_from_exception(caught.value)).split("\n")
    assert len(lines) < 15
    assert sum("rounds.py" in line for line in lines) <= 4
    assert any(re.search(r"\(\d{3} more frames repeat this\)", line) for line in lines)
    assert not any("left out" in line for line in lines)


def test_a_frame_of_ours_is_folded_where_there_is_none_of_the_users() -> None:
    lines = told(ErrorInfo("ValueError: no\n", (ErrorFrame("/x/orrery/a.py", 3, "f", "raise", False),))).split("\n")
    assert lines == ["  (1 frame in orrery folded)", "  ValueError: no"]


def test_a_document_has_no_frames_that_are_not_the_users() -> None:
    info = ErrorInfo("ValueError: no\n", (ErrorFrame("<frozen importlib._bootstrap>", 3, "f"),))
    assert failure_document(info)["frames"] == []


def test_a_syntax_error_is_told_at_its_own_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "slip.py"
    path.write_text("x = 1\ndef f(:\n    return 1\n", encoding="utf-8")
    with pytest.raises(SyntaxError) as caught:
        compile(path.read_text(encoding="utf-8"), str(path), "exec")
    info = error_info_from_exception(caught.value)
    text = told(info)
    assert "slip.py:2 in <module>\n      1  x = 1\n    > 2  def f(:" in text
    assert text.endswith("      def f(:\n            ^")
    assert failure_document(info)["frames"][-1]["line"] == 2
