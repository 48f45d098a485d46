"""A job of ops reads the value of an asset by its source asset."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return [1, 2]

    @dg.op
    def total(table):
        return sum(table)

    shelf = dg.FilesystemIOManager(base_dir="values")

    @dg.job(resource_defs={"io_manager": shelf})
    def small():
        total(table.to_source_asset())

    dg.materialize([table], resources={"io_manager": shelf})
    record.result(small.execute_in_process())
