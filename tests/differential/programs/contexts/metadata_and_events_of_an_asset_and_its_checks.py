"""What the context of an asset says of it, while it runs with checks, tags and config."""

import dagster as dg


def program(record):
    class Settings(dg.Config):
        rows: int = 3

    @dg.asset(
        key_prefix="shop",
        group_name="sales",
        code_version="v2",
        tags={"tier": "gold"},
        check_specs=[dg.AssetCheckSpec("counted", asset=["shop", "orders"])],
        op_tags={"a": "b"},
    )
    def orders(context: dg.AssetExecutionContext, config: Settings):
        context.add_output_metadata({"rows": config.rows}, output_name="result")
        context.log_event(dg.AssetObservation(["shop", "other"], metadata={"n": 1}))
        record.value(
            "context",
            [
                context.asset_key.path,
                context.has_assets_def,
                context.assets_def.keys == {context.asset_key},
                context.selected_asset_keys == {context.asset_key},
                sorted(key.name for key in context.selected_asset_check_keys),
                context.op_execution_context.op.tags.get("a"),
                context.run.tags.get("who"),
                context.retry_number,
                context.job_name == context.run.job_name,
            ],
        )
        yield dg.Output([1] * config.rows, metadata={"more": True})
        yield dg.AssetCheckResult(passed=True, metadata={"seen": config.rows})

    result = dg.materialize(
        [orders], tags={"who": "me"}, run_config=dg.RunConfig(ops={"shop__orders": Settings(rows=2)})
    )
    record.result(result)
