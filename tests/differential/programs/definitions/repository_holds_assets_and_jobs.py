"""@repository is the older way to gather definitions."""

import dagster as dg


def program(record):
    @dg.asset(required_resource_keys={"n"})
    def a(context):
        return context.resources.n

    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    @dg.repository
    def repo():
        return [
            *dg.with_resources([a], {"n": dg.ResourceDefinition.hardcoded_resource(4)}),
            small,
            dg.define_asset_job("j"),
        ]

    record.value(
        "jobs",
        sorted(name for name in repo.get_job_names() if not name.startswith("__"))
        if hasattr(repo, "get_job_names")
        else sorted(name for name in repo.job_names if not name.startswith("__")),
    )
    record.result(repo.get_job("small").execute_in_process(), "small")
    record.result(repo.get_job("j").execute_in_process(), "j")
