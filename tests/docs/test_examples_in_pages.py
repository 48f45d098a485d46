"""
Every Python example in the README and below docs/ runs, as a reader would run it.

A block is saved to a file of its own and run in a fresh process, below an empty folder. The text block that follows it,
if one does and is marked ``text``, is what it has to print. A block that is no program stands under a comment
``<!-- fragment: why -->`` and is only compiled.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?P<fragment><!-- fragment:[^\n]*-->\n+)?^```python\n(?P<code>.*?)^```\n(?:\n*^```text\n(?P<printed>.*?)^```\n)?",
    flags=re.DOTALL | re.MULTILINE,
)


class Example(NamedTuple):
    place: str
    code: str
    printed: str | None
    is_fragment: bool


def examples() -> list[Example]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start("code")) + 1
            place = f"{page.relative_to(ROOT)}:{line}"
            found.append(Example(place, match["code"], match["printed"], match["fragment"] is not None))
    return found


EXAMPLES = examples()


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.place)
def test_an_example_runs(example: Example, tmp_path: Path) -> None:
    if example.is_fragment:
        compile(example.code, example.place, "exec")
        return
    script = tmp_path / "example.py"
    script.write_text(example.code, encoding="utf-8")
    # CI: hypothesis then minds no slow machine.
    environment = {**os.environ, "CI": "1", "ORRERY_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if example.printed is not None:
        assert done.stdout == example.printed


def test_the_first_program_prints_what_the_readme_says() -> None:
    """The README names the figure in its prose."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    claimed = re.search(r"`python shop.py` prints `([^`]+)`", readme)
    first = next(example for example in EXAMPLES if example.place.startswith("README.md"))
    assert claimed is not None
    done = subprocess.run([sys.executable, "-c", first.code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == claimed[1]
