"""Jobs whose step runs an external process; in a module, so that other processes can make them again."""

import importlib
import sys
from pathlib import Path
from typing import Any

from orrery import AssetExecutionContext, Definitions, JobDefinition, PipesSubprocessClient, asset

PACKAGE = Path(__file__).parents[2] / "packages" / "orrery-pipes" / "src"
SIGN_TAG = "test/sign"
REPORTS = """
from orrery_pipes import open_pipes

with open_pipes() as pipes:
    pipes.log.info("a line from outside")
    pipes.report_asset_materialization(metadata={"rows": 3})
"""
WAITS = """
import os, subprocess, sys, time
from orrery_pipes import open_pipes

with open_pipes() as pipes:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    sign = pipes.get_extra("sign")
    with open(sign + ".part", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.replace(sign + ".part", sign)
    time.sleep(600)
"""


def run_script(context: AssetExecutionContext, script: str) -> Any:
    """Run *script* in another interpreter, and give what it reported."""
    return (
        PipesSubprocessClient(env={"PYTHONPATH": str(PACKAGE)})
        .run(
            context=context,
            command=[sys.executable, "-c", script],
            extras={"sign": context.run.tags.get(SIGN_TAG)},
        )
        .get_materialize_result()
    )


@asset
def reports(context: AssetExecutionContext) -> Any:
    return run_script(context, REPORTS)


@asset
def waits(context: AssetExecutionContext) -> Any:
    return run_script(context, WAITS)


def make(name: str, executor: str, config: dict[str, Any]) -> JobDefinition:
    """Return the job of one asset on an executor, named as ``module:name``."""
    module, _colon, attribute = executor.partition(":")
    definition = getattr(importlib.import_module(module), attribute).configured(config)
    made = {"reports": reports, "waits": waits}[name]
    return Definitions(assets=[made], executor=definition).get_implicit_global_asset_job_def()
