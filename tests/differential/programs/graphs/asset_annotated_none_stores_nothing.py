"""An asset annotated to return None hands nothing to the IO manager."""

import dagster as dg


def program(record):
    @dg.asset
    def parent() -> None:
        pass

    @dg.asset(deps=[parent])
    def child() -> None:
        pass

    record.result(dg.materialize([parent, child]))
