"""What steps write is kept apart, byte for byte, and still goes to where it went before."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery import Instance, graph, job, op
from orrery.adapters.compute_logs import streams
from orrery.adapters.compute_logs.local import LocalComputeLogManager
from orrery.base.errors import InvariantViolationError
from orrery.runtime.ports.compute_logs import CapturedLogData, outside_capture


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    with Instance.local_temp(str(tmp_path)) as instance:
        yield instance


def run(instance: Instance, *functions: Any) -> str:
    """Run *functions* as the ops of one job; return the id of the run."""

    @graph
    def several() -> None:
        for function in functions:
            op(name=function.__name__)(function)()

    return several.to_job().execute_in_process(instance=instance, raise_on_error=False).run_id


def data_of(instance: Instance, run_id: str, key: str, **options: Any) -> CapturedLogData:
    manager = instance.compute_log_manager
    assert manager is not None
    return manager.get_log_data((run_id, "compute_logs", key), **options)


def captured_event(instance: Instance, run_id: str) -> Any:
    (found,) = [
        entry.dagster_event
        for entry in instance.all_logs(run_id)
        if entry.dagster_event is not None and entry.dagster_event.event_type_value == "LOGS_CAPTURED"
    ]
    return found


def prints() -> None:
    print("on out")
    print("on err", file=sys.stderr)


def test_both_streams_of_a_step_are_kept(instance: Instance) -> None:
    found = data_of(instance, run(instance, prints), "prints")
    assert (found.stdout, found.stderr) == (b"on out\n", b"on err\n")


def test_what_is_kept_is_still_shown(instance: Instance, capfd: pytest.CaptureFixture[str]) -> None:
    def from_all_sides() -> None:
        prints()
        os.write(1, b"below Python\n")

    run(instance, from_all_sides)
    shown = capfd.readouterr()
    assert "on out\n" in shown.out
    assert "below Python\n" in shown.out
    assert "on err\n" in shown.err


def test_child_processes_and_raw_writes_are_kept_in_order(instance: Instance) -> None:
    def all_sides() -> None:
        os.write(1, b"one\n")
        subprocess.run([sys.executable, "-c", "print('two')"], check=True)
        os.write(1, b"three\n")

    assert data_of(instance, run(instance, all_sides), "all_sides").stdout == b"one\ntwo\nthree\n"


def test_bytes_that_are_no_text_are_kept_and_shown_escaped(instance: Instance) -> None:
    def raw() -> None:
        os.write(1, b"caf\xe9 \xff\n")

    found = data_of(instance, run(instance, raw), "raw")
    assert found.stdout == b"caf\xe9 \xff\n"
    assert found.stdout_text == "caf\\xe9 \\xff\n"


def test_a_lone_surrogate_does_not_fail_the_step(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    class Anything:
        """A stream that takes every text, as those of notebooks do."""

        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None: ...

    monkeypatch.setattr(sys, "stdout", Anything())

    def odd() -> None:
        print("\ud800")

    assert data_of(instance, run(instance, odd), "odd").stdout == b"\\ud800\n"


def test_steps_are_told_apart(instance: Instance) -> None:
    def first() -> None:
        print("of the first")

    def silent() -> None: ...

    def second() -> None:
        print("of the second")

    run_id = run(instance, first, silent, second)
    assert data_of(instance, run_id, "first").stdout == b"of the first\n"
    assert data_of(instance, run_id, "second").stdout == b"of the second\n"
    assert data_of(instance, run_id, "silent").stdout == b""
    assert instance.compute_log_manager.steps_with_output(run_id) == ["first", "second"]  # type: ignore[union-attr]


def test_the_event_names_the_file_that_holds_all(instance: Instance) -> None:
    def first() -> None:
        print("of the first")

    def second() -> None:
        print("of the second")

    run_id = run(instance, first, second)
    data = captured_event(instance, run_id).logs_captured_data
    assert data.step_keys == ("first", "second")
    assert data_of(instance, run_id, data.file_key).stdout == b"of the first\nof the second\n"
    log_key = instance.compute_log_manager.build_log_key_for_run(run_id, data.file_key)  # type: ignore[union-attr]
    assert instance.compute_log_manager.is_capture_complete(log_key)  # type: ignore[union-attr]


def test_coroutines_that_overlap_are_told_apart(instance: Instance) -> None:
    async def left() -> None:
        for number in range(3):
            print("left", number)
            await asyncio.sleep(0.001)

    async def right() -> None:
        for number in range(3):
            print("right", number)
            await asyncio.sleep(0.001)

    run_id = run(instance, left, right)
    assert data_of(instance, run_id, "left").stdout == b"left 0\nleft 1\nleft 2\n"
    assert data_of(instance, run_id, "right").stdout == b"right 0\nright 1\nright 2\n"


def test_attempts_of_a_step_follow_one_another(instance: Instance) -> None:
    from orrery import RetryPolicy

    @op(retry_policy=RetryPolicy(max_retries=1))
    def stubborn(context: Any) -> None:
        print("attempt", context.retry_number)
        if context.retry_number == 0:
            raise ValueError("again")

    @job
    def retried() -> None:
        stubborn()

    run_id = retried.execute_in_process(instance=instance).run_id
    assert data_of(instance, run_id, "stubborn").stdout == b"attempt 0\nattempt 1\n"


def test_a_log_is_read_piece_by_piece(instance: Instance) -> None:
    def first() -> None:
        print("0123456789")

    def second() -> None:
        print("abc")

    run_id = run(instance, first, second)
    key = captured_event(instance, run_id).logs_captured_data.file_key
    for name, whole in ((key, b"0123456789\nabc\n"), ("first", b"0123456789\n")):
        found, cursor = b"", None
        while True:
            piece = data_of(instance, run_id, name, cursor=cursor, max_bytes=4)
            if not piece.stdout:
                break
            assert len(piece.stdout) <= 4
            found, cursor = found + piece.stdout, piece.cursor
        assert found == whole


def test_a_step_is_read_while_it_runs(instance: Instance) -> None:
    """A reader elsewhere sees what a long step has written so far."""
    run_ids: list[str] = []
    seen: list[bytes] = []

    def reads() -> None:
        manager = LocalComputeLogManager(instance.storage_directory())
        while True:
            found = manager.get_log_data((run_ids[0], "compute_logs", "long_step")).stdout or b""
            if found:
                seen.append(found)
                return

    @op
    def long_step(context: Any) -> None:
        run_ids.append(context.run_id)
        print("so far", flush=True)
        reader = threading.Thread(target=reads)
        reader.start()
        reader.join(timeout=30)

    @job
    def one() -> None:
        long_step()

    one.execute_in_process(instance=instance)
    assert seen == [b"so far\n"]


def read_by_this_process() -> int:
    """Return how many bytes this process has read until now."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_notes_are_read_once_however_many_steps_are_asked_for(tmp_path: Path) -> None:
    """Reading them again for each step took half a minute for a thousand steps."""
    keys = [f"step_{number}" for number in range(300)]
    with LocalComputeLogManager(str(tmp_path)).capture_steps(["run", "compute_logs", "process-1"]) as capture:
        for key in keys:
            capture.begin(key)
            os.write(1, f"{key}\n".encode())
            capture.end()
    (notes,) = tmp_path.rglob("*.steps")
    reader = LocalComputeLogManager(str(tmp_path))
    before = read_by_this_process()
    for key in keys:
        assert reader.get_log_data(("run", "compute_logs", key)).stdout == f"{key}\n".encode()
    assert reader.steps_with_output("run") == keys
    assert read_by_this_process() - before < 3 * notes.stat().st_size


