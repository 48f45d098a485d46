"""
What becomes of runs and their processes after a fault: programs for ``python -m benchmarks.reliability``.

Each case has a small project (``work.py``) that imports the name ``dagster``, and drives it in processes of whichever side
it is given.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import textwrap
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["RUN_CASES", "done", "environment", "files", "marked", "started"]

_SECONDS = 180.0
_PROMISED_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0

_WORK = """
    import ctypes, os, signal, sys, time
    from pathlib import Path
    import dagster as dg

    PLACE, STEP = Path(os.environ["PLACE"]), os.environ["STEP"]
    WHERE = os.environ.get("WHERE", "in process")
    CONFIG = {}
    if WHERE == "workers":
        EXECUTOR = dg.multiprocess_executor
    elif WHERE == "dask":
        try:
            from dagster_dask import dask_executor as EXECUTOR
        except ImportError:
            EXECUTOR = dg.dask_executor
        CONFIG = {"execution": {"config": {"cluster": {"local": {"n_workers": 2, "dashboard_address": None}}}}}
    else:
        EXECUTOR = dg.in_process_executor
    SETTINGS = {"concurrency": {"pools": {"default_limit": 1}}} if "pool" in STEP else {}

    def instance():
        (PLACE / "home").mkdir(exist_ok=True)
        if os.environ.get("FROM_HOME"):
            return dg.DagsterInstance.from_config(str(PLACE / "home"))
        return dg.DagsterInstance.local_temp(str(PLACE / "home"), overrides=SETTINGS)

    @dg.resource
    def opened(context):
        try:
            yield 1
        finally:
            (PLACE / "closed").touch()

    def note(name):
        (PLACE / f"{name}.new").write_text(str(os.getpid()))
        (PLACE / f"{name}.new").rename(PLACE / name)

    def faulty(context):
        with (PLACE / "begun").open("a") as begun:
            begun.write("x")
        if STEP == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif STEP == "crashes":
            ctypes.string_at(0)
        elif STEP == "leaves":
            os._exit(0)
        elif STEP == "exits":
            sys.exit(3)
        elif STEP == "lacks memory":
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, resource.RLIM_INFINITY))
            bytearray(8_000_000_000)
        elif STEP == "forks":
            child = os.fork()
            if child:
                os.waitpid(child, 0)
            context.log.info("after the fork")
        elif STEP == "fills the disk":
            with (PLACE / "home" / "filler").open("ab", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 4096)
                except OSError:
                    pass
            for _ in range(200):
                context.log.info("y" * 20_000)
        elif "waits" in STEP:
            note("waiting")
            until = time.monotonic() + 600
            while time.monotonic() < until and not (PLACE / "go on").exists():
                try:
                    time.sleep(0.02)
                except BaseException:
                    if "deaf" not in STEP:
                        raise
        return 1

    @dg.op(name="faulty", required_resource_keys={"opened"}, **({"pool": "db"} if "pool" in STEP else {}))
    def the_step(context):
        return faulty(context)

    @dg.op
    def other():
        return 1

    @dg.job(executor_def=EXECUTOR, resource_defs={"opened": opened})
    def work():
        the_step()
        other()

    def run(of):
        return dg.execute_job(dg.reconstructable(work), of, run_config=CONFIG, raise_on_error=False)
"""

_GO = """
    import work
    if __name__ == "__main__":
        with work.instance() as instance:
            work.run(instance)
"""
_TELL = """
    import collections, work
    if __name__ == "__main__":
        with work.instance() as instance:
            try:
                work.run(instance)
            except BaseException as error:
                print("raised", type(error).__name__)
        with work.instance() as instance:
            run = instance.get_runs()[0]
            log = instance.all_logs(run.run_id)
            events = [each.dagster_event for each in log if each.dagster_event]
            told = collections.Counter((each.step_key, each.event_type_value) for each in events)
            failed = sorted({key for key, kind in told if kind == "STEP_FAILURE"})
            good = sorted({key for key, kind in told if kind == "STEP_SUCCESS"})
            texts = " ".join(f"{each.message} {each.event_specific_data}" for each in events if each.step_key == "faulty")
            lines = [each.user_message for each in log if not each.dagster_event]
            most = max(many for (key, kind), many in told.items() if kind.startswith("STEP_"))
            print(repr([run.status.value, failed, good, most, texts, lines.count("after the fork")]))
