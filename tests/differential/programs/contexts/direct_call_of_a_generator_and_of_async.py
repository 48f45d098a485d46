"""A direct call of a generator gives a generator; of an async function, an awaitable."""

import asyncio

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def pair():
        yield dg.Output(1, output_name="a")
        yield dg.Output(2, output_name="b")

    @dg.asset
    async def later():
        return 5

    record.value("outputs", [[output.output_name, output.value] for output in pair()])
    record.value("awaited", asyncio.run(later()))

    @dg.asset
    def result():
        return dg.MaterializeResult(metadata={"n": 1})

    record.value("result", type(result()).__name__)
