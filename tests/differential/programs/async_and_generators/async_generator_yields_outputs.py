"""An async generator yields events as a plain one does."""

import asyncio

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    async def pair():
        yield dg.Output(1, output_name="a")
        await asyncio.sleep(0)
        yield dg.Output(2, output_name="b")

    record.result(dg.materialize([pair]))
