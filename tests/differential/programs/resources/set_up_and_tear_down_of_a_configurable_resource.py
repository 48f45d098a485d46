"""setup_for_execution and teardown_after_execution come around the steps, once."""

import dagster as dg


class Connection(dg.ConfigurableResource):
    name: str

    def setup_for_execution(self, context) -> None:
        LOG.append(f"set up {self.name}")

    def teardown_after_execution(self, context) -> None:
        LOG.append(f"tear down {self.name}")


LOG: list[str] = []


def program(record):
    @dg.asset
    def one(connection: Connection):
        LOG.append("one")

    @dg.asset(deps=[one])
    def two(connection: Connection):
        LOG.append("two")
        raise ValueError("no")

    result = dg.materialize([one, two], resources={"connection": Connection(name="c")}, raise_on_error=False)
    record.value("success", result.success)
    record.value("log", LOG)
