"""
An error as people read it: where, what, why, and what to try.

The user's own frames stand with their source lines; ours, and those of libraries, are folded into a line
that says how many. What was raised comes after the frames, then its cause, and last what to try.
"""

from __future__ import annotations

import linecache
import re
import sysconfig
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

import click

from orrery.cli.happenings import is_wrapper
from orrery.cli.paper import dim
from orrery.cli.text import block, count, one_line, short_path
from orrery.model.events.error_info import ErrorFrame, ErrorInfo

__all__ = ["failure_document", "failure_lines"]

_AROUND = 2
_SAY_NOTHING = ("ExecutionStepExecutionError",)  # which step failed stands above already
_CHAIN = 6
_TURNS = 3
_LONGEST_TURN = 4
_LEFT_OUT = re.compile(r"\.\.\. (\d+) frames left out \.\.\.\Z")


def failure_lines(error: ErrorInfo, *, every_frame: bool = False, indent: str = "  ") -> list[str]:
    """
    Return an error as lines.

    Args:
        error: The error.
        every_frame: Fold nothing.
        indent: Put before each line.
    """
    lines: list[str] = []
    mends: list[str] = []
    where, error = _unwrapped(error)
    if where:
        lines += [*block(where, indent).split("\n"), ""]
    seen = 0
    current: ErrorInfo | None = error
    while current is not None and seen < _CHAIN:
        if seen:
            lines += ["", f"{indent}{dim('because of')}"]
        lines += _frames(current.frames, every_frame, indent)
        what, mend = _parted(current.message)
        head, *rest = block(what, indent).split("\n")
        lines += [click.style(head, fg="red", bold=True), *rest]
        if mend:
            mends.append(mend)
        for number, member in enumerate(current.members, 1):
            lines += ["", f"{indent}{dim(f'member {number} of the group')}"]
            lines += failure_lines(member, every_frame=every_frame, indent=indent + "  ")
        current = current.cause or current.context
        seen += 1
    for mend in mends:
        lines += ["", *block(f"Try: {mend}", indent).split("\n")]
    return lines


def failure_document(error: ErrorInfo) -> dict[str, Any]:
    """Return an error as a JSON document: ``type``, ``message``, ``try``, ``frames`` and ``cause``."""
    where, error = _unwrapped(error)
    what, mend = _parted(error.message)
    behind = error.cause or error.context
    return {
        "type": error.cls_name,
        "message": what,
        "where": where or None,
        "try": mend or None,
        "frames": [
            {"file": frame.file, "line": frame.line, "function": frame.function, "code": frame.code}
            for frame in error.frames
            if _is_of_user(frame)
        ],
        "cause": None if behind is None else failure_document(behind),
    }


def _unwrapped(error: ErrorInfo) -> tuple[str, ErrorInfo]:
    """Return what the errors around the user's own say of the place, and the user's own error."""
    said: list[str] = []
    while is_wrapper(error) and error.cause is not None:
        if error.cls_name not in _SAY_NOTHING:
            text = _parted(error.message)[0]
            said.append(text.partition(": ")[2] or text)
        error = error.cause
    return "\n".join(said), error


def _parted(message: str) -> tuple[str, str]:
    """Return what is wrong, and what to try."""
    what, _, rest = message.rstrip("\n").partition("\n  Try: ")
    return what, rest.partition("\n  More: ")[0]


# -- frames --------------------------------------------------------------------------------------


def _frames(frames: Sequence[ErrorFrame], every_frame: bool, indent: str) -> list[str]:
    if every_frame:
        return [line for frame in frames for line in _frame(frame, indent, last=False)]
    own = [frame for frame in frames if _is_of_user(frame)]
    lines: list[str] = []
    folded: list[ErrorFrame] = []
    for frame, repeated in _turns(frames):
        if _is_of_user(frame):
            lines += _folded(len(folded), _names(folded), indent)
            folded = []
            lines += _frame(frame, indent, last=frame is own[-1])
            if repeated:
                lines.append(f"{indent}{dim(f'({repeated} more frames repeat this)')}")
        else:
            folded.append(frame)
    return lines + _folded(len(folded), _names(folded), indent)


def _turns(frames: Sequence[ErrorFrame]) -> list[tuple[ErrorFrame, int]]:
    """
    Return the frames; of those that come again and again only the last turn.

    Beside the last frame of that turn stands how many frames repeat it, those that the record left out included.
    """
    told: list[tuple[ErrorFrame, int]] = []
    at = 0
    while at < len(frames):
        turn, after, left_out = _turn_at(frames, at)
        told += [(frame, 0) for frame in frames[after - turn : after]]
        if after > at + turn:
            told[-1] = (told[-1][0], after - at - turn + left_out)
        at = after
    return told


