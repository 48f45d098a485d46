"""The errors page and the tree of errors tell of the same kinds."""

import re
from pathlib import Path

import pytest

from orrery.base import errors

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
SECTIONS = {
    match.group(1): match.group(2)
    for match in re.finditer(
        r"^## (\S+)\n(.*?)(?=^#|\Z)", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
}


def tree(cls: type[errors.OrreryError]) -> list[type[errors.OrreryError]]:
    """List *cls* and every kind of it that the tree defines."""
    below = [kind for child in cls.__subclasses__() for kind in tree(child)]
    return [kind for kind in (cls, *below) if kind.__module__ == errors.__name__]


KINDS = sorted(set(tree(errors.OrreryError)), key=lambda kind: kind.code)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_error_has_its_heading(kind: type[errors.OrreryError]) -> None:
    section = SECTIONS[kind.code]
    assert section.startswith(f"\n`{kind.__name__}`."), "the section opens with the name of the class"
    assert "**Mend:**" in section


def test_every_heading_has_its_error() -> None:
    assert set(SECTIONS) == {kind.code for kind in KINDS}


def test_every_error_has_a_code_of_its_own() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)


def test_the_tree_drawn_at_the_head_is_the_tree() -> None:
    """The drawing names every class of the module."""
    drawn = set(re.findall(r"\b[A-Z]\w+(?:Error|DidNotPass)\b", errors.__doc__ or ""))
    assert drawn >= {kind.__name__ for kind in KINDS}


def test_every_error_is_public() -> None:
    assert {kind.__name__ for kind in KINDS} <= set(errors.__all__)
