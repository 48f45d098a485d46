"""A job carries metadata and a description."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job(metadata={"owner": "me", "url": dg.MetadataValue.url("http://x")}, description="does one")
    def small():
        """Not this."""
        one()

    @dg.job
    def documented():
        """One, documented."""
        one()

    record.metadata("metadata", small.metadata)
    record.value("descriptions", [small.description, documented.description])
