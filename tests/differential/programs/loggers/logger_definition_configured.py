"""configured on a logger; a logger built for a test."""

import logging

import dagster as dg


def program(record):
    @dg.logger({"level": str})
    def plain(context):
        return logging.Logger("plain", level=context.logger_config["level"])

    fixed = plain.configured({"level": "ERROR"})
    made = plain(dg.build_init_logger_context(logger_config={"level": "WARNING"}))
    record.value("level", made.level)
    record.value("fixed is a definition", isinstance(fixed, dg.LoggerDefinition))
    with record.raises("wrong config", contains=["level"]):
        plain(dg.build_init_logger_context(logger_config={"lvl": 1}))
