"""A backfill whose process is killed, wherever that happens: each partition is made exactly once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from orrery.base.keys import AssetKey
from orrery.runtime.instance import Instance

SOURCES = str(Path(__file__).parents[2] / "src")

PROGRAM = """
    import os, random, signal, sys
    import orrery as og
    import orrery.adapters.storage.sqlite
    import orrery.api.verbs.backfill
    from orrery.api.verbs.rehearsal import rehearse
    from orrery.runtime.instance import Instance

    rehearse()  # what children do first is done before they are forked
    home, count = sys.argv[1], int(sys.argv[2])
    KEYS = og.StaticPartitionsDefinition([f"k{number:03}" for number in range(count)])
    COARSE = og.StaticPartitionsDefinition(["even", "odd"])
    PARTS = og.StaticPartitionMapping({key: "odd" if int(key[1:]) % 2 else "even" for key in KEYS.get_partition_keys()})

    @og.asset(partitions_def=KEYS)
    def fine() -> int:
        return 1

    @og.asset(partitions_def=KEYS, deps=[fine])
    def finer() -> int:
        return 2

    @og.asset(partitions_def=COARSE, deps=[og.AssetDep("finer", partition_mapping=PARTS)])
    def coarse() -> int:
        return 3

    @og.op
    def work() -> int:
        return 4

    @og.op
    def more(number: int) -> int:
        return number + 1

    @og.job(partitions_def=KEYS)
    def each() -> None:
        more(work())

    CITIES = og.DynamicPartitionsDefinition(name="cities")

    @og.asset
    def finder() -> og.AddDynamicPartitionsRequest:
        return CITIES.build_add_request(["lima", "oslo", "rome"])

    @og.asset(partitions_def=CITIES, deps=[finder])
    def city() -> int:
        return 5

    DEFS = og.Definitions(assets=[fine, finer, coarse], jobs=[each])
    JOB = os.environ.get("JOB")

    def die_at(number, after):
        left = [number]
        def dying(method):
            def call(*args, **kwargs):
                left[0] -= 1
                if left[0] == 0 and not after:
                    os.kill(os.getpid(), signal.SIGKILL)
                result = method(*args, **kwargs)
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return result
            return call
        from orrery.adapters.storage.sql.connections import Connections
        Connections.write = dying(Connections.write)  # each transaction: of backfills, runs, events, leases

    def go_on():
        with Instance.from_config(home) as instance:
            if JOB == "found":
                return og.materialize([finder, city], instance=instance).success
            known = instance.backfills.get_backfills()
            if known and known[0].is_finished:
                return known[0].status.value == "SUCCESS"
            if known:
                return og.resume_backfill(known[0].backfill_id, DEFS, instance=instance).success
            return og.backfill(DEFS, instance=instance, job=JOB).success

    def in_child(number=None, after=False):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if number is not None:
                    die_at(number, after)
                code = 0 if go_on() else 1
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return False
        assert os.WEXITSTATUS(status) == 0
        return True
"""

RANDOM_KILLS = """
    chance = random.Random(int(sys.argv[3]))
    kills = 0
    while not in_child(chance.randint(1, 250), chance.random() < 0.5):
        kills += 1
        assert kills < 1000
    print(kills)
"""

ONE_KILL = """
    number, after = int(sys.argv[3]), sys.argv[4] == "after"
    import shutil
    while True:
        shutil.rmtree(home, ignore_errors=True)
        ended = in_child(number, after)
        if not ended:
            assert in_child()
        with open(sys.argv[5], "a") as file:
            import json
            child = os.fork()
            if child == 0:
                try:
                    with Instance.from_config(home) as instance:
                        found = [
                            (key, record.partition_key)
                            for key in ("fine", "finer", "coarse", "city")
                            for record in instance.fetch_materializations(og.AssetKey(key), limit=1000).records
                        ]
                        status = [known.status.value for known in instance.backfills.get_backfills()]
                        runs = sorted({run.status.value for run in instance.get_runs()})
                        found += [
                            ("each", run.tags["orrery/partition"])
                            for run in instance.get_runs(og.RunsFilter(job_name="each", statuses=[og.RunStatus.SUCCESS]))
                        ]
                    file.write(json.dumps([number, status, found, runs]) + "\\n")
                    file.flush()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
        if ended:
            break
        number += 1
    print(number)
"""


def run(program: str, *args: object, job: str = "") -> str:
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM) + textwrap.dedent(program), *map(str, args)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES, **({"JOB": job} if job else {})},
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout.strip()


def wanted(count: int) -> Counter[tuple[str, str]]:
    keys = [f"k{number:03}" for number in range(count)]
    return Counter(
        [(name, key) for name in ("fine", "finer") for key in keys] + [("coarse", "even"), ("coarse", "odd")]
    )


def test_two_hundred_partitions_are_made_once_whenever_the_process_is_killed(quick_path: Path) -> None:
    """Killed at random writes until it gets through."""
    seed = int(os.environ.get("ORRERY_SEED", "11"))
    kills = int(run(RANDOM_KILLS, quick_path / "home", 200, seed))
    print(f"seed {seed}: killed {kills} times")
    assert kills > 3
    with Instance.from_config(str(quick_path / "home")) as instance:
        found: Counter[tuple[str, str]] = Counter()
        for name in ("fine", "finer", "coarse"):
            records = instance.fetch_materializations(AssetKey(name), limit=1000).records
            found.update((name, record.partition_key or "") for record in records)
        assert found == wanted(200)
        assert all(record.run.is_finished for record in instance.get_run_records())


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_each_write_it_goes_on(quick_path: Path, when: str) -> None:
    """At the first, the second, ... write, until there is none left."""
    told = quick_path / "told.jsonl"
    last = int(run(ONE_KILL, quick_path / "home", 2, 1, when, told))
    assert last > 20
    for line in told.read_text().splitlines():
        number, status, found, runs = json.loads(line)
        assert status == ["SUCCESS"], number
        assert Counter(map(tuple, found)) == wanted(2), number
        assert set(runs) <= {"SUCCESS", "FAILURE"}, number


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_job_killed_at_each_write_goes_on(quick_path: Path, when: str) -> None:
    """Of each partition one run succeeds; one that was cut short is a failed one."""
    told = quick_path / "told.jsonl"
    last = int(run(ONE_KILL, quick_path / "home", 2, 1, when, told, job="each"))
    assert last > 10
    for line in told.read_text().splitlines():
        number, status, found, runs = json.loads(line)
        assert status == ["SUCCESS"], number
        assert sorted(map(tuple, found)) == [("each", "k000"), ("each", "k001")], number
        assert set(runs) <= {"SUCCESS", "FAILURE"}, number


def test_a_run_that_finds_partitions_killed_at_each_write_is_followed_by_one_that_makes_the_rest(
    tmp_path: Path,
) -> None:
    """Keys that it had added, and not made, are not forgotten; none is made twice."""
    told = tmp_path / "told.jsonl"
    last = int(run(ONE_KILL, tmp_path / "home", 2, 1, "before", told, job="found"))
    assert last > 5
    for line in told.read_text().splitlines():
        number, _, found, _ = json.loads(line)
        assert sorted(map(tuple, found)) == [("city", "lima"), ("city", "oslo"), ("city", "rome")], number
