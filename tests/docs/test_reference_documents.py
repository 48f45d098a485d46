"""
Every piece of code in the reference documents runs under the names it is written with.

The frames of ``frames/`` state what has to come of it; each is filled with its blocks and run as a program of its own,
below an empty folder. The programs of ``programs/`` show the same in our own words and need no documents.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs import reference_documents as documents
from tests.docs.reference_documents import FRAMES, PROGRAMS, ROOT, Frame

needs_documents = pytest.mark.skipif(
    not documents.REFERENCE.is_dir(),
    reason="the reference documents lie beside the repository (../shared/reference) and are absent",
)

PRINTS = re.compile(r"^# prints:\n(?P<lines>(?:#.*\n)*)", flags=re.MULTILINE)


def run(script: Path) -> subprocess.CompletedProcess[str]:
    """Run *script* in a process of its own, with nothing around it."""
    sources = [ROOT / "src", *sorted((ROOT / "packages").glob("*/src"))]
    environment = {name: value for name, value in os.environ.items() if name not in ("DAGSTER_HOME", "ORRERY_HOME")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, sources))
    return subprocess.run(
        [sys.executable, script.name], cwd=script.parent, env=environment, capture_output=True, text=True, check=False
    )


def printed_as_stated(program: str) -> list[str] | None:
    """Return the lines that the comment ``# prints:`` of *program* states, or None if it has none."""
    match = PRINTS.search(program)
    return None if match is None else [line[2:] for line in match["lines"].splitlines()]


@needs_documents
@pytest.mark.parametrize(
    "frame", documents.frames(), ids=lambda frame: str(frame.path.relative_to(FRAMES).with_suffix(""))
)
def test_code_of_a_document_runs(frame: Frame, tmp_path: Path) -> None:
    """The frame, with the blocks of its document put in, ends well and prints what it states."""
    program = documents.filled(frame)
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    done = run(script)
    assert done.returncode == 0, f"{done.stderr}\n--- the program:\n{program}"
    stated = printed_as_stated(program)
    if stated is not None:
        assert done.stdout.splitlines() == stated, done.stderr


@needs_documents
def test_project_of_document_1_runs_as_printed(tmp_path: Path) -> None:
    """Its three files, laid out as it says, print the graph and give a, b, c the values 1, 2, 4."""
    by_number = {block.number: documents.code_to_run(block) for block in documents.blocks(1)}
    for number, name in ((16, "assets.py"), (17, "io_manager.py"), (18, "run.py")):
        assert name in by_number[15]
        (tmp_path / name).write_text(by_number[number], encoding="utf-8")
    (tmp_path / "look.py").write_text("import run\nfrom io_manager import _store\n\nprint(_store)\n", encoding="utf-8")
    done = run(tmp_path / "look.py")
    assert done.returncode == 0, done.stderr
    stated_graph = by_number[19].split("\n\n")[0].strip().splitlines()
    assert [line for line in done.stdout.splitlines() if line][: len(stated_graph)] == stated_graph
    assert done.stdout.splitlines()[-1] == "{'a': 1, 'b': 2, 'c': 4}"
    said = done.stdout + done.stderr
    places = [said.index(line) for line in ("handle_output: a = 1", "load_input: a", "handle_output: c = 4")]
    assert places == sorted(places)


@needs_documents
def test_every_block_is_run_by_some_frame() -> None:
    """No piece of code of a document is left out."""
    run_by_frames = {(frame.document, number) for frame in documents.frames() for number in frame.numbers}
    all_blocks = {
        (block.document, block.number) for number in documents.DOCUMENTS for block in documents.blocks(number)
    }
    assert all_blocks - run_by_frames - documents.PROJECT == set()


@needs_documents
@pytest.mark.parametrize("number", range(1, len(documents.SPACED_AGAIN) + 1))
def test_code_that_is_set_again_differs_in_white_space_alone(number: int) -> None:
    """Document 3 lost its blanks; what is run has the same characters otherwise."""
    block = documents.blocks(3)[number - 1]
    assert documents.without_space(documents.code_to_run(block)) == documents.without_space(block.text)


@needs_documents
def test_page_of_the_reference_programs_is_up_to_date() -> None:
    """docs/reference-programs.md lists what there is; ``python -m tests.docs.reference_documents`` writes it."""
    assert documents.PAGE.read_text(encoding="utf-8") == documents.page()


@pytest.mark.parametrize(
    "path", sorted(PROGRAMS.rglob("*.py")), ids=lambda path: str(path.relative_to(PROGRAMS).with_suffix(""))
)
def test_program_in_our_own_words_runs(path: Path, tmp_path: Path) -> None:
    """The program ends well and prints what it states."""
    program = path.read_text(encoding="utf-8")
    script = tmp_path / path.name
    script.write_text(program, encoding="utf-8")
    done = run(script)
    assert done.returncode == 0, done.stderr
    stated = printed_as_stated(program)
    assert stated is not None, "the program does not state what it prints"
    assert done.stdout.splitlines() == stated, done.stderr
