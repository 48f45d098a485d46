"""The number of a process is its own, in copies of it, too."""

import multiprocessing
import os

from orrery.runtime.processes.process_id import process_id


def test_a_fork_has_a_number_of_its_own() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, f"{process_id()}".encode())
        os._exit(0)
    os.close(writing)
    assert int(os.read(reading, 100)) == child
    os.close(reading)
    os.waitpid(child, 0)
    assert process_id() == os.getpid()


def test_so_has_a_process_that_multiprocessing_forks() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        told, real = pool.apply(_both)
    assert told == real != os.getpid()


def _both() -> tuple[int, int]:
    return process_id(), os.getpid()
