"""Jobs that other processes make again, for ``processes.py``: the module under test comes as an argument."""

import importlib
import time
from typing import Any


def make(module: str, kind: str, n: str) -> Any:
    """
    Return the job of a kind: wide, chain, sleep, cpu or large in worker processes; await in one process.

    N is how many steps it has; of ``large``, how many bytes pass from one step to the other.
    """
    og = importlib.import_module(module)
    count = int(n)

    @og.op(name="first")
    def first():
        return 1

    @og.op(name="next_one")
    def next_one(before):
        return before + 1

    @og.op(name="sleeps")
    def sleeps():
        time.sleep(0.1)

    @og.op(name="awaits")
    async def awaits():
        import asyncio

        await asyncio.sleep(0.1)

    @og.op(name="computes")
    def computes():
        until = time.process_time() + 0.5
        while time.process_time() < until:
            pass

    @og.op(name="large")
    def large():
        return bytes(count)

    @og.op(name="measures")
    def measures(value):
        return len(value)

    at_once = {"sleep": 8}.get(kind, 2)
    executor = (
        og.in_process_executor if kind == "await" else og.multiprocess_executor.configured({"max_concurrent": at_once})
    )

    @og.job(name=f"{kind}_{n}", executor_def=executor)
    def job():
        if kind == "large":
            measures(large())
            return
        shown = {"sleep": sleeps, "await": awaits, "cpu": computes}.get(kind, first)
        value = None
        for number in range(count):
            if kind == "chain" and number:
                value = next_one.alias(f"step_{number}")(value)
            else:
                value = shown.alias(f"step_{number}")()

    return job