def test_a_reader_that_is_kept_sees_what_comes_later(tmp_path: Path) -> None:
    """Of new steps, of steps that it knows, of other processes, and after the logs were deleted."""
    writer, reader = LocalComputeLogManager(str(tmp_path)), LocalComputeLogManager(str(tmp_path))

    def look(step: str, cursor: str | None = None) -> CapturedLogData:
        return reader.get_log_data(("run", "compute_logs", step), cursor)

    def write(capture: Any, step: str, data: bytes) -> None:
        capture.begin(step)
        os.write(1, data)
        capture.end()

    assert look("a").stdout == b""
    with writer.capture_steps(["run", "compute_logs", "process-2"]) as capture:
        write(capture, "a", b"one ")
        first = look("a")
        assert first.stdout == b"one "
        write(capture, "b", b"between")
        write(capture, "a", b"two ")
        assert look("a", first.cursor).stdout == b"two "
        assert look("b").stdout == b"between"
    with writer.capture_steps(["run", "compute_logs", "process-1"]) as capture:
        write(capture, "a", b"of another")
    assert look("a", first.cursor).stdout == b"two of another"
    assert reader.steps_with_output("run") == ["a", "b"]
    writer.delete_logs(prefix=["run"])
    assert (look("a").stdout, reader.steps_with_output("run")) == (b"", [])
    with writer.capture_steps(["run", "compute_logs", "process-2"]) as capture:
        write(capture, "a", b"anew")
    assert look("a").stdout == b"anew"


