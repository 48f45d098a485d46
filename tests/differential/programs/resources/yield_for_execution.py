"""yield_for_execution is a context manager around the run."""

from contextlib import contextmanager

import dagster as dg

LOG: list[str] = []


class Connection(dg.ConfigurableResource):
    name: str

    @contextmanager
    def yield_for_execution(self, context):
        LOG.append("enter")
        try:
            yield self
        finally:
            LOG.append("leave")


def program(record):
    @dg.asset
    def one(connection: Connection):
        LOG.append("one")
        return connection.name

    record.result(dg.materialize([one], resources={"connection": Connection(name="c")}))
    record.value("log", LOG)
