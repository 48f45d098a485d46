"""Run one op that yields N dynamic outputs, one mapped step for each, and collect them: fan_out.py MODULE N IO."""

from typing import Any

from common_api import StopWatch, run


def make_job(og: Any, n: int, resources: dict[str, Any]) -> Any:
    @og.op(out=og.DynamicOut(int))
    def spread():
        for i in range(n):
            yield og.DynamicOutput(i, mapping_key=f"k{i}")

    @og.op
    def twice(number):
        return number * 2

    @og.op
    def total(numbers):
        return sum(numbers)

    @og.job(resource_defs=resources)
    def fan_out():
        total(spread().map(twice).collect())

    return fan_out


def main(og: Any, count: str, io: str) -> None:
    n = int(count)
    resources = {"io_manager": og.mem_io_manager} if io == "memory" else {}
    watch = StopWatch()
    assert make_job(og, 2, resources).execute_in_process().success
    job = make_job(og, n, resources)
    with watch.part("total"):
        result = job.execute_in_process()
    assert result.output_for_node("total") == n * (n - 1)
    watch.report()


if __name__ == "__main__":
    run(main)
