"""An asset that its module gave is listed once more by its name."""

import sys
import types

import dagster as dg


def program(record):
    module = types.ModuleType("differential_named_too")

    @dg.asset
    def orders():
        return 1

    module.orders = orders
    sys.modules["differential_named_too"] = module
    try:
        listed = [*dg.load_assets_from_modules([module]), orders]
        with record.raises("definitions"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=listed))
        with record.raises("materialize"):
            dg.materialize(listed)
        record.value("twice by its name", dg.materialize([orders, orders]).success)
    finally:
        del sys.modules["differential_named_too"]
