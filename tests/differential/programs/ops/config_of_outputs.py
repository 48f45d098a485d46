"""An IO manager may take config for each output."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self, log):
        self.log = log

    def handle_output(self, context, obj):
        self.log.append([context.name, context.config, context.resource_config])

    def load_input(self, context):
        return 1


def program(record):
    log = []

    @dg.io_manager(output_config_schema={"table": str}, config_schema={"root": str})
    def shelf(context):
        return Shelf(log)

    @dg.op
    def one():
        return 1

    @dg.job(resource_defs={"io_manager": shelf})
    def small():
        one()

    config = {
        "ops": {"one": {"outputs": {"result": {"table": "t"}}}},
        "resources": {"io_manager": {"config": {"root": "r"}}},
    }
    record.result(small.execute_in_process(run_config=config))
    record.value("log", log)
