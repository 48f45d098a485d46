"""Code versions come from the definition; equal inputs and code give equal data versions."""

import dagster as dg


def program(record):
    @dg.asset(code_version="v1")
    def a():
        return 1

    @dg.asset(code_version="v1")
    def b(a):
        return a + 1

    with dg.instance_for_test() as instance:
        results = [dg.materialize([a, b], instance=instance) for _ in range(2)]
        tags = [result.asset_materializations_for_node("b")[0].tags for result in results]
        record.value("code version", [record.system_tag(one, "code_version") for one in tags])
        versions = [record.system_tag(one, "data_version") for one in tags]
        record.value("same data version", versions[0] == versions[1])
        record.value("tells its input", any(key.endswith("input_data_version/a") for key in tags[0]))