"""
_LOOK = """
    import work
    with work.instance() as instance:
        print(instance.get_runs()[0].status.value.lower())
"""


def files(place: Path) -> None:
    """Write the project, and the programs that drive it, into *place*."""
    for name, text in (("work", _WORK), ("go", _GO), ("tell", _TELL), ("look", _LOOK)):
        (place / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")


def environment(place: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a program, with no home but the one in *place*."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "DAGSTER_HOME", "ORRERY_HOME")
    }
    return {**kept, "PLACE": str(place), **variables}


def done(python: Path, place: Path, script: str, **variables: str) -> str:
    """Run one of the programs and return the last line that it prints."""
    ended = subprocess.run(
        [str(python), str(place / f"{script}.py")],
        env=environment(place, **variables),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    lines = ended.stdout.strip().splitlines()
    return lines[-1] if lines else f"ended with exit code {ended.returncode}"


def started(python: Path, place: Path, until: str, **variables: str) -> subprocess.Popen[bytes]:
    """Start a run in a process, and return when its step waits."""
    files(place)
    process = subprocess.Popen(
        [str(python), str(place / "go.py")],
        env=environment(place, **variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + _SECONDS
    while not (place / until).exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the run ended with {process.poll()} before its step began")
        time.sleep(0.02)
    return process


def _step_dies(step: str, *words: str, workers: bool = True) -> Callable[[Path, Path], str]:
    """Tell whether only the step fails, and whether its failure names what happened."""

    def measured(python: Path, place: Path) -> str:
        files(place)
        variables = {"STEP": step, "WHERE": "workers" if workers else "in process"}
        said = done(python, place, "tell", **variables)
        if not said.startswith("["):
            return f"the process of the run {said}; at the next opening {done(python, place, 'look', **variables)}"
        status, failed, good, _most, texts, _lines = ast.literal_eval(said)
        if failed != ["faulty"] or good != ["other"]:
            return f"the run: {status.lower()}; failed steps: {', '.join(failed) or 'none'}"
        named = any(word in texts for word in words)
        return "its step fails, by what happened; the other goes on" if named else "its step fails; the other goes on"

    return measured


def _forks(python: Path, place: Path) -> str:
    files(place)
    said = done(python, place, "tell", STEP="forks")
    if not said.startswith("["):
        return f"the process of the run {said}"
    status, _failed, _good, most, _texts, lines = ast.literal_eval(said)
    doubled = [name for name, is_so in (("events", most > 1), ("lines of the log", lines > 1)) if is_so]
    return f"{' and '.join(doubled)} are doubled" if doubled else f"each event once; the run: {status.lower()}"


def _asked(*signals: signal.Signals, step: str = "waits", where: str = "in process") -> Callable[[Path, Path], str]:
    """Ask a run to stop, and tell what it is called then, and what is left of it five seconds after its process."""

    def measured(python: Path, place: Path) -> str:
        mark = uuid.uuid4().hex
        process = started(python, place, "waiting", STEP=step, MARK=mark, WHERE=where)
        try:
            for number, each in enumerate(signals):
                if number:
                    time.sleep(0.5)
                process.send_signal(each)
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            return f"it goes on, after {_PATIENCE_SECONDS:g} s still"
        finally:
            left = _left_of(mark, process)
        status = done(python, place, "look", STEP="waits")
        closed = "closed" if (place / "closed").exists() else "not closed"
        return f"{status}; resources {closed}{'; processes go on' if left else ''}"

    return measured


def _lost_on_dask(python: Path, place: Path) -> str:
    """Kill the worker of Dask that carries a step out, and tell how often the step was begun."""
    files(place)
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [str(python), str(place / "go.py")],
        env=environment(place, STEP="is killed", WHERE="dask", MARK=mark),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(_PATIENCE_SECONDS)
        ended = f"the run: {done(python, place, 'look', STEP='waits')}"
    except subprocess.TimeoutExpired:
        ended = f"the run goes on, after {_PATIENCE_SECONDS:g} s still"
    finally:
        _left_of(mark, process)
    begun = len((place / "begun").read_text())
    return f"{'once' if begun == 1 else f'{begun} times'}; {ended}"


def _left_of(mark: str, process: subprocess.Popen[bytes]) -> list[int]:
    """Return which processes of a run there are five seconds after it ended, or now if it did not, and kill them."""
    end = time.monotonic() + (_PROMISED_SECONDS if process.poll() is not None else 0)
    while marked(mark) and time.monotonic() < end:
        time.sleep(0.1)
    left = marked(mark)
    for each in left:
        os.kill(each, signal.SIGKILL)
    process.wait()
    return left


def _orphans(python: Path, place: Path) -> str:
    mark = uuid.uuid4().hex
    process = started(python, place, "waiting", STEP="waits", WHERE="workers", MARK=mark)
    process.kill()
    process.wait()
    return "processes go on" if _left_of(mark, process) else "nothing is left"


def marked(mark: str) -> list[int]:
    """Return the living processes in whose environment *mark* stands."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            if mark.encode() in (folder / "environ").read_bytes() and state not in "ZX":
                found.append(int(folder.name))
        except OSError:  # it has just ended
            continue
    return found


