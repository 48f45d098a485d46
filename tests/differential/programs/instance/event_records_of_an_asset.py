"""fetch_materializations pages through the events of an asset."""

import dagster as dg


def program(record):
    @dg.asset
    def a(context):
        return dg.Output(1, metadata={"n": int(context.get_tag("n"))})

    with dg.instance_for_test() as instance:
        for number in range(5):
            dg.materialize([a], instance=instance, tags={"n": str(number)})
        page = instance.fetch_materializations(dg.AssetKey("a"), limit=2)
        record.value("newest", [one.asset_materialization.metadata["n"].value for one in page.records])
        record.value("more", page.has_more)
        rest = instance.fetch_materializations(dg.AssetKey("a"), limit=10, cursor=page.cursor)
        record.value("rest", [one.asset_materialization.metadata["n"].value for one in rest.records])
        record.value("end", rest.has_more)
        oldest = instance.fetch_materializations(dg.AssetKey("a"), limit=2, ascending=True)
        record.value("oldest", [one.asset_materialization.metadata["n"].value for one in oldest.records])
        records = instance.get_asset_records([dg.AssetKey("a")])
        record.value("last", records[0].asset_entry.last_materialization.asset_materialization.metadata["n"].value)
