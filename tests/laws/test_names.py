"""Laws of the encoding of names: reversible, without collisions, safe on every file system."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from orrery.base.names import (
    MAX_NAME_BYTES,
    decode_part,
    encode_part,
    is_shortened,
    key_from_path,
    key_path,
    labelled_part,
    note_name,
    notes_of_key,
    partition_path,
)

ODD = [
    "",
    ".",
    "..",
    "a",
    "A",
    "con",
    "CON",
    "Con.txt",
    "con.txt",
    "a.",
    "a ",
    " a",
    "/",
    "a/b",
    "%",
    "%61",
    "~",
    "a~b",
]
TEXTS = st.one_of(st.text(max_size=40), st.sampled_from(ODD), st.text("aAbB./%=~ \u00e9e\u0301\ud800", max_size=400))
KEYS = st.lists(TEXTS, min_size=1, max_size=4)
SAFE = re.compile(r"[a-z0-9_%~=-](?:[a-z0-9_.%~=-]*[a-z0-9_%~=-])?\Z")


@given(TEXTS)
def test_a_name_is_reversed_to_its_text(text: str) -> None:
    """Nothing of a text is lost; what was shortened is told by its note."""
    name = encode_part(text)
    assert decode_part(name, {name: text}) == text
    if not is_shortened(name):
        assert decode_part(name) == text


@given(TEXTS)
def test_a_name_is_safe_on_every_file_system(text: str) -> None:
    """Lower-case ASCII of at most 200 bytes, no leading or trailing dot, no device."""
    name = encode_part(text)
    assert SAFE.match(name)
    assert len(name) <= MAX_NAME_BYTES
    assert name.split(".")[0] not in {"con", "nul", "aux", "prn", "com1", "lpt9"}
    assert note_name(name).startswith(".")


@given(TEXTS, TEXTS)
def test_two_texts_never_meet_in_one_name(one: str, other: str) -> None:
    """Also where upper and lower case are the same."""
    assert (encode_part(one).casefold() == encode_part(other).casefold()) == (one == other)


@given(KEYS, KEYS)
def test_two_keys_never_meet_in_one_path(one: list[str], other: list[str]) -> None:
    """Neither as the same file, nor as a file that is another's directory."""
    first, second = key_path(one, extension=".pickle"), key_path(other, extension=".pickle")
    assert (first == second) == (one == other)
    assert not first.startswith(second + "/")
    assert not second.startswith(first + "/")


@given(KEYS, st.sampled_from(["", ".pickle", ".tar.gz"]))
def test_a_path_is_reversed_to_its_key(parts: list[str], extension: str) -> None:
    """With the notes that the writer leaves beside the value."""
    path = key_path(parts, extension=extension)
    notes = {note.rpartition("/")[2][1:-5]: text for note, text in notes_of_key(parts, extension=extension)}
    assert key_from_path(path, extension=extension, notes=notes) == tuple(parts)


@given(st.lists(TEXTS, min_size=1, max_size=40))
def test_a_path_is_never_too_long_for_the_system(parts: list[str]) -> None:
    """4,096 bytes are the limit of Linux for a whole path; the root needs some."""
    assert len(key_path(parts, extension=".parquet")) < 2_000


@given(KEYS, st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2), KEYS)
def test_the_file_of_a_partition_is_no_other_keys_file(
    parts: list[str], partition: dict[str, str], other: list[str]
) -> None:
    """Asset ``a`` at partition ``b`` is not asset ``["a", "b"]``."""
    path = f"{key_path(parts)}/{partition_path(partition)}.pickle"
    assert path != key_path(other, extension=".pickle")


@given(st.dictionaries(TEXTS, TEXTS, min_size=2, max_size=2), st.dictionaries(TEXTS, TEXTS, min_size=2, max_size=2))
def test_two_partitions_never_meet(one: dict[str, str], other: dict[str, str]) -> None:
    """Dimensions are told apart by their labels."""
    assert (partition_path(one) == partition_path(other)) == (one == other)


@given(st.text("abc0189_-", min_size=1, max_size=60).filter(lambda text: not text.startswith("con")))
def test_an_ordinary_name_stays_itself(text: str) -> None:
    """People find their values by looking."""
    assert encode_part(text) == text
    assert labelled_part("date", text) == f"date={text}"
