"""Resources are set up in order of their needs, and closed in reverse."""

import dagster as dg


def program(record):
    log = []

    def make(name, needs=()):
        @dg.resource(required_resource_keys=set(needs))
        def one(context):
            log.append(f"open {name}")
            yield "+".join([name, *(getattr(context.resources, need) for need in sorted(needs))])
            log.append(f"close {name}")

        return one

    @dg.asset(required_resource_keys={"top"})
    def table(context):
        return context.resources.top

    resources = {"top": make("top", ["middle"]), "middle": make("middle", ["bottom"]), "bottom": make("bottom")}
    record.result(dg.materialize([table], resources=resources))
    record.value("log", log)
