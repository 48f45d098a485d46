"""
Errors as records: an exception as it can be stored, shown and sent to another process.

Pure: reads the exception and its traceback, nothing else, and never raises, however broken the
exception is.
"""

from __future__ import annotations

import inspect
import linecache
from types import CodeType, TracebackType
from typing import Any

import msgspec

__all__ = ["ErrorFrame", "ErrorInfo", "error_info_from_exception", "frame_of_definition"]

MESSAGE_LIMIT = 64 * 1024
FRAME_LIMIT = 100
CHAIN_LIMIT = 10
GROUP_LIMIT = 10
CODE_LIMIT = 400
_DECORATORS = 40
_PYTHON = linecache.__file__.replace("\\", "/").rsplit("/", 1)[0] + "/"
_OURS = __file__.replace("\\", "/").rsplit("/model/events/", 1)[0] + "/"


class ErrorFrame(msgspec.Struct, frozen=True, gc=False):
    """
    One frame of a stack.

    Attributes:
        file: The source file.
        line: The line, from 1; 0 if unknown.
        function: The qualified name of the function.
        code: The source line, without indentation; empty if unknown.
        is_user: Whether it is the user's (or a library's) and not Orrery's own.
    """

    file: str
    line: int
    function: str
    code: str = ""
    is_user: bool = True

    def __str__(self) -> str:
        head = f'  File "{self.file}", line {self.line}, in {self.function}\n'
        return f"{head}    {self.code}\n" if self.code else head


