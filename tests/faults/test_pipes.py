"""Faults below an external process: what was reported before and after them counts, and what is lost is told."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import orrery

PACKAGE = Path(__file__).resolve().parents[2] / "packages" / "orrery-pipes" / "src"


def ran(tmp_path: Path, code: str, **client_options: Any) -> tuple[Any, list[Any], list[str]]:
    """Run *code* as the process of a step; return the result, the lines `n=...` of its log, and the warnings."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))

    @orrery.asset
    def a(context: orrery.AssetExecutionContext) -> Any:
        reader = orrery.PipesFileMessageReader(str(tmp_path / "messages"))
        client = orrery.PipesSubprocessClient(
            env={"PYTHONPATH": str(PACKAGE)}, message_reader=reader, forward_stdio=False, **client_options
        )
        return client.run(context=context, command=[sys.executable, str(script)]).get_materialize_result()

    instance = orrery.Instance.ephemeral()
    result = orrery.materialize([a], instance=instance, raise_on_error=False)
    lines = [entry for entry in instance.all_logs(result.run_id) if not entry.is_dagster_event]
    told = [entry.user_message for entry in lines if entry.user_message.startswith("n=")]
    return result, told, [entry.user_message for entry in lines if entry.level == 30]


def error_of(result: Any) -> str:
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    return str(failure.step_failure_data.error)


def test_full_disk_under_the_messages_loses_one_that_is_told(tmp_path: Path) -> None:
    """The file may not grow while the disk is full; the process is told, and what it sends later counts."""
    result, told, warnings = ran(
        tmp_path,
        """
        import os, resource
        from orrery_pipes import open_pipes
        with open_pipes() as context:
            context.log.info("n=1")
            size = os.path.getsize(context._channel._channel._path)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, resource.RLIM_INFINITY))
            try:
                context.log.info("n=2")
            except OSError as error:
                assert "large" in str(error), error
            else:
                raise AssertionError("the disk was not full")
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            context.log.info("n=3")
        """,
    )
    assert told == ["n=1", "n=3"]
    assert "1 messages of the external process are missing" in error_of(result)
    torn, missing = warnings
    assert torn.startswith("[pipes] message number 3 cannot be used: it is not JSON")
    assert '{"__dagster_pipes_version": "0.1"' in torn
    assert missing == "[pipes] 1 messages are missing before message number 4."


def test_message_file_that_is_deleted_fails_the_step(tmp_path: Path) -> None:
    result, told, _ = ran(
        tmp_path,
        """
        import os
        from orrery_pipes import open_pipes
        with open_pipes() as context:
            context.log.info("n=1")
            path = context._channel._channel._path
            context._channel._channel.close()
            os.remove(path)
            context.log.info("n=2")
        """,
    )
    assert told == ["n=1"]
    assert "without having closed Pipes; later messages may be missing" in error_of(result)


def test_orchestrator_that_is_killed_leaves_a_process_that_ends(tmp_path: Path) -> None:
    """The socket breaks, the file takes over: the process is not stopped in the middle of its work."""
    script, program = tmp_path / "script.py", tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, signal
            from orrery_pipes import open_pipes
            parent = os.getppid()
            with open_pipes() as context:
                os.kill(parent, signal.SIGKILL)
                while os.getppid() == parent:
                    pass
                for n in range(5000):
                    context.log.info("n=%d", n)
            open({str(tmp_path / "ended")!r}, "w").write("well")
            """
        )
    )
    program.write_text(
        textwrap.dedent(
            f"""
            import sys, orrery

            @orrery.asset
            def a(context: orrery.AssetExecutionContext):
                client = orrery.PipesSubprocessClient(env={{"PYTHONPATH": {str(PACKAGE)!r}}})
                return client.run(context=context, command=[sys.executable, {str(script)!r}]).get_materialize_result()

            orrery.materialize([a])
            """
        )
    )
    # The process inherits the output: it is at its end when both have ended.
    done = subprocess.run([sys.executable, str(program)], capture_output=True, timeout=60, check=False)
    assert done.returncode == -9
    assert (tmp_path / "ended").read_text() == "well"


@pytest.mark.parametrize("channel", ["socket", "file"])
def test_very_many_messages_need_no_memory(tmp_path: Path, channel: str) -> None:
    """A quarter of a million messages come in order, and the orchestrator does not grow with them."""
    script, program = tmp_path / "script.py", tmp_path / "run.py"
    script.write_text(
        "from orrery_pipes import open_pipes\nwith open_pipes() as context:\n"
        "    for n in range(250_000):\n        context.report_progress(n, 250_000_000, 'x' * 100)\n"
    )
    reader = "None" if channel == "socket" else f"orrery.PipesFileMessageReader({str(tmp_path / 'messages')!r})"
    program.write_text(
        textwrap.dedent(
            f"""
            import resource, sys, orrery

            @orrery.asset
            def a(context: orrery.AssetExecutionContext):
                client = orrery.PipesSubprocessClient(env={{"PYTHONPATH": {str(PACKAGE)!r}}}, message_reader={reader})
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                run = client.run(context=context, command=[sys.executable, {str(script)!r}])
                handler = run._session.message_handler
                print(handler._arrived, handler.lost_message_count, handler.bad_message_count)
                print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
                return run.get_materialize_result()

            orrery.materialize([a])
            """
        )
    )
    done = subprocess.run([sys.executable, str(program)], stdout=subprocess.PIPE, encoding="utf-8", check=True)
    counts, grown_kb = done.stdout.splitlines()
    assert counts == "250002 0 0"
    # All of them together have 50 MB.
    assert int(grown_kb) < 20_000
    assert not (tmp_path / "messages").exists()
