"""Errors as records: true to the exception, and made however broken it is."""

import linecache
import pickle
import sys
import traceback
from collections.abc import Callable

import msgspec

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.model.events import error_info
from orrery.model.events.error_info import ErrorInfo, error_info_from_exception


def caught(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def fail() -> None:
    raise ValueError("no good")


def test_it_says_what_python_says() -> None:
    error = caught(fail)
    info = error_info_from_exception(error)
    assert info.message == "ValueError: no good\n"
    assert info.cls_name == "ValueError"
    assert [line.split("\n")[0] for line in info.stack] == [
        line.split("\n")[0] for line in traceback.format_tb(error.__traceback__)
    ]
    assert info.stack[-1].endswith('    raise ValueError("no good")\n')


def test_a_foreign_class_is_named_with_its_module_and_one_of_ours_without() -> None:
    assert error_info_from_exception(msgspec.DecodeError("x")).message == "msgspec.DecodeError: x\n"
    assert error_info_from_exception(InvalidDefinitionError("x")).message == "InvalidDefinitionError: x\n"


def test_a_frame_knows_its_place() -> None:
    frame = error_info_from_exception(caught(fail)).frames[-1]
    assert (frame.file, frame.line, frame.function, frame.code, frame.is_user) == (
        __file__,
        fail.__code__.co_firstlineno + 1,
        "fail",
        'raise ValueError("no good")',
        True,
    )


def test_our_frames_are_marked() -> None:
    info = error_info_from_exception(caught(lambda: msgspec.json.decode("{", type=int)))
    assert all(frame.is_user for frame in info.frames)
    info = error_info_from_exception(caught(lambda: AssetKey(1)))
    assert [frame.is_user for frame in info.frames] == [True, True, False, False]
    assert info.user_frames == info.frames[:2]


def frames_of(*files: str) -> BaseException:
    """Return an exception that came through functions of these files, the first the outermost."""
    source = "def outermost(inner):\n    return inner()\n"

    def raise_it() -> None:
        raise ValueError("x")

    function: Callable[[], object] = raise_it
    for file in reversed(files):
        names: dict[str, Callable[..., object]] = {}
        exec(compile(source, file, "exec"), names)
        inner, outermost = function, names["outermost"]
        function = lambda inner=inner, outermost=outermost: outermost(inner)  # noqa: E731
    return caught(function)


OURS = error_info.__file__
PYTHON = traceback.__file__


def test_the_users_frames_come_first() -> None:
    """How the engine came to the user's function is left out; how the user's function came back to us is kept."""
    assert error_info._first_of_user([OURS, PYTHON, OURS, "/me/defs.py", OURS, "/me/lib.py"]) == 3
    assert error_info._first_of_user([PYTHON, OURS]) == 0
    assert error_info._first_of_user(["<frozen importlib._bootstrap>", "/me/defs.py"]) == 1


def test_the_whole_stack_is_told_on_request() -> None:
    error = frames_of(OURS, "/me/defs.py")
    error.__traceback__ = next(tb for tb in _tracebacks(error) if tb.tb_frame.f_code.co_filename == OURS)
    files = [frame.file for frame in error_info_from_exception(error, user_frames_first=False).frames]
    assert files[0] == OURS
    files = [frame.file for frame in error_info_from_exception(error).frames]
    assert OURS not in files
    assert "/me/defs.py" in files


def _tracebacks(error: BaseException) -> list:
    found, tb = [], error.__traceback__
    while tb is not None:
        found.append(tb)
        tb = tb.tb_next
    return found


def with_cause() -> None:
    try:
        fail()
    except ValueError as error:
        raise KeyError("k") from error


def with_context() -> None:
    try:
        fail()
    except ValueError:
        raise KeyError("k")  # noqa: B904


def without_context() -> None:
    try:
        fail()
    except ValueError:
        raise KeyError("k") from None


def test_a_cause_is_told() -> None:
    info = error_info_from_exception(caught(with_cause))
    assert info.cause is not None
    assert info.cause.message == "ValueError: no good\n"
    assert info.context is None
    assert "was caused by" in info.to_string()


def test_a_context_is_told_unless_suppressed() -> None:
    info = error_info_from_exception(caught(with_context))
    assert info.context is not None
    assert info.context.message == "ValueError: no good\n"
    assert "during handling" in info.to_string()
    assert error_info_from_exception(caught(without_context)).context is None


def test_a_cause_that_leads_back_to_itself_ends() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    info = error_info_from_exception(first)
    assert info.cause is not None
    assert info.cause.cause is None


def test_a_context_that_leads_back_to_itself_ends() -> None:
    error = ValueError("1")
    error.__context__ = error
    assert error_info_from_exception(error).context is None


def test_a_long_chain_is_cut() -> None:
    error = first = ValueError("0")
    for number in range(1, 100):
        error.__cause__ = ValueError(str(number))
        error = error.__cause__
    info, length = error_info_from_exception(first), 0
    while info is not None:
        info, length = info.cause, length + 1
    assert length == error_info.CHAIN_LIMIT + 1


class Broken(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Ruined(Broken):
    def __repr__(self) -> str:
        raise SystemExit("no representation")


def test_broken_text_is_replaced_by_the_representation() -> None:
    assert error_info_from_exception(Broken("x")).message.endswith("Broken: Broken('x')\n")


def test_an_exception_that_can_say_nothing_is_recorded_all_the_same() -> None:
    assert "neither its text nor its representation" in error_info_from_exception(Ruined("x")).message


class NotText(Exception):
    def __str__(self) -> str:
        return 3


class BrokenCause(Exception):
    @property
    def __cause__(self) -> None:
        raise RuntimeError("no cause")


def test_other_breakages_are_survived() -> None:
    assert "NotText" in error_info_from_exception(NotText("x")).message
    assert error_info_from_exception(BrokenCause("x")).cause is None


def test_a_huge_message_is_cut_in_the_middle() -> None:
    info = error_info_from_exception(ValueError("a" * 5_000_000 + "end"))
    assert len(info.message) < 70_000
    assert "characters left out" in info.message
    assert info.message.endswith("end\n")


def test_text_of_no_encoding_is_kept() -> None:
    assert "\udcff" in error_info_from_exception(ValueError("a\udcff")).message


def endless() -> None:
    endless()


def test_a_deep_stack_is_cut_in_the_middle() -> None:
    info = error_info_from_exception(caught(endless))
    assert info.cls_name == "RecursionError"
    assert len(info.frames) == error_info.FRAME_LIMIT + 1
    assert "frames left out" in info.frames[error_info.FRAME_LIMIT // 2].file


def test_members_of_a_group_are_told() -> None:
    group = ExceptionGroup("both", [ValueError("1"), ExceptionGroup("inner", [KeyError("2")])])
    info = error_info_from_exception(group)
    assert [member.cls_name for member in info.members] == ["ValueError", "ExceptionGroup"]
    assert info.members[1].members[0].cls_name == "KeyError"
    assert "Member 1 of the group" in info.to_string()


def test_a_large_group_is_cut() -> None:
    group = ExceptionGroup("many", [ValueError(str(number)) for number in range(1000)])
    assert len(error_info_from_exception(group).members) == error_info.GROUP_LIMIT


def test_a_syntax_error_shows_the_line() -> None:
    info = error_info_from_exception(caught(lambda: compile("a = (", "defs.py", "exec")))
    assert info.cls_name == "SyntaxError"
    assert "defs.py" in info.message
    assert "a = (" in info.message


def test_notes_are_told() -> None:
    error = ValueError("x")
    error.add_note("while reading orders")
    assert error_info_from_exception(error).message == "ValueError: x\nwhile reading orders\n"


def test_an_exception_without_text_is_its_class() -> None:
    assert error_info_from_exception(ValueError()).message == "ValueError\n"


def test_an_exception_that_was_never_raised_has_no_stack() -> None:
    assert error_info_from_exception(ValueError("x")).stack == []


def test_a_long_source_line_is_cut() -> None:
    names: dict[str, Callable[[], object]] = {}
    source = "def f(): raise ValueError('" + "x" * 10_000 + "')\n"
    linecache.cache["<long>"] = (len(source), None, [source], "<long>")
    exec(compile(source, "<long>", "exec"), names)
    frame = error_info_from_exception(caught(names["f"])).frames[-1]
    assert len(frame.code) == error_info.CODE_LIMIT


def test_the_record_survives_being_stored_and_sent() -> None:
    info = error_info_from_exception(caught(with_cause))
    assert msgspec.json.decode(msgspec.json.encode(info), type=ErrorInfo) == info
    assert pickle.loads(pickle.dumps(info)) == info


def test_the_message_alone() -> None:
    info = error_info_from_exception(caught(with_cause)).to_exception_message_only()
    assert info == ErrorInfo("KeyError: 'k'\n", (), "KeyError")


def test_it_is_made_at_the_edge_of_the_stack() -> None:
    """The record of a RecursionError may be made where little stack is left."""

    def deeper(left: int) -> ErrorInfo:
        return error_info_from_exception(ValueError("x")) if left == 0 else deeper(left - 1)

    depth = 0
    frame = sys._getframe()
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    assert deeper(sys.getrecursionlimit() - depth - 60).cls_name == "ValueError"