class ErrorInfo(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    An exception as a record.

    Attributes:
        message: Class and text, with a newline at its end, as Python prints it last.
        frames: The stack, outermost first.
        cls_name: The name of the class.
        cause: The exception it was raised from, if any.
        context: The exception that was being handled, if any and not suppressed.
        members: The members of an exception group.
    """

    message: str
    frames: tuple[ErrorFrame, ...] = ()
    cls_name: str | None = None
    cause: ErrorInfo | None = None
    context: ErrorInfo | None = None
    members: tuple[ErrorInfo, ...] = ()

    @property
    def stack(self) -> list[str]:
        """Return the stack as Python prints it, one text per frame."""
        return [str(frame) for frame in self.frames]

    @property
    def user_frames(self) -> tuple[ErrorFrame, ...]:
        """Return the frames that are not Orrery's own."""
        return tuple(frame for frame in self.frames if frame.is_user)

    def to_exception_message_only(self) -> ErrorInfo:
        """Return the record without stack, cause and context."""
        return ErrorInfo(self.message, (), self.cls_name)

    def to_string(self) -> str:
        """Return the whole record as text: message, stack, and what lies behind it."""
        parts = [self.message]
        if self.frames:
            parts.append(f"\nStack Trace:\n{''.join(self.stack)}")
        for number, member in enumerate(self.members, 1):
            parts.append(f"\nMember {number} of the group:\n{member.to_string()}")
        if self.cause is not None:
            parts.append(f"\nThe above exception was caused by the following exception:\n{self.cause.to_string()}")
        if self.context is not None:
            parts.append(
                "\nThe above exception occurred during handling of the following exception:\n"
                f"{self.context.to_string()}"
            )
        return "".join(parts)

    def __str__(self) -> str:
        return self.to_string()


def error_info_from_exception(exc: BaseException, *, user_frames_first: bool = True) -> ErrorInfo:
    """
    Return the record of *exc* and of what lies behind it.

    Args:
        exc: The exception, with its traceback.
        user_frames_first: Where the error is one of ours around one of the user's code, tell the
            frames from the user's function on, and leave out how the engine came to it.

    Returns:
        A record of bounded size: long messages, deep stacks and long chains are cut.
    """
    return _info(exc, user_frames_first, seen=set(), depth=0)


def _info(exc: BaseException, user_frames_first: bool, seen: set[int], depth: int) -> ErrorInfo:
    seen.add(id(exc))
    cause, context = _field(exc, "__cause__"), _field(exc, "__context__")
    suppressed = bool(_field(exc, "__suppress_context__"))
    return ErrorInfo(
        message=_message(exc),
        frames=(*_frames(_field(exc, "__traceback__"), user_frames_first), *_frame_of_syntax(exc)),
        cls_name=_class_name(exc),
        cause=_behind(cause, user_frames_first, seen, depth),
        context=None if suppressed or cause is not None else _behind(context, user_frames_first, seen, depth),
        members=_members(exc, user_frames_first, seen, depth),
    )


def _field(exc: BaseException, name: str) -> Any:
    try:
        return getattr(exc, name, None)
    except BaseException:  # noqa: BLE001  # the exception is the user's, and so is what its attributes do
        return None


def _behind(exc: Any, user_frames_first: bool, seen: set[int], depth: int) -> ErrorInfo | None:
    if not isinstance(exc, BaseException) or id(exc) in seen or depth >= CHAIN_LIMIT:
        return None
    return _info(exc, user_frames_first, seen, depth + 1)


def _members(exc: BaseException, user_frames_first: bool, seen: set[int], depth: int) -> tuple[ErrorInfo, ...]:
    if not isinstance(exc, BaseExceptionGroup) or depth >= CHAIN_LIMIT:
        return ()
    infos = (_behind(member, user_frames_first, seen, depth) for member in exc.exceptions[:GROUP_LIMIT])
    return tuple(info for info in infos if info is not None)


def _class_name(exc: BaseException) -> str:
    return type(exc).__name__


def _message(exc: BaseException) -> str:
    kind = type(exc)
    name = kind.__qualname__
    if not str(kind.__module__).startswith(("builtins", "__main__", "orrery.")):
        name = f"{kind.__module__}.{name}"
    try:
        text = _text(exc)
    except BaseException:  # noqa: BLE001  # the user's __str__ may do anything; the record is made all the same
        text = _repr(exc)
    return f"{name}: {_cut(text)}\n" if text else f"{name}\n"


def _text(exc: BaseException) -> str:
    text = str(exc)
    if isinstance(exc, SyntaxError) and exc.text:
        text = f"{text}\n    {exc.text.strip()}{_caret(exc)}"
    for note in getattr(exc, "__notes__", ()):
        text = f"{text}\n{note}"
    return text


def _caret(exc: SyntaxError) -> str:
    """Return a line that points to where Python stopped reading, below the line it read."""
    line = exc.text or ""
    before = line[: (exc.offset or 0) - 1].lstrip()
    is_within = isinstance(exc.offset, int) and 0 < exc.offset <= len(line) + 1
    return "\n    " + "".join("\t" if sign == "\t" else " " for sign in before) + "^" if is_within else ""


def _frame_of_syntax(exc: BaseException) -> tuple[ErrorFrame, ...]:
    """Return where a syntax error is: the frames tell only who read the file."""
    if not isinstance(exc, SyntaxError):
        return ()
    file, line = _field(exc, "filename"), _field(exc, "lineno")
    if not isinstance(file, str) or not isinstance(line, int) or line < 1:
        return ()
    code = linecache.getline(file, line).strip()[:CODE_LIMIT]
    return (ErrorFrame(file=file, line=line, function="<module>", code=code, is_user=not _is_ours(file)),)


def _repr(exc: BaseException) -> str:
    try:
        return repr(exc)
    except BaseException:  # noqa: BLE001  # as above
        return "<the exception can tell neither its text nor its representation>"


def _cut(text: str) -> str:
    if len(text) > MESSAGE_LIMIT:
        left_out = len(text) - MESSAGE_LIMIT
        text = f"{text[: MESSAGE_LIMIT // 2]}\n... [{left_out} characters left out] ...\n{text[-MESSAGE_LIMIT // 2 :]}"
    return text


def _frames(traceback: TracebackType | None, user_frames_first: bool) -> tuple[ErrorFrame, ...]:
    spots: list[tuple[Any, int]] = []
    while traceback is not None:
        spots.append((traceback.tb_frame.f_code, traceback.tb_lineno or 0))
        traceback = traceback.tb_next
    if user_frames_first:
        spots = spots[_first_of_user([code.co_filename for code, _ in spots]) :]
    if len(spots) > FRAME_LIMIT:
        half = FRAME_LIMIT // 2
        between = ErrorFrame(f"... {len(spots) - 2 * half} frames left out ...", 0, "...")
        return (*map(_frame, spots[:half]), between, *map(_frame, spots[-half:]))
    return tuple(map(_frame, spots))


def _first_of_user(files: list[str]) -> int:
    """Return where the user's code begins: after the engine and what of Python runs it; 0 if nowhere."""
    for index, file in enumerate(files):
        if not _is_ours(file) and not _is_of_python(file):
            return index
    return 0


def _frame(spot: tuple[Any, int]) -> ErrorFrame:
    code, line = spot
    return ErrorFrame(
        file=code.co_filename,
        line=line,
        function=code.co_name,
        code=linecache.getline(code.co_filename, line).strip()[:CODE_LIMIT] if line else "",
        is_user=not _is_ours(code.co_filename),
    )


def frame_of_definition(function: Any) -> ErrorFrame | None:
    """
    Return the line that defines *function*, as a frame: for errors about it that it did not raise itself.

    None if it is ours, or has no source.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    if not isinstance(code, CodeType) or _is_ours(code.co_filename) or _is_of_python(code.co_filename):
        return None
    first = code.co_firstlineno  # of the decorators, if there are any
    for line in range(first, first + _DECORATORS):
        text = linecache.getline(code.co_filename, line).strip()
        if text.startswith(("def ", "async def ")):
            return ErrorFrame(code.co_filename, line, code.co_name, text[:CODE_LIMIT])
    return ErrorFrame(code.co_filename, first, code.co_name, linecache.getline(code.co_filename, first).strip())


def _is_ours(file: str) -> bool:
    return file.replace("\\", "/").startswith(_OURS)


def _is_of_python(file: str) -> bool:
    path = file.replace("\\", "/")
    return path.startswith("<frozen ") or (path.startswith(_PYTHON) and "/site-packages/" not in path)
