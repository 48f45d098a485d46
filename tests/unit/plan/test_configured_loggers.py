"""A configured logger gets the config of the original, whether run config names it or not."""

import logging
from typing import Any

import pytest

import orrery as o


@pytest.mark.parametrize("run_config", [None, {"loggers": {"quiet": {}}}], ids=["not named", "named without config"])
def test_a_configured_logger_sees_its_config(run_config: Any) -> None:
    seen: list[Any] = []

    @o.logger(config_schema={"level": str})
    def keep(context: o.InitLoggerContext) -> logging.Logger:
        seen.append(context.logger_config)
        return logging.Logger("quiet")

    @o.op
    def speak(context: o.OpExecutionContext) -> None:
        context.log.info("said")

    @o.job(logger_defs={"quiet": keep.configured({"level": "ERROR"})})
    def nightly() -> None:
        speak()

    nightly.execute_in_process(run_config=run_config)
    assert seen == [{"level": "ERROR"}]
