"""
Partitions by the hundred thousand: partitions.py MODULE WHAT.

Each question is asked in a process of its own; what comes before it (definitions, keys, records) is not timed. The
answer is the processor's time in seconds, or a size in bytes.
"""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from common_api import persistent_instance, run, work_folder

FIRST, LAST = "2014-01-01", "2024-01-01"
RUNS = 1_000


def seconds(work: Callable[[], Any], repeats: int = 1) -> float:
    """Return the least that the work took of the processor."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def hours(og: Any) -> Any:
    return og.HourlyPartitionsDefinition(f"{FIRST}-00:00", end_date=f"{LAST}-00:00")


def days(og: Any) -> Any:
    return og.DailyPartitionsDefinition(FIRST, end_date=LAST)


def keys_again(definition: Any) -> float:
    definition.get_partition_keys()
    return seconds(definition.get_partition_keys, 5)


def membership(og: Any) -> float:
    definition = og.StaticPartitionsDefinition([f"k{number}" for number in range(1_000_000)])
    definition.has_partition_key("k999999")

    def ask() -> None:
        for _ in range(1_000):
            definition.has_partition_key("k777777")

    return seconds(ask, 5) / 1_000


def multi(og: Any) -> float:
    sides = [og.StaticPartitionsDefinition([f"{name}{n}" for n in range(300)]) for name in "ab"]
    definition = og.MultiPartitionsDefinition({"a": sides[0], "b": sides[1]})
    return seconds(definition.get_partition_keys)


def status(og: Any, count: int, again: bool) -> float:
    """Ask how the partitions stand, of an instance that did not write them: first, or again."""
    from orrery.testing.conformance.samples import materialized  # ours only: a record there costs ten milliseconds

    key = og.AssetKey("a")
    with work_folder() as home:
        with persistent_instance(og, home) as writer:
            for start in range(0, count, 10_000):
                writer.event_log.store_entries(
                    [materialized("a", partition=f"k{number}") for number in range(start, start + 10_000)]
                )
        with persistent_instance(og, home) as instance:
            instance.event_log.has_asset_key(key)
            took = seconds(lambda: instance.event_log.get_partition_states(key), 5 if again else 1)
            assert len(instance.event_log.get_partition_states(key).keys) == count
            return took


def every_second_hour(og: Any, size: bool) -> float:
    definition = hours(og)
    chosen = definition.get_partition_keys()[::2]
    if size:
        return float(len(definition.subset_with_partition_keys(chosen).serialize()))
    return seconds(lambda: definition.subset_with_partition_keys(chosen), 3)


def mapped(og: Any) -> float:
    up, down = days(og), hours(og)
    everything = down.subset_with_partition_keys(down.get_partition_keys())
    mapping = og.TimeWindowPartitionMapping()
    return seconds(
        lambda: mapping.get_upstream_mapped_partitions_result_for_partitions(
            everything, down, up, current_time=datetime.fromisoformat("2025-01-01T00:00:00+00:00")
        ),
        3,
    )


def single_runs(og: Any) -> float:
    definition = og.StaticPartitionsDefinition([f"k{number}" for number in range(RUNS)])

    @og.asset(partitions_def=definition)
    def each(context):
        return 1

    # An IO manager that keeps nothing: what is measured is the run.
    class Nowhere(og.IOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            return

        def load_input(self, context: Any) -> int:
            return 1

    defs = og.Definitions(assets=[each], resources={"io_manager": Nowhere()})
    kind = og.Instance if og.__name__ == "orrery" else og.DagsterInstance
    with kind.ephemeral() as instance:
        if og.__name__ == "orrery":
            return seconds(lambda: og.backfill(defs, instance=instance)) / RUNS
        job = defs.get_implicit_global_asset_job_def()
        keys = definition.get_partition_keys()[:20]
        return seconds(lambda: [job.execute_in_process(instance=instance, partition_key=key) for key in keys]) / len(
            keys
        )


def planned_backfill(og: Any) -> float:
    definition = og.StaticPartitionsDefinition([f"k{number}" for number in range(100_000)])

    def link(number: int) -> Any:
        @og.asset(name=f"a{number}", partitions_def=definition, deps=[f"a{number - 1}"] if number else [])
        def one() -> None: ...

        return one

    defs = og.Definitions(assets=[link(number) for number in range(10)])
    with work_folder() as home, persistent_instance(og, home) as instance:
        return seconds(lambda: og.plan_backfill(defs, instance=instance))


QUESTIONS: dict[str, Callable[[Any], float]] = {
    "days": lambda og: keys_again(days(og)),
    "hours": lambda og: keys_again(hours(og)),
    "membership": membership,
    "multi": multi,
    "status": lambda og: status(og, 100_000, again=False),
    "status_again": lambda og: status(og, 100_000, again=True),
    "million": lambda og: status(og, 1_000_000, again=False),
    "million_again": lambda og: status(og, 1_000_000, again=True),
    "subset": lambda og: every_second_hour(og, size=False),
    "size": lambda og: every_second_hour(og, size=True),
    "mapping": mapped,
    "runs": single_runs,
    "plan": planned_backfill,
}


def main(og: Any, what: str) -> None:
    print(json.dumps({"seconds": {"total": QUESTIONS[what](og)}}))


if __name__ == "__main__":
    run(main)
