"""Async ops are awaited."""

import asyncio

import dagster as dg


def program(record):
    @dg.op
    async def one():
        await asyncio.sleep(0)
        return 1

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    async def pair():
        yield dg.Output(1, output_name="a")
        await asyncio.sleep(0)
        yield dg.Output(2, output_name="b")

    @dg.op
    def add(x, y):
        return x + y

    @dg.job
    def small():
        a, _ = pair()
        add(one(), a)

    record.result(small.execute_in_process())
