"""Sources of code, read by several threads at once."""

import ast
import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from orrery.plan import active, run_config
from orrery.runtime.engine.code_facts import _read


@pytest.fixture
def switching() -> Iterator[None]:
    """Let threads change places wherever the collector runs, also while a syntax tree is built."""

    def switch(*_: object) -> None:
        time.sleep(0)

    before = gc.get_threshold()
    gc.set_threshold(200, 5, 5)
    gc.callbacks.append(switch)
    yield
    gc.callbacks.remove(switch)
    gc.set_threshold(*before)


def test_threads_that_read_code_at_once_do_not_fail_each_other(switching: None) -> None:
    files = [active.__file__, run_config.__file__] * 2
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(_read, files))
    assert all(found)
    assert [set(each) for each in found[:2]] == [set(each) for each in found[2:]]


def test_what_another_library_parses_meanwhile_fails_nobody() -> None:
    """Python 3.11 calls the tree wrong that is made while another is, here by what the collector calls."""
    nested = 0

    def parse(*_: object) -> None:
        nonlocal nested
        if nested < 3:  # not without end: each attempt but the last meets it
            nested += 1
            ast.parse("x = 1")

    before = gc.get_threshold()
    gc.callbacks.append(parse)
    gc.set_threshold(200, 1_000, 1_000)
    try:
        found = _read(active.__file__)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(parse)
    assert nested
    assert any(name == "commands" for name, _ in found)
