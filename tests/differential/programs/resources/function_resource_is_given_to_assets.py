"""@resource makes a resource of a function; assets ask by key."""

import dagster as dg


def program(record):
    made = []

    @dg.resource
    def counter(init_context):
        made.append(1)
        return {"start": 10}

    @dg.asset(required_resource_keys={"counter"})
    def one(context):
        return context.resources.counter["start"]

    @dg.asset(required_resource_keys={"counter"})
    def two(context):
        return context.resources.counter["start"] + 1

    record.result(dg.materialize([one, two], resources={"counter": counter}))
    record.value("made once", made)
