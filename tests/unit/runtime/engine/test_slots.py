"""Pools: how many steps run at once, across runs and processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import msgspec
import pytest

from orrery import Instance, asset, job, materialize, op
from orrery.base.errors import InvariantViolationError
from orrery.model.automation.pools import Claim, Pool, granted
from orrery.model.events.event import EventType
from orrery.runtime.instance.leases import this_process

SOURCES = str(Path(__file__).parents[4] / "src")


class Crowd:
    """Counts who is inside."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    async def visit(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.03)
        self.now -= 1


def crowded(crowd: Crowd, **options: object) -> object:
    def made(name: str) -> object:
        @op(name=name, **options)  # type: ignore[arg-type]  # options of the case
        async def visits() -> None:
            await crowd.visit()

        return visits

    ops = [made(f"op_{number}") for number in range(5)]

    @job
    def visiting() -> None:
        for each in ops:
            each()  # type: ignore[operator]  # an op

    return visiting


@pytest.mark.parametrize("kind", ["memory", "disk"])
@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, 5),
        ({"pool": "db"}, 2),
        ({"tags": {"dagster/concurrency_key": "db"}}, 2),
        ({"pool": "db", "tags": {"orrery/pool_slots": "2"}}, 1),
        ({"tags": {"orrery.pool/db": "1", "orrery.pool/api": "1"}}, 1),
        ({"pool": "uncounted"}, 5),
    ],
)
def test_no_more_steps_run_than_there_are_slots(kind: str, options: dict[str, object], most: int) -> None:
    """Those who wait do not hold up the others, and each is served in the end."""
    with Instance.ephemeral() if kind == "memory" else Instance.local_temp() as instance:
        assert instance.leases is not None
        instance.leases.set_pool(Pool(name="db", slots=2))
        instance.leases.set_pool(Pool(name="api", slots=1))
        crowd = Crowd()
        result = crowded(crowd, **options).execute_in_process(instance=instance)  # type: ignore[attr-defined]  # a job
        assert result.success
        assert crowd.most == most
        assert instance.leases.get_claims() == []


def test_a_step_that_waits_says_for_what(tmp_path: Path) -> None:
    """By the names of the pool and of who has it."""
    with Instance.local_temp(str(tmp_path)) as instance:
        assert instance.leases is not None
        instance.leases.set_pool(Pool(name="db", slots=2))
        result = crowded(Crowd(), pool="db").execute_in_process(instance=instance)  # type: ignore[attr-defined]  # a job
        lines = [
            entry.get_dagster_event().message
            for entry in instance.all_logs(result.run_id, of_type=EventType.ENGINE_EVENT)
            if "waits" in entry.get_dagster_event().message
        ]
        run = result.run_id[:8]
        assert lines[0] == (
            f"Step 'op_2' waits for pool 'db' (2 slots: held by step 'op_0' of run {run}, held by step 'op_1' of run {run})."
        )
        assert len(lines) == 3


def test_pools_have_the_usual_number_where_the_settings_say_it() -> None:
    with Instance.local_temp(overrides={"concurrency": {"pools": {"default_limit": 1}}}) as instance:
        crowd = Crowd()
        assert crowded(crowd, pool="any").execute_in_process(instance=instance).success  # type: ignore[attr-defined]  # a job
        assert crowd.most == 1


def test_a_step_that_wants_more_than_there_will_ever_be_is_told() -> None:
    """It would wait for ever."""

    @asset(pool="db", op_tags={"orrery/pool_slots": "3"})
    def heavy() -> None: ...

    with Instance.ephemeral() as instance:
        assert instance.leases is not None
        instance.leases.set_pool(Pool(name="db", slots=2))
        with pytest.raises(InvariantViolationError, match="'heavy' wants 3 slots of pool 'db', which has 2"):
            materialize([heavy], instance=instance)


def test_a_number_of_slots_that_is_none_is_told() -> None:
    @asset(pool="db", op_tags={"orrery/pool_slots": "many"})
    def odd() -> None: ...

    with pytest.raises(InvariantViolationError, match="'orrery/pool_slots' of step 'odd' is a number"):
        materialize([odd], instance=Instance.ephemeral())


PROGRAM = """
    import sys, time
    from orrery import Instance, asset, materialize

    @asset(pool="db")
    def holder():
        print("held", flush=True)
        time.sleep(600)

    with Instance.local_temp(sys.argv[1]) as instance:
        materialize([holder], instance=instance)
"""


def test_a_slot_of_a_run_that_is_killed_is_free(tmp_path: Path) -> None:
    """For a step of another process that waits for it already."""
    with Instance.local_temp(str(tmp_path)) as instance:
        assert instance.leases is not None
        instance.leases.set_pool(Pool(name="db", slots=1))
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": SOURCES},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"

        @asset(pool="db")
        def waits() -> int:
            return 1

        def kill_when_it_waits() -> None:
            end = time.monotonic() + 60
            while len(instance.leases.get_claims()) < 2 and time.monotonic() < end:  # type: ignore[union-attr]  # as above
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)

        killer = threading.Thread(target=kill_when_it_waits)
        killer.start()
        result = materialize([waits], instance=instance)
        killer.join()
        process.communicate(timeout=60)
        assert result.success
        waited = [
            entry
            for entry in instance.all_logs(result.run_id, of_type=EventType.ENGINE_EVENT)
            if "'holder'" in entry.get_dagster_event().message
        ]
        assert len(waited) == 1
        assert instance.leases.get_claims() == []


def test_a_slot_of_another_machine_is_free_when_its_time_is_over() -> None:
    with Instance.ephemeral() as instance:
        assert instance.leases is not None
        instance.leases.set_pool(Pool(name="db", slots=1))
        far = msgspec.structs.replace(this_process(), machine="another", host="far")
        over = instance.leases.get_lease_time() - 1
        claim = Claim(token="t", run_id="r", step_key="s", wants={"db": 1}, owner=far, asked=over, expires=over)
        assert instance.leases.exchange_claims(granted, add=[claim])[0].is_held

        @asset(pool="db")
        def waits() -> int:
            return 1

        assert materialize([waits], instance=instance).success


OVERLAPPING = """
    import os, time
    from pathlib import Path
    from orrery import Instance, execute_job, in_process_executor, job, multiprocess_executor, op, reconstructable
    from orrery.model.automation.pools import Pool

    PLACE = Path(os.environ["PLACE"])

    def visiting(name):
        @op(name=name, pool="db")
        def visits():
            (PLACE / name).write_text("")
            crowd = len(list(PLACE.glob("op_*")))
            time.sleep(0.05)
            (PLACE / name).unlink()
            return crowd
        return visits

    ops = [visiting(f"op_{number}") for number in range(4)]
    executors = {
        "threads": in_process_executor.configured({"threads": 4}),
        "processes": multiprocess_executor.configured({"max_concurrent": 4}),
    }

    @job(executor_def=executors[os.environ["EXECUTOR"]])
    def crowded():
        for each in ops:
            each()

    if __name__ == "__main__":
        with Instance.local_temp(str(PLACE / "home")) as instance:
            instance.leases.set_pool(Pool(name="db", slots=2))
            with execute_job(reconstructable(crowded), instance) as result:
                assert result.success
                print(max(result.output_for_node(f"op_{number}") for number in range(4)), instance.leases.get_claims())
"""


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_pools_hold_where_steps_overlap(tmp_path: Path, executor: str) -> None:
    """In threads, and in processes of their own; the slots are the run's."""
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(OVERLAPPING), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": SOURCES, "PLACE": str(tmp_path), "EXECUTOR": executor},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("2 []", "1 []")
