"""A configurable resource holds another; both are set up before and torn down after, once."""

import contextlib

import dagster as dg


def program(record):
    heard = []

    class Engine(dg.ConfigurableResource):
        url: str

        def setup_for_execution(self, context):
            heard.append(f"engine {self.url}")

        def teardown_after_execution(self, context):
            heard.append("engine gone")

    class Session(dg.ConfigurableResource):
        engine: Engine
        retries: int = 2

        @contextlib.contextmanager
        def yield_for_execution(self, context):
            heard.append("session")
            yield self
            heard.append("session gone")

    @dg.op
    def use(session: Session):
        heard.append(f"op {session.engine.url} {session.retries}")

    @dg.op
    def again(context, session: Session):
        heard.append("again")

    @dg.job
    def nightly():
        use()
        again()

    job = dg.Definitions(jobs=[nightly], resources={"session": Session(engine=Engine(url="u"))}).resolve_job_def(
        "nightly"
    )
    record.value("success", job.execute_in_process().success)
    record.value("heard", [each for each in heard if not each.startswith(("op", "again"))])
    record.value("ops", sorted(each for each in heard if each.startswith(("op", "again"))))
    with record.raises("wrong type"):
        Session(engine=Engine(url="u"), retries="many")
    with record.raises("immutable"):
        Engine(url="u").url = "v"
