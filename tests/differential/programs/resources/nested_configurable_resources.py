"""A resource may hold another, which is set up first."""

import dagster as dg


class Credentials(dg.ConfigurableResource):
    user: str
    secret: str = "none"


class Store(dg.ConfigurableResource):
    credentials: Credentials
    bucket: str

    def address(self) -> str:
        return f"{self.credentials.user}:{self.credentials.secret}@{self.bucket}"


def program(record):
    @dg.asset
    def table(store: Store):
        return store.address()

    inner = Credentials(user="ada")
    record.result(dg.materialize([table], resources={"store": Store(credentials=inner, bucket="b")}), "inline")
    shared = Credentials.configure_at_launch()
    resources = {"credentials": shared, "store": Store(credentials=shared, bucket="b")}
    config = {"resources": {"credentials": {"config": {"user": "bob", "secret": "x"}}}}
    record.result(dg.materialize([table], resources=resources, run_config=config), "shared")
