"""What an earlier step stored can be read by a later run."""

import dagster as dg


def program(record):
    fail = [True]

    @dg.asset
    def first():
        return "stored"

    @dg.asset
    def second(first):
        if fail[0]:
            raise ValueError("not yet")
        return first + " and read"

    with dg.instance_for_test() as instance:
        record.result(dg.materialize([first, second], instance=instance, raise_on_error=False), "broken")
        fail[0] = False
        record.result(dg.materialize([first, second], instance=instance, selection=["second"]), "mended")