def test_nothing_is_left_of_a_run_that_writes_nothing(instance: Instance) -> None:
    def silent() -> None: ...

    run_id = run(instance, silent)
    key = captured_event(instance, run_id).logs_captured_data.file_key
    assert not list(Path(instance.storage_directory()).rglob("*.out"))
    assert data_of(instance, run_id, key).stdout == b""
    assert instance.compute_log_manager.is_capture_complete((run_id, "compute_logs", key))  # type: ignore[union-attr]


def test_an_ephemeral_instance_captures_nothing() -> None:
    before = sys.stdout
    seen = []

    def looks() -> None:
        seen.append(sys.stdout)

    with Instance.ephemeral() as instance:
        run_id = run(instance, looks)
        assert instance.compute_log_manager is None
        kinds = {entry.dagster_event.event_type_value for entry in instance.all_logs(run_id) if entry.dagster_event}
    assert "LOGS_CAPTURED" not in kinds
    assert seen == [before]


def test_capture_can_be_turned_off() -> None:
    from orrery.api.wiring.instance import temporary_instance

    with temporary_instance(overrides={"compute_logs": {"enabled": False}}) as instance:
        assert instance.compute_log_manager is None
        run(instance, prints)


def test_the_streams_are_given_back(instance: Instance) -> None:
    before = sys.stdout, sys.stderr, os.fstat(1).st_ino, os.fstat(2).st_ino
    run(instance, prints)
    assert (sys.stdout, sys.stderr, os.fstat(1).st_ino, os.fstat(2).st_ino) == before


def test_the_thread_that_shows_what_is_written_ends_with_the_instance(tmp_path: Path) -> None:
    """It stays between runs; a process that forks others has no other thread when its instances are closed."""

    def followers() -> list[str]:
        return [each.name for each in threading.enumerate() if each.name == "orrery-output"]

    with Instance.local_temp(str(tmp_path)) as instance:
        for _ in range(2):
            run(instance, prints)
            assert followers() == ["orrery-output"]
    assert followers() == []


def test_an_instance_is_closed_without_waiting_for_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that shows what is written may be between two of them."""
    monkeypatch.setattr(streams, "_TICK_SECONDS", 60.0)
    began = time.monotonic()
    with Instance.local_temp(str(tmp_path)) as instance:
        run(instance, prints)
    assert time.monotonic() - began < 30


def test_descriptors_are_given_back(instance: Instance) -> None:
    run(instance, prints)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        run(instance, prints)
    assert len(os.listdir("/proc/self/fd")) == before


def test_displays_write_past_the_capture(instance: Instance, capfd: pytest.CaptureFixture[str]) -> None:
    def shows(context: Any) -> None:
        os.write(1, b"of the step\n")
        with outside_capture():
            os.write(1, b"for people\n")
        context.log.info("a line of the log")
        os.write(1, b"of the step, too\n")

    run_id = run(instance, shows)
    found = data_of(instance, run_id, "shows")
    assert (found.stdout, found.stderr) == (b"of the step\nof the step, too\n", b"")
    shown = capfd.readouterr()
    assert shown.out == "of the step\nfor people\nof the step, too\n"
    assert "a line of the log" in shown.err


@pytest.mark.parametrize("way", ["descriptor", "print"])
def test_a_run_inside_a_step_keeps_its_own_output_and_gives_it_to_the_outer(tmp_path: Path, way: str) -> None:
    program = """
        import os, sys
        from orrery import Instance, job, op

        home, way = sys.argv[1:]

        def say(text):
            print(text) if way == "print" else os.write(1, text.encode() + b"\\n")

        def told(instance, run_id, step):
            return instance.compute_log_manager.get_log_data((run_id, "compute_logs", step)).stdout_text.split()

        @op
        def inner():
            say("inside")

        @job
        def inner_job():
            inner()

        @op
        def outer():
            say("before")
            with Instance.local_temp(home + "/inner") as other:
                found = told(other, inner_job.execute_in_process(instance=other).run_id, "inner")
                assert found == ["inside"], found
            say("after")

        @job
        def outer_job():
            outer()

        with Instance.local_temp(home) as instance:
            found = told(instance, outer_job.execute_in_process(instance=instance).run_id, "outer")
            assert found == ["before", "inside", "after"], found
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path), way], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["before", "inside", "after"]


