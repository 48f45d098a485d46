"""An async asset gives the value it returns."""

import asyncio

import dagster as dg


def program(record):
    @dg.asset
    async def slow():
        await asyncio.sleep(0)
        return [1]

    @dg.asset
    async def after(slow):
        await asyncio.sleep(0)
        return [*slow, 2]

    record.result(dg.materialize([slow, after]))
