"""
Run many programs in one process and write down the facts of each.

``python run_batch.py OUT PROGRAM...``: one JSON line per program is appended to OUT as soon as it is known, so that
whoever started this process knows which program brought it down. Each program gets a fresh module, an empty working
directory, the environment as it was, and a limit of time; what it prints is thrown away.

Runs under both interpreters: standard library only, apart from what the programs themselves import.
"""

import faulthandler
import importlib.util
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from types import FrameType
from typing import Any

LIMIT_SECONDS = 60


class OutOfTimeError(BaseException):
    """The program did not end within its limit; not an Exception, so that no engine takes it for the user's."""


def _stop(signum: int, frame: FrameType | None) -> None:
    raise OutOfTimeError(f"the program did not end within {LIMIT_SECONDS} s")


def _tell(error: BaseException | None) -> str:
    """Tell of an error by the places it went through, and by the text of those lines that are the program's."""
    lines: list[str] = []
    while error is not None and len(lines) < 200:
        for frame in traceback.extract_tb(error.__traceback__):
            if "site-packages" not in frame.filename:
                lines.append(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n    {frame.line}')
        lines.append("".join(traceback.format_exception_only(error)).strip()[:3000])
        error = error.__cause__ or error.__context__
        if error is not None:
            lines.append("which came of:")
    return "\n".join(lines)


def run_program(path: Path, number: int) -> dict[str, Any]:
    """Run the program at *path*, and return its facts or what brought it down."""
    from facts import Record  # type: ignore[import-not-found]  # beside this script; imports dagster, which may fail

    name = f"differential_program_{number}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    record = Record()
    before, environment = Path.cwd(), dict(os.environ)
    folder = Path(tempfile.mkdtemp())
    os.chdir(folder)
    os.environ["ORRERY_HOME"] = str(folder / ".orrery")
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(LIMIT_SECONDS)
    faulthandler.dump_traceback_later(
        LIMIT_SECONDS + 15, exit=True
    )  # where even that is caught: the next process goes on
    try:
        spec.loader.exec_module(module)
        module.program(record)
    except BaseException as error:  # whatever it is, it is an answer, and the next program must run
        return {"crashed": _tell(error), "facts": record.facts}
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environment)
        sys.modules.pop(name, None)
        shutil.rmtree(folder, ignore_errors=True)
    return {"facts": record.facts}


def read_migrations_once() -> None:
    """Keep the migrations of the oracle once read: each of its instances reads some hundred anew, a fifth of all it does."""
    if importlib.util.find_spec("orrery") is not None:
        return
    from alembic.script import ScriptDirectory  # type: ignore[import-not-found,unused-ignore]  # the oracle has it

    read, kept = ScriptDirectory.from_config, {}

    def from_config(config: Any) -> Any:
        place = config.get_main_option("script_location")
        if place not in kept:
            kept[place] = read(config)
        return kept[place]

    ScriptDirectory.from_config = staticmethod(from_config)


def main(arguments: list[str]) -> None:
    """Run the programs named on the command line."""
    read_migrations_once()
    out, *programs = arguments
    os.environ.pop("DAGSTER_HOME", None)
    warnings.simplefilter("ignore")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    logging.raiseExceptions = False
    with open(out, "a", encoding="utf-8") as lines:
        for number, program in enumerate(programs):
            lines.write(json.dumps({"started": program}) + "\n")
            lines.flush()
            try:
                answer = run_program(Path(program), number)
            except Exception:
                answer = {"crashed": _tell(sys.exc_info()[1]), "facts": {}}
            lines.write(json.dumps({"program": program, **answer}, sort_keys=True) + "\n")
            lines.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
