"""A large value goes to its file as it comes: it is copied nowhere, and is there whole or not at all."""

from __future__ import annotations

import errno
import os
import pickle
import resource
import signal
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.io.formats import dump_pickle, load_pickle
from orrery.adapters.io.seal import Seal
from orrery.base.errors import DamagedValueError, InvariantViolationError, UntrustedValueError
from orrery.runtime.instance.value_key import ValueKey

LARGE = 20_000_000
KEY = ValueKey(b"the secret of this instance")


class Unwilling:
    """Cannot be pickled, after all that comes before it."""

    def __reduce__(self) -> Any:
        raise ValueError("not me")


def name() -> str:
    return "asset 'a'"


def stored(path: Path, value: Any, key: ValueKey | None = KEY) -> Seal:
    return dump_pickle(str(path), value, what=name, key=key)


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may be larger than ten million bytes, as if the disk were full there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE // 2, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize(
    "value",
    [
        {"bytes": os.urandom(1_000) * (LARGE // 1_000), "before": [1] * 1_000_000},
        {"many": [os.urandom(50_000) for _ in range(100)]},
        ["a text of some length " * 200_000, bytearray(3_000_000)],
    ],
    ids=["one large part", "many small parts", "text and a bytearray"],
)
@pytest.mark.parametrize("key", [KEY, None], ids=["signed", "unsigned"])
def test_what_is_stored_is_loaded(tmp_path: Path, value: Any, key: ValueKey | None) -> None:
    """By us, with the digest checked, and by plain pickle; the seal is that of the pickle."""
    path = tmp_path / "a.pickle"
    seal = stored(path, value, key)
    assert load_pickle(str(path), what=name, key=key).value == value
    assert pickle.loads(path.read_bytes()) == value
    data = path.read_bytes()
    assert seal == Seal.of(data[len(data) - seal.length :])


def test_it_is_copied_nowhere(tmp_path: Path) -> None:
    """Beside the value there is hardly any memory in use at any time."""
    value = [bytes(LARGE), bytearray(LARGE)]
    tracemalloc.start()
    stored(tmp_path / "a.pickle", value)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < LARGE // 4


def test_damage_and_a_foreign_signature_are_noticed(tmp_path: Path) -> None:
    """One flipped bit in the midst of it."""
    path = tmp_path / "a.pickle"
    stored(path, bytes(LARGE))
    with pytest.raises(UntrustedValueError):
        load_pickle(str(path), what=name, key=ValueKey(b"that of another"))
    with path.open("r+b") as file:
        file.seek(LARGE // 2)
        file.write(b"\1")
    with pytest.raises(DamagedValueError):
        load_pickle(str(path), what=name, key=KEY)


def test_a_value_that_turns_out_not_to_be_picklable_leaves_the_old_one(tmp_path: Path) -> None:
    """Also if much of it was written before."""
    path = tmp_path / "a.pickle"
    stored(path, "old")
    with pytest.raises(InvariantViolationError, match="cannot be pickled, so no file can hold it: not me"):
        stored(path, [bytes(LARGE), Unwilling()])
    assert load_pickle(str(path), what=name, key=KEY).value == "old"
    assert os.listdir(tmp_path) == ["a.pickle"]


def test_a_file_that_cannot_grow_is_told_as_that(tmp_path: Path, small_files: None) -> None:
    """It is the disk's fault, and not that of the value; the old one stands."""
    path = tmp_path / "a.pickle"
    stored(path, "old")
    with pytest.raises(OSError, match="File too large") as told:
        stored(path, bytes(LARGE))
    assert told.value.errno == errno.EFBIG
    assert load_pickle(str(path), what=name, key=KEY).value == "old"
    assert os.listdir(tmp_path) == ["a.pickle"]
