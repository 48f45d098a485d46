"""An error of an async asset fails its step as any other."""

import asyncio

import dagster as dg


def program(record):
    @dg.asset
    async def bad():
        await asyncio.sleep(0)
        raise ValueError("later")

    @dg.asset
    def child(bad):
        return 1

    record.result(dg.materialize([bad, child], raise_on_error=False))
