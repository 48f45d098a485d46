"""Plan a job of N ops, each with a config of its own in the run config: run_config.py MODULE N."""

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


def main(og: Any, count: str) -> None:
    n = int(count)
    config = {"rows": 3, "name": "x", "tags": ["a", "b"], "limits": {"low": 0.5, "high": 1.5}}
    run_config = {"ops": {f"op_{i}": {"config": config} for i in range(n)}}
    job = make_job(og, n)
    watch = StopWatch()
    with watch.part("total"):
        execution_plan(og, job, run_config)
    watch.report()


if __name__ == "__main__":
    run(main)
