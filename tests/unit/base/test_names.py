"""Names as files, case by case."""

from __future__ import annotations

import pytest

from orrery.base.names import decode_part, encode_part, key_from_path, key_path, notes_of_key


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("orders", "orders"),
        ("orders.v2", "orders.v2"),
        ("2024-01-01", "2024-01-01"),
        ("", "%"),
        (".", "%2e"),
        ("..", "%2e%2e"),
        ("...", "%2e.%2e"),
        ("a.", "a%2e"),
        ("a ", "a%20"),
        ("A", "%41"),
        ("CON", "%43%4f%4e"),
        ("con", "%63on"),
        ("nul.txt", "%6eul.txt"),
        ("console", "console"),
        ("a/b", "a%2fb"),
        ("a\x00b", "a%00b"),
        ("a\nb", "a%0ab"),
        ("a\\b", "a%5cb"),
        ("100%", "100%25"),
        ("\U0001f600", "%f0%9f%98%80"),
    ],
)
def test_a_text_has_this_name(text: str, name: str) -> None:
    """The names are part of the stored format: they never change."""
    assert encode_part(text) == name
    assert decode_part(name) == text


@pytest.mark.parametrize("name", ["", "A", "%4F", "%2", "%zz", "..", "a%62", "a/b", ".a", "con"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Every text has one name and every name one text."""
    with pytest.raises(ValueError, match="not the name of any text"):
        decode_part(name)


def test_a_long_text_keeps_its_beginning_and_a_digest() -> None:
    """Three hundred characters fit no file name with its endings, so a note tells the rest."""
    name = encode_part("x" * 300)
    assert name.startswith("xxx")
    assert len(name) <= 200
    with pytest.raises(ValueError, match=r"note '\.xxx"):
        decode_part(name)
    assert decode_part(name, {name: "x" * 300}) == "x" * 300


def test_a_false_note_is_noticed() -> None:
    """A note that was altered does not rename a value."""
    name = encode_part("x" * 300)
    with pytest.raises(ValueError, match="belongs to another name"):
        decode_part(name, {name: "y" * 300})


def test_a_key_may_begin_another_key() -> None:
    """``["a"]`` is a file and ``["a", "b"]`` lies in a directory beside it."""
    assert key_path(["a"], extension=".pickle") == "a.pickle"
    assert key_path(["a", "b"], extension=".pickle") == "a/b.pickle"
    assert key_path(["a.pickle", "b"], extension=".pickle") == "a%2epickle/b.pickle"


def test_a_slash_in_a_part_is_not_a_directory() -> None:
    """``["a/b"]`` and ``["a", "b"]`` are two keys."""
    assert key_path(["a/b"]) == "a%2fb"
    assert key_from_path("a%2fb") == ("a/b",)


def test_a_key_of_very_many_parts_is_one_directory_and_a_note() -> None:
    """The whole path stays below the limit of the system and is still reversible."""
    parts = [f"part-{number}-{'x' * 100}" for number in range(50)]
    path = key_path(parts)
    assert path.count("/") == 1
    ((note, text),) = notes_of_key(parts)
    folder = path.partition("/")[0]
    assert note == f".{folder}.name"
    assert key_from_path(path, notes={folder: text}) == tuple(parts)


def test_an_empty_key_is_refused() -> None:
    """Nothing has no place."""
    with pytest.raises(ValueError, match="at least one part"):
        key_path([])