def _all_killed(python: Path, place: Path) -> str:
    mark = uuid.uuid4().hex
    process = started(python, place, "waiting", STEP="waits", WHERE="workers", MARK=mark)
    for each in marked(mark):
        os.kill(each, signal.SIGKILL)
    process.wait()
    return done(python, place, "look", STEP="waits")


def _pool(python: Path, place: Path) -> str:
    """Kill a run that has the one slot of a pool, and let another run want it."""
    process = started(python, place, "waiting", STEP="waits in a pool")
    process.kill()
    process.wait()
    (place / "go on").touch()
    try:
        subprocess.run(
            [str(python), str(place / "go.py")],
            env=environment(place, STEP="waits in a pool"),
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it waits, after {_PATIENCE_SECONDS:g} s still"
    return f"it gets the slot; the run: {done(python, place, 'look', STEP='waits in a pool')}"


def _full_disk(python: Path, place: Path) -> str:
    (place / "home").mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place / "home")], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        return "not measured: no small disk can be mounted here"
    try:
        files(place)
        subprocess.run(
            [str(python), str(place / "go.py")],
            env=environment(place, STEP="fills the disk"),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        (place / "home" / "filler").unlink()
        return done(python, place, "look", STEP="fills the disk")
    finally:
        subprocess.run(["umount", "-l", str(place / "home")], check=True)


_TWICE = (signal.SIGTERM, signal.SIGTERM)

RUN_CASES: Mapping[str, Callable[[Path, Path], str]] = {
    "kill -9 of a worker process": _step_dies("is killed", "SIGKILL", "-9"),
    "segmentation fault in a worker process": _step_dies("crashes", "SIGSEGV", "-11"),
    "`os._exit(0)` in a worker process": _step_dies("leaves", "exit code 0", "code 0"),
    "a worker process gets no more memory": _step_dies("lacks memory", "MemoryError"),
    "`sys.exit` in a step, in process": _step_dies("exits", "SystemExit", "sys.exit", workers=False),
    "a step forks, and both copies go on; what is recorded": _forks,
    "kill -9 of run, workers and all at once; its status at the next opening": _all_killed,
    "kill -9 of a run with workers; its processes five seconds later": _orphans,
    "SIGINT to a run in process; its status, and what it had opened": _asked(signal.SIGINT),
    "SIGTERM to a run in process; its status, and what it had opened": _asked(signal.SIGTERM),
    "SIGTERM twice to a run in process whose step does not listen": _asked(*_TWICE, step="waits, deaf"),
    "SIGINT to a run with workers; its status, and what it had opened": _asked(signal.SIGINT, where="workers"),
    "SIGTERM to a run with workers; its status, and what it had opened": _asked(signal.SIGTERM, where="workers"),
    "SIGTERM twice to a run with workers whose step does not listen": _asked(
        *_TWICE, step="waits, deaf", where="workers"
    ),
    "SIGINT to a run on Dask; its status, and what it had opened": _asked(signal.SIGINT, where="dask"),
    "SIGTERM to a run on Dask; its status, and what it had opened": _asked(signal.SIGTERM, where="dask"),
    "kill -9 of a worker of Dask; how often its step was begun": _lost_on_dask,
    "kill -9 of a run that has the one slot of a pool; another run wants it": _pool,
    "the disk is full under the log; the status of the run at the next opening": _full_disk,
}
"""What happens to a run, and how it is measured: an interpreter and an empty folder in, a verdict out."""
