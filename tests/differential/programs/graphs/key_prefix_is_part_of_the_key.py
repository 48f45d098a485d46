"""Keys of several parts: key_prefix, key=, and inputs that say where to find them."""

import dagster as dg


def program(record):
    @dg.asset(key_prefix=["lake", "raw"])
    def orders():
        return [1, 2]

    @dg.asset(key=["lake", "clean", "orders"], ins={"rows": dg.AssetIn(key=["lake", "raw", "orders"])})
    def clean(rows):
        return [row * 10 for row in rows]

    @dg.asset(ins={"orders": dg.AssetIn(key_prefix=["lake", "clean"])}, key_prefix="mart")
    def count(orders):
        return len(orders)

    record.value("keys", [a.key.path for a in (orders, clean, count)])
    record.result(dg.materialize([orders, clean, count]))
