"""
What is left after a fault: verdicts beside the reference's, from the same programs.

``python -m benchmarks.reliability`` runs each program below in processes of both - the programs import the name
``dagster`` and nothing else - and prints the table that stands in ``docs/reliability.md``; with ``--write`` it puts it there.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.reliability_postgres import POSTGRES_CASES
from benchmarks.reliability_runs import RUN_CASES

__all__ = ["CASES", "PAGE", "SLOW_CASES", "main", "verdict", "written"]

ROOT = Path(__file__).parents[1]
PYTHONS = {"ours": ROOT / ".venv" / "bin" / "python", "theirs": ROOT / ".oracle" / "bin" / "python"}
PAGE = ROOT / "docs" / "reliability.md"
_SECONDS = 1_800
"""For one program: the reference takes many minutes for its hundred runs with a fault at each seventh write."""

_HEAD = """
    import os, pickle, resource, signal, sys, time
    from pathlib import Path
    import dagster as dg

    PLACE = Path(os.environ["PLACE"])
    VALUES = PLACE / "values"
    INSTANCE = dg.DagsterInstance.local_temp(str(PLACE / "home"))

    def renew(value, **options):
        @dg.asset
        def thing():
            return value() if callable(value) and not isinstance(value, type) else value
        resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(VALUES))}
        return dg.materialize([thing], resources=resources, instance=INSTANCE, raise_on_error=False, **options)

    def load():
        @dg.asset
        def thing():
            return None
        @dg.asset
        def reads(thing):
            return thing if not isinstance(thing, str) else thing[:3]
        resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(VALUES))}
        result = dg.materialize(
            [thing, reads], selection="reads", resources=resources, instance=INSTANCE, raise_on_error=False
        )
        if result.success:
            return "the value " + repr(result.output_for_node("reads"))
        error = result.get_step_failure_events()[0].step_failure_data.error
        while error.cause is not None:
            error = error.cause
        return "an error: " + error.message.strip().splitlines()[0][:90]

    def the_file():
        return next(path for path in VALUES.rglob("*") if path.is_file() and path.name.startswith("thing"))
"""

_UNPICKLABLE = """
    renew("old")
    renew(lambda: (lambda: 1))
    print(load())
"""
_FULL = """
    renew("old")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
        return "new" * 10_000_000
    renew(full)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(load())
"""
_FLIPPED = """
    renew("old" * 1000)
    data = bytearray(the_file().read_bytes())
    data[len(data) // 2] ^= 4
    the_file().write_bytes(bytes(data))
    said = load()
    print("noticed" if said.startswith("an error") else "a wrong value, unnoticed")
"""
_FOREIGN = """
    class Code:
        def __reduce__(self):
            return (os.mkdir, (str(PLACE / "ran"),))
    renew("old")
    the_file().write_bytes(pickle.dumps(Code()))
    load()
    print("its code was run" if (PLACE / "ran").exists() else "refused")
"""
_KILLED_WRITE = """
    if len(sys.argv) == 1:
        renew("old" * 1000)
        print("stored", flush=True)
        class Big:
            def __reduce__(self):
                os.kill(os.getpid(), signal.SIGKILL)
        renew(["new" * 20_000_000, Big()])
    else:
        print(load())
"""
_KILLED_RUN = """
    if len(sys.argv) == 1:
        def waits():
            print("going on", flush=True)
            time.sleep(600)
        renew(waits)
    else:
        (run,) = INSTANCE.get_runs()
        print(run.status.value.lower())
"""

_LOCKED = """
    import subprocess
    HOLD = (
        "import pathlib, sqlite3, sys, time\\n"
        "held = [sqlite3.connect(path, isolation_level=None) for path in pathlib.Path(sys.argv[1]).rglob('*.db')]\\n"
        "[each.execute('BEGIN IMMEDIATE') for each in held]\\n"
        "print('held', flush=True)\\n"
        "time.sleep(float(sys.argv[2]))\\n"
    )
    holders = []
    def hold():
        command = [sys.executable, "-c", HOLD, str(PLACE / "home"), os.environ["SECONDS_HELD"]]
        holders.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        holders[0].stdout.readline()
        return "new"
    try:
        result = renew(hold)
        failures = [event for event in result.all_events if "FAILURE" in event.event_type_value]
        said = "the run succeeds" if result.success else " ".join(str(event.event_specific_data) for event in failures)
    except Exception as error:
        said = type(error).__name__ + ": " + str(error)
    if said != "the run succeeds":
        names_all = ".db" in said and str(holders[0].pid) in said
        locked = "database is locked" if "database is locked" in said else said.splitlines()[0][:90]
        said = "an error that names file and holder" if names_all else "an error: " + locked
    print(said)
"""
_READERS = """
    import subprocess
    BIG = 40_000_000
    if len(sys.argv) == 1:
        renew(b"0" * BIG)
        program = os.environ["PROGRAM"]
        reader = subprocess.Popen([sys.executable, "-c", program, "read"], stdout=subprocess.PIPE, text=True)
        reader.stdout.readline()
        for number in range(15):
            renew(bytes([65 + number]) * BIG)
        (PLACE / "done").touch()
        print(reader.communicate()[0].splitlines()[-1])
    else:
        INSTANCE = dg.DagsterInstance.ephemeral()
        @dg.asset
        def thing():
            return None
        @dg.asset
        def reads(thing):
            return len(thing) == BIG and thing.count(thing[:1]) == BIG
        torn = 0
        print("reading", flush=True)
        while not (PLACE / "done").exists():
            resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(VALUES))}
            result = dg.materialize(
                [thing, reads], selection="reads", resources=resources, instance=INSTANCE, raise_on_error=False
            )
            torn += not (result.success and result.output_for_node("reads"))
        print("some are torn or fail" if torn else "whole, each time")
