"""What a record tells a logger of one's own: its text, and where it comes from."""

import logging

import dagster as dg

PARTS = ("job_name", "job_tags", "op_name", "orig_message", "resource_name", "step_key", "dagster_event")


def program(record):
    heard = []

    class Keep(logging.Handler):
        def emit(self, entry):
            heard.append(entry)

    @dg.logger
    def keep(_context):
        made = logging.Logger("keep", level=logging.DEBUG)
        made.addHandler(Keep())
        return made

    @dg.op
    def greet(context):
        context.log.info("hello %s", "you", extra={"mark": 1})

    @dg.graph
    def inner():
        greet()

    @dg.job(logger_defs={"keep": keep}, tags={"team": "shop"})
    def house():
        inner()

    house.execute_in_process(run_config={"loggers": {"keep": {}}})
    (line,) = [each for each in heard if getattr(each, "mark", None)]
    meta = line.dagster_meta
    record.value("text", line.getMessage().replace(meta["run_id"], "RUN"))
    record.value("parts", {key: meta[key] for key in PARTS})
    record.value("names", sorted(meta))
    (ended,) = [each for each in heard if "RUN_SUCCESS" in each.getMessage()]
    text = ended.getMessage().replace(meta["run_id"], "RUN")
    record.value("text of an event", " - ".join(part for part in text.split(" - ") if not part.isdigit()))
    record.value("kind of the event", ended.dagster_event.event_type_value)
