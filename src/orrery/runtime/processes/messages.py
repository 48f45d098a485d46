"""
What a code process and its owner say to each other.
"""

from __future__ import annotations

import importlib
from typing import Any, TypeAlias

import msgspec

from orrery.base.errors import InvariantViolationError
from orrery.model.events.error_info import ErrorInfo
from orrery.runtime.processes.endings import ProcessEnd

__all__ = [
    "Ended",
    "FromCodeProcess",
    "Prepare",
    "Prepared",
    "Refused",
    "Signal",
    "Start",
    "Started",
    "ToCodeProcess",
    "function_named",
]


class Prepare(msgspec.Struct, frozen=True, tag="prepare"):
    """
    The first message: what to do before any child is started.

    Attributes:
        function: ``module:name`` of a function ``(bytes) -> Any``; what it returns is handed to each child.
        argument: Its argument.
        import_path: Folders that imports begin at.
        may_fork: Whether children may be forked; else each is a fresh interpreter.
        idle_seconds: End after so long without children and requests; None for as long as there is an owner.
        grace_seconds: How long children have to end when the owner is gone, before they are killed.
        warms_spare: ``module:name`` of a function ``() -> Any`` that makes a spare child warm: one is kept, then, for the
            next that outlives its parent.
        at_rest: ``module:name`` of a function ``() -> Any`` that is called once, when nobody asks and no child is left.
    """

    function: str
    argument: bytes
    import_path: list[str]
    may_fork: bool = True
    idle_seconds: float | None = None
    grace_seconds: float = 2.0
    warms_spare: str = ""
    at_rest: str = ""


class Start(msgspec.Struct, frozen=True, tag="start"):
    """
    Start a child. The socket of its channel is handed over with the message.

    Attributes:
        number: Names the child in what follows.
        function: ``module:name`` of a function ``(Channel, bytes, Any) -> int | None``; what it returns is the exit code.
        argument: Its second argument; the third is what was prepared.
        is_fresh: Start a fresh interpreter, and do not fork.
        outlives: Whether the child lives on when the owner dies.
    """

    number: int
    function: str
    argument: bytes
    is_fresh: bool = False
    outlives: bool = False


class Signal(msgspec.Struct, frozen=True, tag="signal"):
    """
    Send a signal to a child and to all that it started.

    Attributes:
        number: The child; nothing happens if it has ended.
        signal: Number of the signal.
        is_for_group: Whether its own children get it, too.
    """

    number: int
    signal: int
    is_for_group: bool = False


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """
    Children may be started.

    Attributes:
        process: Id of the code process.
        forks: Whether they are forked.
        why_not: Why they are not.
    """

    process: int
    forks: bool
    why_not: str = ""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """
    What was to be prepared raised; the code process ends.

    Attributes:
        error: What was raised.
        message: What is wrong, of an error of our own; empty otherwise.
        mend: What to try, if the error said so.
    """

    error: ErrorInfo
    message: str = ""
    mend: str | None = None


class Started(msgspec.Struct, frozen=True, tag="started"):
    """
    A child was started.

    Attributes:
        number: The child.
        process: Its process id.
    """

    number: int
    process: int


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """
    A child has ended.

    Attributes:
        number: The child.
        end: How.
    """

    number: int
    end: ProcessEnd


ToCodeProcess: TypeAlias = Prepare | Start | Signal
FromCodeProcess: TypeAlias = Prepared | Refused | Started | Ended


def function_named(name: str) -> Any:
    """
    Import and return the function that ``module:name`` names.

    Raises:
        InvariantViolationError: There is none.
    """
    module, _colon, attribute = name.partition(":")
    found = getattr(importlib.import_module(module), attribute, None)
    if not callable(found):
        raise InvariantViolationError(f"'{name}' names no function.", mend="write module:function.")
    return found