def _turn_at(frames: Sequence[ErrorFrame], at: int) -> tuple[int, int, int]:
    """Return of what repeats from *at* on: frames of a turn, the first frame after it, and how many were left out."""
    for turn in range(1, _LONGEST_TURN + 1):
        members = frames[at : at + turn]
        after, left_out = at + turn, 0
        while after < len(frames):
            gap = _LEFT_OUT.match(frames[after].file)
            if gap is not None and left_out == 0 and after + 1 < len(frames) and frames[after + 1] in members:
                left_out = int(gap.group(1)) - 1
                after += 1
            elif frames[after] == frames[after - turn] or (left_out and frames[after] in members):
                after += 1
            else:
                break
        if after - at > _TURNS * turn:
            return turn, after, left_out
    return 1, at + 1, 0


def _folded(how_many: int, names: str, indent: str) -> list[str]:
    if how_many <= 0:
        return []
    frames = count(how_many, "frame")
    return [f"{indent}{dim(f'({frames} in {names} folded)')}"]


def _names(frames: Iterable[ErrorFrame]) -> str:
    return ", ".join(dict.fromkeys(_library(frame) for frame in frames))


def _library(frame: ErrorFrame) -> str:
    if not frame.is_user:
        return "orrery"
    path = frame.file.replace("\\", "/")
    for mark in ("/site-packages/", "/dist-packages/"):
        if mark in path:
            return one_line(path.rsplit(mark, 1)[1].split("/", 1)[0].removesuffix(".py"))
    return "Python"


def _is_of_user(frame: ErrorFrame) -> bool:
    if not frame.is_user:
        return False
    path = frame.file.replace("\\", "/")
    if "/site-packages/" in path or "/dist-packages/" in path or path.startswith("<frozen "):
        return False
    return not any(path.startswith(folder) for folder in _PYTHON)


_PYTHON = tuple(
    f"{sysconfig.get_path(name)}/".replace("\\", "/") for name in ("stdlib", "platstdlib") if sysconfig.get_path(name)
)


def _frame(frame: ErrorFrame, indent: str, *, last: bool) -> list[str]:
    left_out = _LEFT_OUT.match(frame.file)
    if left_out is not None:
        return [f"{indent}{dim(f'({left_out.group(1)} frames left out)')}"]
    head = f"{indent}{one_line(short_path(frame.file))}:{frame.line} in {one_line(frame.function)}"
    around = _source_around(frame) if last else []
    if around:
        width = len(str(around[-1][0]))
        return [head, *(_source_line(number, text, number == frame.line, width, indent) for number, text in around)]
    return [head, f"{indent}    {one_line(frame.code)}"] if frame.code else [head]


def _source_line(number: int, text: str, is_it: bool, width: int, indent: str) -> str:
    line = f"{indent}  {'>' if is_it else ' '} {number:>{width}}  {one_line(text)}".rstrip()
    return line if is_it else dim(line)


def _source_around(frame: ErrorFrame) -> list[tuple[int, str]]:
    """Return some lines of the function around the frame's, if the file still says what it said."""
    if not frame.code or linecache.getline(frame.file, frame.line).strip() != frame.code:
        return []
    here = _line(frame, frame.line)
    before = _within(here, (_line(frame, number) for number in range(frame.line - 1, frame.line - 1 - _AROUND, -1)))
    after = _within(here, (_line(frame, number) for number in range(frame.line + 1, frame.line + 1 + _AROUND)))
    if _opens(here) and frame.function != "<module>":
        before = list(takewhile(lambda text: text.lstrip().startswith("@"), before))
        after = list(takewhile(lambda text: _indent(text) > _indent(here), after))
    texts = [*reversed([text for text in before if text is not here]), here]
    first = frame.line - len(texts) + 1
    texts += [text for text in after if not _opens(text) or _indent(text) >= _indent(here)]
    margin = min((_indent(text) for text in texts if text.strip()), default=0)
    return [(first + at, text[margin:]) for at, text in enumerate(texts)]


def _line(frame: ErrorFrame, number: int) -> str:
    return linecache.getline(frame.file, number).rstrip("\n").replace("\t", "    ") if number > 0 else ""


def _within(here: str, lines: Iterable[str]) -> list[str]:
    """Return the lines up to the one that opens the function of *here*, or another one."""
    found = []
    for text in lines:
        if not text.strip():
            break
        found.append(text)
        if _opens(text) and _indent(text) < _indent(here):
            break
    return found


def _opens(text: str) -> bool:
    return text.lstrip().startswith(("def ", "async def ", "class ", "@"))


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
