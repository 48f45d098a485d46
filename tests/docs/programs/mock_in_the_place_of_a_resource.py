"""A job is tried with a bare object in the place of a resource."""

from orrery import job, op, resource


class Fake:
    def rows(self):
        return [1, 2, 3]


@resource
def database(context):
    raise ConnectionError("not in a test")


@op(required_resource_keys={"database"}, config_schema={"most": int})
def count(context):
    return min(len(context.resources.database.rows()), context.op_config["most"])


@job(resource_defs={"database": database})
def nightly():
    count()


config = {"ops": {"count": {"config": {"most": 2}}}}
print(nightly.execute_in_process(run_config=config, resources={"database": Fake()}).output_for_node("count"))
# prints:
# 2
