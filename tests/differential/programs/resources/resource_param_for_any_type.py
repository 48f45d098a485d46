"""ResourceParam asks for a resource of any class."""

import dagster as dg


class Client:
    def __init__(self, name):
        self.name = name


def program(record):
    @dg.asset
    def table(client: dg.ResourceParam[Client], number: dg.ResourceParam[int]):
        return [client.name, number]

    record.result(dg.materialize([table], resources={"client": Client("c"), "number": 5}))
