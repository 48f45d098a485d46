"""Whoever takes an output that gave no value asks the IO manager: the function may have stored it itself."""

import dagster as dg


class Warehouse(dg.IOManager):
    """Tables that functions write themselves."""

    def handle_output(self, context, obj):
        raise AssertionError("nothing is stored here")

    def load_input(self, context):
        return f"table of {context.upstream_output.name}"


class Memory(dg.IOManager):
    def handle_output(self, context, obj):
        pass

    def load_input(self, context):
        raise AssertionError("nothing is loaded from here")


def program(record):
    @dg.asset
    def typed_as_none() -> None: ...

    @dg.asset
    def result_without_value():
        return dg.MaterializeResult(metadata={"rows": 1})

    @dg.asset(io_manager_key="memory")
    def reads(typed_as_none, result_without_value):
        return [typed_as_none, result_without_value]

    resources = {"io_manager": Warehouse(), "memory": Memory()}
    result = dg.materialize([typed_as_none, result_without_value, reads], resources=resources)
    record.value("assets", result.output_for_node("reads"))

    @dg.op(out=dg.Out(dg.Nothing))
    def writes(): ...

    @dg.op(out=dg.Out(io_manager_key="memory"))
    def takes(table):
        return table

    @dg.job(
        resource_defs={key: dg.IOManagerDefinition.hardcoded_io_manager(manager) for key, manager in resources.items()}
    )
    def nightly():
        takes(writes())

    record.value("ops", nightly.execute_in_process().output_for_node("takes"))
