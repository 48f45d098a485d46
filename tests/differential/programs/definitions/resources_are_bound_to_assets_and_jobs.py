"""Resources of Definitions reach assets, jobs and IO managers."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    greeting: str


def program(record):
    @dg.asset
    def hello(greeter: Greeter):
        return greeter.greeting

    @dg.op
    def shout(greeter: Greeter):
        return greeter.greeting.upper()

    @dg.job
    def loud():
        shout()

    defs = dg.Definitions(
        assets=[hello],
        jobs=[loud, dg.define_asset_job("all_assets")],
        resources={"greeter": Greeter(greeting="Hi"), "io_manager": dg.mem_io_manager},
    )
    record.result(defs.resolve_job_def("loud").execute_in_process(), "ops")
    record.result(defs.resolve_job_def("all_assets").execute_in_process(), "assets")
