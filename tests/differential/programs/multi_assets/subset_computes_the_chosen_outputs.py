"""can_subset: the function sees what was chosen, and the rest is not made."""

import dagster as dg


def program(record):
    seen = []

    @dg.multi_asset(
        outs={name: dg.AssetOut(is_required=False) for name in ("a", "b", "c")},
        can_subset=True,
    )
    def three(context):
        seen.append(
            [
                sorted(context.selected_output_names),
                sorted(key.to_user_string() for key in context.selected_asset_keys),
                context.is_subset,
            ]
        )
        for name in sorted(context.selected_output_names):
            yield dg.Output(name.upper(), output_name=name)

    record.result(dg.materialize([three]), "all")
    record.result(dg.materialize([three], selection=["a", "c"]), "two")
    record.value("seen", seen)
