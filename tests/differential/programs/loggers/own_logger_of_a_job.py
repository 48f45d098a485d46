"""A logger of one's own hears what steps log."""

import logging

import dagster as dg


class Heard(logging.Handler):
    def __init__(self, lines):
        super().__init__()
        self.lines = lines

    def emit(self, entry):
        self.lines.append([entry.levelname, getattr(entry, "dagster_meta", {}).get("orig_message", entry.getMessage())])


def program(record):
    lines = []

    @dg.logger(config_schema={"level": dg.Field(str, default_value="INFO")}, description="hears")
    def hearing(context):
        made = logging.Logger("hearing", level=getattr(logging, context.logger_config["level"]))
        made.addHandler(Heard(lines))
        return made

    @dg.op
    def one(context):
        context.log.debug("quiet")
        context.log.info("loud")
        context.log.error("louder")

    @dg.job(logger_defs={"hearing": hearing})
    def small():
        one()

    mine = ("quiet", "loud", "louder")

    def heard():
        return [line for line in lines if any(line[1].endswith(word) for word in mine)]

    small.execute_in_process(run_config={"loggers": {"hearing": {}}})
    record.value("default level", [[level, text.split()[-1]] for level, text in heard()])
    lines.clear()
    small.execute_in_process(run_config={"loggers": {"hearing": {"config": {"level": "DEBUG"}}}})
    record.value("debug", [[level, text.split()[-1]] for level, text in heard()])