def test_runs_in_several_threads_keep_what_is_printed_apart(instance: Instance) -> None:
    both_run = threading.Barrier(2, timeout=30)
    runs: dict[str, str] = {}

    def talk(name: str) -> None:
        def talks() -> None:
            both_run.wait()
            print(f"of {name}")
            both_run.wait()

        runs[name] = run(instance, talks)

    threads = [threading.Thread(target=talk, args=(name,)) for name in ("one", "two")]
    before = os.fstat(1).st_ino, sys.stdout
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("one", "two"):
        assert data_of(instance, runs[name], "talks").stdout == f"of {name}\n".encode()
    assert (os.fstat(1).st_ino, sys.stdout) == before


def test_a_process_without_streams_runs_all_the_same(tmp_path: Path) -> None:
    """A service may have closed them."""
    program = (
        "import os, sys; from orrery import Instance, job, op\n"
        "@op\ndef quiet(): print('lost'); return 5\n"
        "@job\ndef j(): quiet()\n"
        "os.close(1); os.close(2); sys.stdout = sys.stderr = None\n"
        "with Instance.local_temp(sys.argv[1]) as instance:\n"
        "    result = j.execute_in_process(instance=instance)\n"
        "    open(sys.argv[1] + '/answer', 'w').write(str(result.output_for_node('quiet')))\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=60)
    assert (tmp_path / "answer").read_text() == "5"


def test_logs_are_deleted_by_key_or_by_run(instance: Instance) -> None:
    run_id = run(instance, prints)
    manager = instance.compute_log_manager
    assert manager is not None
    manager.delete_logs(log_key=(run_id, "compute_logs", captured_event(instance, run_id).logs_captured_data.file_key))
    assert data_of(instance, run_id, "prints").stdout == b""
    other = run(instance, prints)
    manager.delete_logs(prefix=[other])
    assert data_of(instance, other, "prints").stdout == b""
    with pytest.raises(InvariantViolationError, match="Which log"):
        manager.delete_logs()


@pytest.mark.parametrize("key", [["..", "compute_logs", "../../x"], ["a/b", "compute_logs", "c/d"]])
def test_no_key_leads_out_of_the_directory(tmp_path: Path, key: list[str]) -> None:
    manager = LocalComputeLogManager(str(tmp_path))
    location = manager.get_log_metadata(key).stdout_location
    assert location is not None
    assert Path(os.path.normpath(location)).is_relative_to(tmp_path)


def test_a_block_can_be_captured_whole(tmp_path: Path) -> None:
    manager = LocalComputeLogManager(str(tmp_path))
    key = ["run", "compute_logs", "launcher"]
    with manager.capture_logs(key) as places:
        os.write(2, b"starting\n")
        assert places.stderr_location is not None
        assert Path(places.stderr_location).exists()
    assert manager.get_log_data(key).stderr == b"starting\n"


def test_the_files_of_a_run_take_their_place_with_the_first_byte(tmp_path: Path) -> None:
    """Until then they wait in a folder of all runs; who reads finds them in both places."""
    manager = LocalComputeLogManager(str(tmp_path))
    key = ["run", "compute_logs", "process-1"]
    with manager.capture_steps(key) as capture:
        capture.begin("a")
        capture.end()
        assert not (tmp_path / "run").exists()
        assert not manager.is_capture_complete(key)
        assert manager.get_log_data(key).stdout == b""
        capture.begin("b")
        os.write(1, b"some")
        assert manager.get_log_data(key).stdout == b"some"
        capture.end()
        assert (tmp_path / "run" / "compute_logs" / "process-1.out").read_bytes() == b"some"
        assert not manager.is_capture_complete(key)
    assert manager.is_capture_complete(key)
    assert list((tmp_path / ".output").iterdir()) == []
    with manager.capture_steps(key) as capture:  # the same process goes on with the run
        capture.begin("c")
        os.write(1, b" more")
        capture.end()
    assert manager.get_log_data(key).stdout == b"some more"
    assert manager.get_log_data(["run", "compute_logs", "c"]).stdout == b" more"


def test_a_name_that_is_too_long_to_wait_under_is_captured_in_place(tmp_path: Path) -> None:
    manager = LocalComputeLogManager(str(tmp_path))
    key = ["r" * 180, "compute_logs", "k" * 180]
    with manager.capture_steps(key) as capture:
        capture.begin("a")
        os.write(1, b"some")
        capture.end()
    assert manager.get_log_data(key).stdout == b"some"
