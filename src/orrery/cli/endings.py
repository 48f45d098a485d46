"""
How a command ends: its exit code, and what is said about an error.

0 all went well, 1 something failed, 2 the command was used wrongly (an unknown name, a config that does not
fit), 3 something is out of date (where that was asked), 130 interrupted or canceled; asked to stop by another signal than
Ctrl-C, 128 and its number: 143 for SIGTERM, 129 for a terminal that was closed.
With ``--json`` an error is a JSON document on standard output, otherwise text on
standard error.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from orrery.base.errors import CodeLocationLoadError, OrreryError, ProbeFailedError, UserCodeLoadError
from orrery.cli.json_output import is_json_asked
from orrery.cli.text import block

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "OUT_OF_DATE",
    "SUCCESS",
    "WRONG_USAGE",
    "OutputLost",
    "echo_error",
    "ended",
    "error_document",
    "forget_output",
    "interrupted_by",
    "wrong_usage",
]

_SOURCE = ("-f", "--file", "-m", "--module", "-a", "--attribute")

_UNWRITTEN = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG)

_MENDS = {
    errno.EACCES: "give yourself the right to it, or work in another directory.",
    errno.EPERM: "give yourself the right to it, or work in another directory.",
    errno.EROFS: "work in a directory of a file system that can be written.",
    errno.ENOSPC: "make room, or work in another directory.",
    errno.EDQUOT: "make room, or work in another directory.",
    errno.EFBIG: "allow files to be larger (`ulimit -f`), or work in another directory.",
    errno.EIO: "look at the disk, or work in another directory.",
    errno.ENOTDIR: "name a place whose parents are all directories.",
    errno.ENAMETOOLONG: "choose a shorter name.",
}
"""What to try, by what the system said of a file."""

SUCCESS, FAILED, WRONG_USAGE, OUT_OF_DATE, INTERRUPTED = 0, 1, 2, 3, 130


def interrupted_by(number: int) -> int:
    """Return the exit code of a command that the signal *number* asked to stop: what a shell says of it, too."""
    return 128 + number


class _WrongUsage(Exception):
    """Carries an error of ours that came from what the user wrote on the command line."""

    def __init__(self, error: OrreryError) -> None:
        super().__init__(error)
        self.error = error


class OutputLost(Exception):
    """Standard output cannot be written, and what was to be told is lost."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error)
        self.error = error


@contextmanager
def wrong_usage() -> Iterator[None]:
    """Let errors inside end the command with the code for wrong usage: names, config, tags that the user gave."""
    try:
        yield
    except (ProbeFailedError, UserCodeLoadError):
        raise
    except OrreryError as error:
        raise _WrongUsage(error) from error


def ended(command: Callable[[], Any]) -> int:
    """Call *command* and return the exit code, telling what went wrong, if anything did."""

    def complete() -> Any:
        code = command()
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(error) from error
        return code

    try:
        code = complete()
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("interrupted", "Interrupted.", None)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return SUCCESS
    except click.NoSuchOption as error:
        _tell("usage", _unknown_option(error), None)
        return WRONG_USAGE
    except click.UsageError as error:
        where = f"\n  More: {error.ctx.command_path} --help" if error.ctx is not None else ""
        _tell("usage", f"{error.format_message()}{where}", None)
        return WRONG_USAGE
    except click.ClickException as error:
        _tell("usage", error.format_message(), None)
        return WRONG_USAGE
    except _WrongUsage as wrong:
        _tell(wrong.error.code, str(wrong.error), None)
        return WRONG_USAGE
    except BrokenPipeError:
        forget_output()
        return FAILED
    except OutputLost as lost:
        return _output_lost(lost.error)
    except OSError as error:
        if error.errno in _UNWRITTEN and error.filename is None:
            return _output_lost(error)
        _tell(*_told(error))
        return FAILED
    except UserCodeLoadError as error:
        _tell(error.code, str(error), error.user_exception or error)
        return FAILED
    except CodeLocationLoadError as error:
        _tell(error.code, str(error), None)
        return WRONG_USAGE
    except OrreryError as error:
        _tell(*_told(error))
        return FAILED
    except Exception as error:  # noqa: BLE001  # the last boundary: told with its frames, and the code says so
        _tell("error", f"{type(error).__name__}: {error}", error)
        return FAILED
    return code if isinstance(code, int) else SUCCESS


def echo_error(about: str, error: OrreryError | OSError) -> None:
    """Print an error that ended one part of what the command does, after *about*, which names that part."""
    code, message, cause = _told(error)
    _tell(code, f"{about}: {message}", cause)


def error_document(error: OrreryError | OSError) -> dict[str, Any]:
    """Return an error as the JSON document that a command ends with."""
    return _document(*_told(error))


def _told(error: OrreryError | OSError) -> tuple[str, str, BaseException | None]:
    """Return the code of an error, what is said of it, and what it came from."""
    if isinstance(error, OrreryError):
        return error.code, str(error), error.__cause__
    said = _said_by_system(error)
    return "error", said or f"{type(error).__name__}: {error}", None if said else error


def _said_by_system(error: OSError) -> str | None:
    """Return what the system refused, and what to try, where that is all there is to say."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return (
            "The working directory is gone: it was deleted while the shell stood in it.\n"
            "  Try: go to a directory that is there; `cd .` if one of that name was made again."
        )
    mend = _MENDS.get(error.errno or 0)
    if mend is None or error.filename is None:
        return None
    return f"{os.path.abspath(os.fsdecode(error.filename))} cannot be used: {error.strerror}.\n  Try: {mend}"


def _output_lost(error: OSError) -> int:
    forget_output()
    click.echo(
        f"{click.style('Error: ', fg='red', bold=True)}Standard output cannot be written: {error.strerror}.\n"
        "  Try: make room, or send the output elsewhere.",
        err=True,
    )
    return FAILED


def _unknown_option(error: click.NoSuchOption) -> str:
    message = error.format_message()
    context = error.ctx
    if context is None:
        return message
    if error.option_name in _SOURCE and context.command_path.split()[1:2] == ["runs"]:
        message += "\n  Try: leave it out. Runs are recorded for the folder, whatever file defines them."
    elif error.option_name in _SOURCE and context.parent is None:
        message += f"\n  Try: write it after the command: {context.command_path} list {error.option_name} ..."
    return f"{message}\n  More: {context.command_path} --help"


def _tell(code: str, message: str, cause: BaseException | None) -> None:
    if is_json_asked():
        sys.stdout.write(json.dumps({"error": _document(code, message, cause)}) + "\n")
        return
    head, *rest = message.split("\n")
    lines = [click.style("Error: ", fg="red", bold=True) + block(head, "")]
    if cause is not None:
        from orrery.cli.failure_text import failure_lines  # msgspec takes 10 ms: only where something failed
        from orrery.model.events.error_info import error_info_from_exception

        lines += ["", *failure_lines(error_info_from_exception(cause)), *([""] if rest else [])]
    lines += [block(line, "" if line.startswith("  ") else "  ") for line in rest if line.strip()]
    click.echo("\n".join(lines), err=True)


def _document(code: str, message: str, cause: BaseException | None) -> dict[str, Any]:
    what, _, rest = message.partition("\n  Try: ")
    document: dict[str, Any] = {"code": code, "message": what, "try": rest.partition("\n  More: ")[0] or None}
    if cause is not None:
        from orrery.cli.failure_text import failure_document  # as above
        from orrery.model.events.error_info import error_info_from_exception

        document["cause"] = failure_document(error_info_from_exception(cause))
    return document


def forget_output() -> None:
    """Send what is still printed nowhere: whoever read it is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
