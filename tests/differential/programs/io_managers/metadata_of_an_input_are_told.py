"""The event of a loaded input tells the metadata of its definition, and what the IO manager adds over them."""

import dagster as dg


class Adding(dg.IOManager):
    def __init__(self):
        self.values = {}

    def handle_output(self, context, obj):
        self.values[context.step_key] = obj

    def load_input(self, context):
        if context.name == "read":
            context.add_input_metadata({"rows": 2, "columns": "some"})
        return self.values[context.upstream_output.step_key]


def program(record):
    @dg.op(out=dg.Out(metadata={"of": "the output"}))
    def one():
        return 1

    @dg.op(ins={"value": dg.In(metadata={"unit": "m", "limits": [1, 2]})})
    def two(value):
        return value

    @dg.job(resource_defs={"io_manager": dg.mem_io_manager})
    def small():
        two(one())

    @dg.asset(metadata={"of": "the asset"})
    def source():
        return [1, 2]

    @dg.asset(ins={"read": dg.AssetIn("source", metadata={"columns": ["a"], "wide": True})})
    def reader(read):
        return read

    @dg.asset
    def plain(source):
        return source

    record.result(small.execute_in_process(), "job")
    record.result(dg.materialize([source, reader, plain], resources={"io_manager": Adding()}))
