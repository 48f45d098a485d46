"""UPathIOManager: where the values of partitions lie, and what comes back of one and of several."""

import json

import dagster as dg

LETTERS = dg.StaticPartitionsDefinition(["a", "b/c"])
GRID = dg.MultiPartitionsDefinition(
    {"letter": dg.StaticPartitionsDefinition(["a"]), "number": dg.StaticPartitionsDefinition(["1"])}
)


class Json(dg.UPathIOManager):
    extension = ".json"

    def dump_to_path(self, context, obj, path):
        path.write_text(json.dumps(obj))

    def load_from_path(self, context, path):
        return json.loads(path.read_text())


@dg.asset(partitions_def=LETTERS)
def part(context):
    return context.partition_key


@dg.asset
def whole(part):
    return sorted(part.values())


@dg.asset(partitions_def=GRID)
def cell(context):
    return str(context.partition_key)


def program(record):
    from pathlib import Path

    from upath import UPath

    resources = {"io_manager": Json(base_path=UPath("store"))}
    for key in LETTERS.get_partition_keys():
        dg.materialize([part], resources=resources, partition_key=key)
    dg.materialize([cell], resources=resources, partition_key=dg.MultiPartitionKey({"letter": "a", "number": "1"}))
    result = dg.materialize([part, whole], resources=resources, selection=[whole])
    record.value("whole", result.output_for_node("whole"))
    record.value("files", sorted(str(path.relative_to("store")) for path in Path("store").rglob("*.json")))
