"""Sources of code, read by several threads at once."""

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
