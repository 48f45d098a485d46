"""What a launch is given, looked at before anything runs: each fault is told in the words of who launches."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from orrery.adapters.pipes.injectors import PipesContextInjector
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.base.errors import WrongArgumentsError

__all__ = ["check_command", "check_environment", "check_extras", "check_sides", "check_values", "split_hint"]


def check_extras(extras: Any) -> None:
    """Raise unless *extras* is a mapping that has a JSON form."""
    if extras is None:
        return
    if not isinstance(extras, Mapping):
        raise WrongArgumentsError(
            f"The extras of an external process are a mapping of names to values, not {_shown(extras)}.",
            mend='write extras={"name": value}.',
        )
    for name, value in extras.items():
        try:
            json.dumps({name: value})  # a number as the name becomes a text, as in the reference
        except (TypeError, ValueError, RecursionError) as error:
            raise WrongArgumentsError(
                f"The extra {name!r} of an external process has no JSON form: {error}.",
                mend="give numbers, texts, booleans, None, and lists and dicts of them; large values go by values=.",
            ) from error


def check_sides(context: Any, context_injector: Any, message_reader: Any) -> None:
    """Raise unless these are the context of a step, an injector and a reader."""
    if not hasattr(getattr(context, "op_execution_context", context), "has_assets_def"):
        raise WrongArgumentsError(
            f"An external process is launched for a step; {_shown(context)} is no context of one.",
            mend="pass the context that the asset or op was called with.",
        )
    for given, expected in ((context_injector, PipesContextInjector), (message_reader, PipesMessageReader)):
        if not isinstance(given, expected):
            raise WrongArgumentsError(
                f"An external process needs a {expected.__name__}, not {_shown(given)}.",
                mend=f"make one, such as {expected.__name__.replace('Pipes', 'PipesTempFile')}().",
            )


def check_values(values: Any) -> None:
    """Raise unless *values* is a mapping by names."""
    if values is None or (isinstance(values, Mapping) and all(isinstance(name, str) for name in values)):
        return
    raise WrongArgumentsError(
        f"The values of an external process are a mapping of names to values, not {_shown(values)}.",
        mend='write values={"orders": orders}.',
    )


def check_command(command: Any) -> None:
    """Raise unless *command* is a program, or a program with its arguments."""
    parts = [command] if isinstance(command, (str, os.PathLike)) else command
    if isinstance(parts, bytes) or not isinstance(parts, Sequence) or not parts or not parts[0]:
        raise WrongArgumentsError(
            f"The command of an external process is {_shown(command)}; it has no program to start.",
            mend='write command=["python", "script.py"].',
        )
    for part in parts:
        if not isinstance(part, (str, bytes, os.PathLike)):
            raise WrongArgumentsError(
                f"The command of an external process has the argument {_shown(part)}, which is no text.",
                mend="write str(...) around it.",
            )
        if "\0" in os.fsdecode(part):
            raise WrongArgumentsError(
                f"The command of an external process has the argument {_shown(part)}, with a null sign in it.",
                mend="hand such data over as extras, or by values=.",
            )


def split_hint(command: Any) -> str | None:
    """Return the command in parts where one text holds a program with its arguments; else None."""
    if not isinstance(command, str) or " " not in command.strip():
        return None
    try:
        return repr(shlex.split(command))
    except ValueError:  # a quote that does not end: no shell would take it either
        return None


def check_environment(*environments: Any) -> None:
    """Raise unless each is a mapping of names to texts that a system takes as variables."""
    for given in environments:
        if given is None:
            continue
        if not isinstance(given, Mapping):
            raise WrongArgumentsError(
                f"The environment of an external process is a mapping of names to texts, not {_shown(given)}.",
                mend='write env={"NAME": "value"}.',
            )
        for name, value in given.items():
            good = isinstance(name, (str, bytes)) and isinstance(value, (str, bytes, os.PathLike))
            if not good or not name or "=" in os.fsdecode(name) or "\0" in os.fsdecode(name) + os.fsdecode(value):
                raise WrongArgumentsError(
                    f"The variable {_shown(name)} of an external process, given a value of {type(value).__name__}, is none "
                    "that a system takes.",
                    mend="name it without '=', and give a text: str(...).",
                )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:100] + "..."
