"""can_subset with specs: the chosen keys are told by the context."""

import dagster as dg


def program(record):
    @dg.multi_asset(specs=[dg.AssetSpec(name) for name in "abc"], can_subset=True)
    def three(context):
        for key in sorted(context.selected_asset_keys):
            yield dg.MaterializeResult(asset_key=key)

    record.result(dg.materialize([three], selection=["b"]), "b")
    record.result(dg.materialize([three], selection=["a", "b"]), "ab")
