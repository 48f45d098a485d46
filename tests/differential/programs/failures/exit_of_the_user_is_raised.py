"""materialize raises what the function raised also where that is no Exception, and the run is recorded as failed."""

import dagster as dg


class Own(BaseException):
    """No Exception at all."""


def program(record):
    def outcome(error, **options):
        tries = []

        @dg.asset(**options)
        def bad():
            tries.append(1)
            raise error

        instance = dg.DagsterInstance.ephemeral()
        try:
            dg.materialize([bad], instance=instance)
        except BaseException as raised:  # whatever it is, it is what is compared
            (run,) = instance.get_runs()
            return [type(raised).__name__, raised is error, run.status.name, len(tries)]
        return None

    record.value("exit", outcome(SystemExit(3)))
    record.value("exit without an error", outcome(SystemExit(0)))
    record.value("interrupt", outcome(KeyboardInterrupt()))
    record.value("of a generator", outcome(GeneratorExit()))
    record.value("own class", outcome(Own("no")))
    record.value("exit with a policy", outcome(SystemExit(3), retry_policy=dg.RetryPolicy(max_retries=1)))