"""
_FRESH = """
    import subprocess
    if len(sys.argv) == 1:
        program = os.environ["PROGRAM"].replace('INSTANCE = dg.DagsterInstance.local_temp(str(PLACE / "home"))', "")
        many = [
            subprocess.Popen(
                [sys.executable, "-c", program, "open"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(6)
        ]
        (PLACE / "fresh").mkdir()
        for each in many:
            each.stdout.readline()
        for each in many:
            each.stdin.write("go\\n")
            each.stdin.flush()
        said = [each.communicate()[0].strip().splitlines()[-1:] for each in many]
        print("all work" if said == [["True"]] * 6 else "some fail")
    else:
        print("ready", flush=True)
        sys.stdin.readline()
        INSTANCE = dg.DagsterInstance.local_temp(str(PLACE / "fresh"))
        @dg.asset
        def thing():
            return 1
        print(dg.materialize([thing], instance=INSTANCE).success)
"""
_EIGHT = """
    import subprocess
    if len(sys.argv) == 1:
        program = os.environ["PROGRAM"]
        many = [
            subprocess.Popen([sys.executable, "-c", program, "write"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(8)
        ]
        for each in many:
            each.stdout.readline()
        for each in many:
            each.stdin.write("go\\n")
            each.stdin.flush()
        said = [each.communicate()[0].strip().splitlines()[-1:] for each in many]
        whole = [run.status.value for run in INSTANCE.get_runs()] == ["SUCCESS"] * 24
        print("all runs succeed" if said == [["3"]] * 8 and whole else "some fail")
    else:
        print("ready", flush=True)
        sys.stdin.readline()
        @dg.asset
        def thing():
            return 1
        print(sum(dg.materialize([thing], instance=INSTANCE).success for _ in range(3)))
"""
_TWO = """
    import subprocess
    if len(sys.argv) == 1:
        program = os.environ["PROGRAM"]
        many = [
            subprocess.Popen([sys.executable, "-c", program, each], stdout=subprocess.PIPE, text=True) for each in "ab"
        ]
        torn = 0
        while any(each.poll() is None for each in many):
            said = load()
            torn += said.startswith("an error") and "No such file" not in said and "is stored" not in said
        print("some loads fail" if torn else "whole, each time")
    else:
        for _ in range(8):
            renew([sys.argv[1] * 20_000_000])
"""
_DAMAGED = """
    import subprocess
    if len(sys.argv) == 1:
        renew("old")
        INSTANCE.dispose()
        for path in (PLACE / "home").rglob("*.db"):
            with path.open("r+b") as file:
                file.write(os.urandom(8192))
        program = os.environ["PROGRAM"].replace('INSTANCE = dg.DagsterInstance.local_temp(str(PLACE / "home"))', "")
        print(subprocess.run([sys.executable, "-c", program, "look"], capture_output=True, text=True).stdout.strip())
    else:
        try:
            dg.DagsterInstance.local_temp(str(PLACE / "home")).get_runs()
            print("nothing is noticed")
        except Exception as error:
            said = str(error)
            print("an error that names the file" if ".db" in said else "an error: " + said.splitlines()[0][:90])
"""
_EACH_WRITE = """
    import ctypes, json
    INSTANCE.dispose()
    library, told = ctypes.CDLL(os.environ["FAULTS"]), PLACE / "told"

    def child(act):
        pid = os.fork()
        if not pid:
            code = 3
            try:
                globals()["INSTANCE"] = dg.DagsterInstance.local_temp(str(PLACE / "home"))
                code = act() or 0
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def run(at):
        library.fault_arm(str(PLACE).encode(), ctypes.c_long(at), int(os.environ["KILLS"]))
        renew("value")
        return 4 if library.fault_calls() < at else 0

    def look():
        told.write_text(json.dumps([load(), [each.status.value for each in INSTANCE.get_runs()]]))

    child(lambda: run(1_000_000_000))
    at, lost, unfinished, damaged = 1, 0, 0, 0
    while child(lambda: run(at)) != 4 and at < 1_000:
        told.write_text("")
        child(look)
        said, statuses = json.loads(told.read_text() or '["", []]')
        damaged += not said
        lost += bool(said) and not said.startswith("the value")
        unfinished += any(each not in ("SUCCESS", "FAILURE", "CANCELED") for each in statuses)
        at += 7
    wrong = [
        words
        for words, many in (
            ("some runs never end", unfinished),
            ("some values are lost", lost),
            ("some homes cannot be opened", damaged),
        )
        if many
    ]
    print("; ".join(wrong) or "every run ends, every value is whole")
"""
_DELETED = """
    import subprocess
    if len(sys.argv) == 1:
        renew("old")
        INSTANCE.dispose()
        for path in (PLACE / "home").rglob("*.db*"):
            path.unlink()
        program = os.environ["PROGRAM"]
        print(subprocess.run([sys.executable, "-c", program, "look"], capture_output=True, text=True).stdout.strip())
    else:
        print("the next run succeeds" if renew("new").success else "the next run fails")
"""
_EMPTIED = """
    import subprocess
    if len(sys.argv) == 1:
        renew("old")
        INSTANCE.dispose()
        for path in (PLACE / "home").rglob("*.db"):
            path.write_bytes(b"")
        program = os.environ["PROGRAM"].replace('INSTANCE = dg.DagsterInstance.local_temp(str(PLACE / "home"))', "")
        print(subprocess.run([sys.executable, "-c", program, "look"], capture_output=True, text=True).stdout.strip())
    else:
        try:
            runs = dg.DagsterInstance.local_temp(str(PLACE / "home")).get_runs()
            print("nothing is noticed" if not runs else "the run is there")
        except Exception as error:
            said = str(error)
            print("an error that names the file" if ".db" in said else "an error: " + said.splitlines()[0][:90])
"""
_READ_ONLY = """
    renew("old")
    INSTANCE.dispose()
    PLACE.chmod(0o755)
    for path in (PLACE / "home", *(PLACE / "home").rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:  # who may write everywhere
        os.setgid(65534)
        os.setuid(65534)
    os.environ["HOME"] = str(PLACE)
    try:
        INSTANCE = dg.DagsterInstance.local_temp(str(PLACE / "home"))
        print("the next run succeeds" if renew("new").success else "the next run fails")
    except Exception as error:
        said = str(error)
        named = str(PLACE / "home") in said
        print("an error that names the file" if named else "an error: " + said.splitlines()[0][:90])
"""
_NO_HOME = """
    for name in ("DAGSTER_HOME", "ORRERY_HOME"):
        os.environ[name] = str(PLACE / "not" / "there")
    try:
        with dg.DagsterInstance.get() as INSTANCE:
            print("it is made; the run succeeds" if renew("new").success else "the run fails")
    except Exception as error:
        print("an error that names it" if str(PLACE / "not" / "there") in str(error) else "an error")
"""
_CLOCK = """
    def back():
        real = time.time
        time.time = lambda: real() - 3600
        return "new"
    result = renew(back)
    stats = INSTANCE.get_run_stats(result.run_id)
    print("no duration is negative" if stats.end_time >= stats.start_time else "the run ended before it began")
"""


def _run(python: Path, program: str, place: Path, *words: str, **variables: str) -> str:
    done = subprocess.run(
        [str(python), "-c", textwrap.dedent(_HEAD) + textwrap.dedent(program), *words],
        env={**_environment(place), **variables, "PROGRAM": textwrap.dedent(_HEAD) + textwrap.dedent(program)},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else f"ended with exit code {done.returncode}"


def _environment(place: Path) -> Mapping[str, str]:
    (place / "home").mkdir(exist_ok=True)
    kept = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "DAGSTER_HOME", "ORRERY_HOME")
    }
    return {**kept, "PLACE": str(place)}


def _in_one(program: str, **variables: str) -> Callable[[Path, Path], str]:
    return lambda python, place: _run(python, program, place, **variables)


def _dies_by_itself(program: str) -> Callable[[Path, Path], str]:
    def measured(python: Path, place: Path) -> str:
        _run(python, program, place)
        return _run(python, program, place, "look")

    return measured


def _at_each_write(*, kills: bool) -> Callable[[Path, Path], str]:
    """Let a fault strike below Python, with the library that the tests use."""

    def measured(python: Path, place: Path) -> str:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            return "not measured: there is no C compiler here"
        built = place / "libfault.so"
        source = ROOT / "tests" / "faults" / "fault_point.c"
        subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", str(built), str(source), "-ldl"], check=True)
        variables = {"FAULTS": str(built), "LD_PRELOAD": str(built), "KILLS": str(int(kills))}
        return _run(python, _EACH_WRITE, place.resolve(), **variables)

    return measured


def _killed(program: str) -> Callable[[Path, Path], str]:
    def measured(python: Path, place: Path) -> str:
        process = subprocess.Popen(
            [str(python), "-c", textwrap.dedent(_HEAD) + textwrap.dedent(program)],
            env=_environment(place),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=_SECONDS)
        return _run(python, program, place, "look")

    return measured


CASES: Mapping[str, Callable[[Path, Path], str]] = {
    "kill -9 of a run; its status at the next opening": _killed(_KILLED_RUN),
    "kill -9 while an asset is renewed; what is loaded then": _dies_by_itself(_KILLED_WRITE),
    "the new value cannot be pickled; what is loaded then": _in_one(_UNPICKLABLE),
    "the file may not grow (as on a full disk) while an asset is renewed; what is loaded then": _in_one(_FULL),
    "one bit of a stored value is flipped": _in_one(_FLIPPED),
    "a pickle with code stands in the place of a stored value": _in_one(_FOREIGN),
    "the value is read during 15 writes of 40 MB": _in_one(_READERS),
    "six processes open a fresh home at once": _in_one(_FRESH),
    "the records are deleted; the next opening": _in_one(_DELETED),
    "the records are cut to nothing; the next opening": _in_one(_EMPTIED),
    "the first 8 kB of the records are noise; the next opening": _in_one(_DAMAGED),
    "the home may not be written to; the next opening": _in_one(_READ_ONLY),
    "the home is not there": _in_one(_NO_HOME),
    "the clock jumps back an hour while a run goes on": _in_one(_CLOCK),
    **RUN_CASES,
    **POSTGRES_CASES,
}
"""What happens to the stored things, and how it is measured: an interpreter and an empty folder in, a verdict out."""

SLOW_CASES: Mapping[str, Callable[[Path, Path], str]] = {
    "each seventh write of a run fails with EIO": _at_each_write(kills=False),
    "kill -9 at each seventh write of a run": _at_each_write(kills=True),
    "two processes store an asset of 20 MB at once, a third loads it": _in_one(_TWO),
    "eight processes record runs in one home at once": _in_one(_EIGHT),
    "the records are locked by another process for 8 s": _in_one(_LOCKED, SECONDS_HELD="8"),
    "the records are locked by another process for 90 s": _in_one(_LOCKED, SECONDS_HELD="90"),
}
"""Those that take half a minute or as long as they say: no test measures them again, other tests hold the same."""


def verdict(case: str, whose: str) -> str:
    """Return what came of a case, with our interpreter (``ours``) or with that of the reference (``theirs``)."""
    # What a fault leaves of a run may write there still, while the folder is removed.
    with tempfile.TemporaryDirectory(prefix="orrery-reliability-", ignore_cleanup_errors=True) as folder:
        return {**CASES, **SLOW_CASES}[case](PYTHONS[whose], Path(folder))


def written(page: str, rows: list[str]) -> str:
    r"""
    Return *page* with *rows* in the place of the rows of its first table.

    >>> written("# A page\n\n| a |\n|---|\n| old |\n\nMore.", ["| new |"])
    '# A page\n\n| a |\n|---|\n| new |\n\nMore.'
    """
    lines = page.split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("|---")) + 1
    end = next(number for number in range(start, len(lines)) if not lines[number].startswith("|"))
    return "\n".join([*lines[:start], *rows, *lines[end:]])


def main() -> int:
    """Print the table as it is measured, and at its end write it into the page if that is asked for."""
    print("| fault | Orrery | Dagster 1.13.28 |\n|---|---|---|")
    # What a shell puts into the background ignores interrupts, and so would the runs that are sent one.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    rows = []
    for case in (*CASES, *SLOW_CASES):
        rows.append(f"| {case} | {verdict(case, 'ours')} | {verdict(case, 'theirs')} |")
        print(rows[-1], flush=True)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
