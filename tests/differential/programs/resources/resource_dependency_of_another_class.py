"""ResourceDependency holds a resource that is not configurable."""

import dagster as dg


def program(record):
    @dg.resource
    def writer(context):
        return "writer"

    class Report(dg.ConfigurableResource):
        writer: dg.ResourceDependency[str]
        title: str

    @dg.asset
    def page(report: Report):
        return f"{report.title} by {report.writer}"

    record.result(dg.materialize([page], resources={"report": Report(writer=writer, title="t")}))
