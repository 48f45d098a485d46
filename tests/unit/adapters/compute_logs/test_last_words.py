"""What a process wrote that died is given to the step that it carried out."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from orrery.adapters.compute_logs.local import LocalComputeLogManager

KEY = ("run", "compute_logs", "process-1")
PROGRAM = """
    import os, sys
    from orrery.adapters.compute_logs.local import LocalComputeLogManager

    with LocalComputeLogManager(sys.argv[1]).capture_steps(["run", "compute_logs", "process-1"]) as capture:
        for key in ("of a long name", "second", "last"):
            capture.begin(key)
            if key != "last":
                os.write(1, key.encode())
                capture.end()
        os.write(1, b"last out")
        capture.follow()
        if sys.argv[2] == "between":
            capture.end()
            os.write(1, b"of none")
            capture.follow()
            capture.begin("next")
        os.write(2, b"last err")
        os._exit(3)
"""


@pytest.fixture(params=["within", "between"])
def died(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[LocalComputeLogManager, str]:
    """Return what reads the files of a process that died, and the step that it carried out."""
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path), request.param]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 3
    return LocalComputeLogManager(str(tmp_path)), "last" if request.param == "within" else "next"


def written(manager: LocalComputeLogManager) -> dict[str, tuple[bytes | None, bytes | None]]:
    found = {}
    for step in manager.steps_with_output("run"):
        data = manager.get_log_data(("run", "compute_logs", step))
        found[step] = (data.stdout, data.stderr)
    return found


def expected(step: str) -> dict[str, tuple[bytes, bytes]]:
    of_step = {"last": (b"last out", b"")}
    of_step[step] = (of_step.get(step, (b"",))[0], b"last err")
    return {"of a long name": (b"of a long name", b""), "second": (b"second", b""), **of_step}


def test_the_step_is_known_of_which_the_process_left_word(died: tuple[LocalComputeLogManager, str]) -> None:
    """What was written between two steps is of neither; a shorter name is not taken for the longer one before it."""
    manager, step = died
    assert "last err" not in str(written(manager))
    rest = manager.note_lost(KEY, None)
    assert (rest.stdout, rest.stderr) == (b"", b"last err")
    assert written(manager) == expected(step)
    assert manager.is_capture_complete(KEY)


def test_who_knows_the_step_names_it(died: tuple[LocalComputeLogManager, str]) -> None:
    manager, _step = died
    manager.note_lost(KEY, "another")
    assert written(manager)["another"] == (b"", b"last err")


def test_it_is_noted_once_whoever_notes_it(died: tuple[LocalComputeLogManager, str], tmp_path: Path) -> None:
    """Also by a process that was only thought to be gone; a note that was begun when it died is none."""
    manager, step = died
    (notes,) = tmp_path.rglob("*.steps")
    with notes.open("a") as file:
        file.write('{"step":"torn","ou')
    assert LocalComputeLogManager(str(tmp_path)).note_lost(KEY, step).stderr == b"last err"
    for again in (None, step, "another"):
        assert not manager.note_lost(KEY, again).stderr
    with notes.open("a") as file:
        file.write('{"step":"late","out":[0,5],"err":[0,8]}\n')
    assert written(manager) == expected(step)


def test_a_process_that_captured_nothing_has_no_last_words(tmp_path: Path) -> None:
    found = LocalComputeLogManager(str(tmp_path)).note_lost(KEY, "step")
    assert (found.stdout, found.stderr) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_was_thought_to_be_gone_ends_as_ever(tmp_path: Path) -> None:
    """It was silent for long on another machine; what it writes afterwards is its own."""
    manager = LocalComputeLogManager(str(tmp_path))
    with manager.capture_steps(KEY) as capture:
        for key in ("first", "second"):
            capture.begin(key)
            os.write(1, b"early ")
            if key == "second":
                LocalComputeLogManager(str(tmp_path)).note_lost(KEY, None)
            os.write(1, b"late")
            capture.end()
    assert {step: out for step, (out, _err) in written(manager).items()} == {
        "first": b"early late",
        "second": b"early late",
    }


AT_ONCE = """
    import os, sys
    from orrery.adapters.compute_logs.local import LocalComputeLogManager

    with LocalComputeLogManager(sys.argv[1]).capture_steps(["run", "compute_logs", "process-1"]) as capture:
        capture.begin("first")
        os.write(1, b"last words")
        os._exit(3)
"""


def test_what_was_written_just_before_the_end_is_found_where_it_waits(tmp_path: Path) -> None:
    """Before the files took their place: they do when it is noted, and a deleted run leaves none."""
    command = [sys.executable, "-c", textwrap.dedent(AT_ONCE), str(tmp_path)]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 3
    manager = LocalComputeLogManager(str(tmp_path))
    assert manager.get_log_data(KEY).stdout == b"last words"
    assert manager.note_lost(KEY, "first").stdout == b"last words"
    assert written(manager) == {"first": (b"last words", b"")}
    assert manager.is_capture_complete(KEY)
    assert manager.note_lost(KEY, "first").stdout == b""

    assert subprocess.run([*command[:-1], str(tmp_path / "again")], capture_output=True, timeout=60).returncode == 3
    again = LocalComputeLogManager(str(tmp_path / "again"))
    assert [each.name for each in (tmp_path / "again" / ".output").iterdir()] != []
    again.delete_logs(prefix=["run"])
    assert list((tmp_path / "again" / ".output").iterdir()) == []
