"""
Launch an external process and take what it reports: pipes.py MODULE launch|messages|logs N.

``launch`` tells what the launch costs over the same process run by hand; the others what N messages cost over none.
The instance is persistent, so that log lines are stored.

A process takes ten times as long as its launch, and now and then half as long again: the two are run in turn, many times,
and compared by the mean of the quicker third of either, which comes out the same within 0.3 ms on a quiet machine.
"""

import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from common_api import persistent_instance, run, work_folder

EXTERNAL = {"orrery": ("orrery_pipes", "open_pipes"), "dagster": ("dagster_pipes", "open_dagster_pipes")}
BODIES = {
    "launch": "pass",
    "messages": "for n in range(int(sys.argv[1])): pipes.report_custom_message(n)",
    "logs": "for n in range(int(sys.argv[1])): pipes.log.info('line %d', n)",
}
PAIRS = 45
REST_SECONDS = 0.02


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_hand(package: str, command: list[str]) -> None:
    """Run the process as the orchestrator does, with nobody who reads."""
    encode = importlib.import_module(package).encode_env_var
    data = dict.fromkeys(("asset_keys", "code_version_by_asset_key", "provenance_by_asset_key"))
    data |= dict.fromkeys(("partition_key", "partition_key_range", "partition_time_window"))
    data |= {"run_id": "r", "job_name": None, "retry_number": 0, "extras": {}}
    with work_folder() as folder:
        messages, context = encode({"path": os.path.join(folder, "messages")}), encode({"data": data})
        told = {"DAGSTER_PIPES_MESSAGES": messages, "DAGSTER_PIPES_CONTEXT": context}
        subprocess.run(command, env={**os.environ, **told}, check=True, stderr=subprocess.PIPE)


def quicker(samples: list[float]) -> float:
    return statistics.mean(sorted(samples)[: len(samples) // 3])


def over_by_hand(launch: Callable[[], Any], bare: Callable[[], None]) -> float:
    """Return what *launch* costs over *bare*, whose turns change places, so that neither has what the other leaves."""
    taken: dict[Callable[[], Any], list[float]] = {launch: [], bare: []}
    for number in range(PAIRS):
        for work in (launch, bare) if number % 2 else (bare, launch):
            time.sleep(REST_SECONDS)
            taken[work].append(seconds(work))
    return quicker(taken[launch]) - quicker(taken[bare])


def main(og: Any, what: str, count: str) -> None:
    package, opener = EXTERNAL[og.__name__]
    with open("child.py", "w") as file:
        file.write(f"import sys\nfrom {package} import {opener}\nwith {opener}() as pipes:\n    {BODIES[what]}\n")
    command = [sys.executable, "child.py"]
    taken = []

    @og.asset
    def external(context):
        client = og.PipesSubprocessClient()

        def launch(n: str = "0") -> Any:
            return client.run(context=context, command=[*command, n])

        launch()
        if what == "launch":
            taken.append(over_by_hand(launch, lambda: by_hand(package, [*command, "0"])))
        else:
            taken.extend(seconds(lambda: launch(count)) - seconds(launch) for _ in range(3))
        return launch().get_materialize_result()

    with work_folder() as home:
        assert og.materialize([external], instance=persistent_instance(og, home)).success
    print(json.dumps({"seconds": {"total": statistics.median(taken)}}))


if __name__ == "__main__":
    run(main)
