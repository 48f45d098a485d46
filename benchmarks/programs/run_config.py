"""
Plan a job of N ops, each with a config of its own in the run config: run_config.py MODULE N.

The job exists, and a small one like it has been planned, before the watch starts.
"""

from typing import Any

from common_api import StopWatch, execution_plan, run


def make_job(og: Any, n: int) -> Any:
    @og.op(config_schema={"rows": int, "name": str, "tags": [str], "limits": {"low": float, "high": float}})
    def configured(context):
        return context.op_config["rows"]

    @og.job
    def many():
        for i in range(n):
            configured.alias(f"op_{i}")()

    return many


def make_run_config(n: int) -> dict[str, Any]:
    config = {"rows": 3, "name": "x", "tags": ["a", "b"], "limits": {"low": 0.5, "high": 1.5}}
    return {"ops": {f"op_{i}": {"config": config} for i in range(n)}}


def main(og: Any, count: str) -> None:
    n = int(count)
    execution_plan(og, make_job(og, 2), make_run_config(2))
    job, run_config = make_job(og, n), make_run_config(n)
    watch = StopWatch()
    with watch.part("total"):
        execution_plan(og, job, run_config)
    watch.report()


if __name__ == "__main__":
    run(main)
