"""
Define and plan a job of graphs within graphs: nested_graphs.py MODULE DEPTH.

Each graph calls the one below it twice, so that DEPTH levels make 2**DEPTH steps. A job of two levels has been planned
before the watch starts.
"""

from typing import Any

from common_api import StopWatch, execution_plan, run


def make_job(og: Any, depth: int) -> Any:
    @og.op
    def start():
        return 1

    @og.op
    def plus_one(number):
        return number + 1

    inner = plus_one
    for level in range(depth):
        inner = og.graph(name=f"level_{level}")(_twice(inner))

    @og.job
    def nested():
        inner(start())

    return nested


def _twice(inner: Any) -> Any:
    def compose(number):
        return inner.alias("second")(inner.alias("first")(number))

    return compose


def main(og: Any, depth: str) -> None:
    watch = StopWatch()
    execution_plan(og, make_job(og, 2))
    with watch.part("total"):
        plan = execution_plan(og, make_job(og, int(depth)))
    steps = plan.get_steps() if hasattr(plan, "get_steps") else plan.steps
    assert len(list(steps)) == 2 ** int(depth) + 1
    watch.report()


if __name__ == "__main__":
    run(main)
