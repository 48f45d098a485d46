"""Two loggers of a job, one configured in the job and one by run config."""

import logging

import dagster as dg


def program(record):
    lines = []

    class Keep(logging.Handler):
        def __init__(self, name):
            super().__init__()
            self.told = name

        def emit(self, entry):
            if getattr(entry, "dagster_meta", None) is None or "marker" in entry.getMessage():
                lines.append([self.told, entry.levelname, "marker" in entry.getMessage()])

    def make(name):
        @dg.logger(config_schema={"level": dg.Field(str, default_value="WARNING")})
        def kept(context):
            found = logging.Logger(name, level=context.logger_config["level"])
            found.addHandler(Keep(name))
            return found

        return kept

    @dg.op
    def speak(context):
        context.log.debug("marker low")
        context.log.warning("marker %s", "high")

    @dg.job(logger_defs={"one": make("one"), "two": make("two").configured({"level": "ERROR"})})
    def nightly():
        speak()

    nightly.execute_in_process(run_config={"loggers": {"one": {"config": {"level": "DEBUG"}}, "two": {}}})
    record.value("marked", sorted(each for each in lines if each[2]))
    lines.clear()
    nightly.execute_in_process()
    record.value("marked without run config", sorted(each for each in lines if each[2]))
