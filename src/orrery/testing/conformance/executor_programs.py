"""
Jobs for the suite of executors: each shows one thing that an executor must do.

They stand in a module so that other processes can make them again: :func:`make` puts an executor under one of them.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orrery.base.tags import FRESH_PROCESS_TAG, MAX_RUNTIME_SECONDS_TAG, PRIORITY_TAG
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.asset_check import asset_check
from orrery.definitions.decorators.graph import graph
from orrery.definitions.decorators.hook import failure_hook, success_hook
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.decorators.op import op
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.executor import ExecutorDefinition
from orrery.definitions.parts.inputs_outputs import DynamicOut, Out
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.resource import resource
from orrery.definitions.project.definitions import Definitions
from orrery.model.events.checks import AssetCheckResult
from orrery.model.events.user import DynamicOutput, Failure, MaterializeResult, Output, RetryRequested

__all__ = ["ODD_TEXT", "PROGRAMS", "SIGN_TAG", "make", "random_graph"]

ODD_TEXT = "caf\udce9.csv \x00"
"""What Python makes of the name of a file that is not in UTF-8: text that no UTF-8 can say."""


def make(program: str, executor: str, config: dict[str, Any] | None = None) -> JobDefinition:
    """
    Return the job called *program* with an executor.

    Args:
        program: A name in :data:`PROGRAMS`, or ``random:SEED``.
        executor: ``module:name`` of an :class:`ExecutorDefinition`.
        config: Config of the executor; its defaults if None.
    """
    module, _colon, name = executor.partition(":")
    definition: ExecutorDefinition = getattr(importlib.import_module(module), name)
    if config is not None:
        definition = definition.configured(config)
    if program.startswith("random:"):
        return random_graph(int(program.partition(":")[2])).to_job(executor_def=definition)
    made = PROGRAMS[program]
    if isinstance(made, GraphDefinition):
        return made.to_job(
            executor_def=definition,
            resource_defs={"outer": outer, "inner": inner},
            hooks={said_success, said_failure, broken_hook} if program == "hooks" else None,
        )
    return Definitions(assets=made[0], asset_checks=made[1], executor=definition).get_implicit_global_asset_job_def()


# -- values --------------------------------------------------------------------------------------


@op
def one() -> int:
    return 1


@op
def plus_one(value: int) -> int:
    return value + 1


@op(out={"small": Out(int), "large": Out(list, is_required=False)})
def split(value: int) -> Iterator[Output[Any]]:
    yield Output(value, "small", metadata={"value": value})


@op
def add(context: Any, left: int, right: int = 40) -> int:
    context.log.info(f"adding {left} and {right}")
    print(f"printed {left}")  # noqa: T201  # output of a step
    return left + right


@op
def gather(values: list[int]) -> int:
    return sum(values)


@graph
def nested(value: int) -> int:
    return plus_one(plus_one.alias("again")(value))


@graph
def values() -> None:
    start = one()
    small, large = split(nested(start))
    add(small)
    plus_one.alias("never")(large)
    gather([start, small, plus_one.alias("third")(start)])


# -- dynamic outputs -----------------------------------------------------------------------------


@op(out=DynamicOut())
def three() -> Iterator[DynamicOutput[int]]:
    for number in range(3):
        yield DynamicOutput(number, mapping_key=f"k{number}")


@op(out=DynamicOut())
def none() -> Iterator[DynamicOutput[int]]:
    yield from ()


@op
def fails_at_one(value: int) -> int:
    if value == 1:
        raise ValueError("one is too many")
    return value


@graph
def dynamic() -> None:
    found = three()
    doubled = found.map(plus_one)
    gather(doubled.collect())
    gather.alias("of_none")(none().map(plus_one.alias("over_none")).collect())
    gather.alias("of_failed")(found.map(fails_at_one).collect())


# -- failures and retries ------------------------------------------------------------------------


@op(retry_policy=RetryPolicy(max_retries=2))
def fails_twice(context: Any) -> int:
    if context.retry_number < 2:
        raise ValueError(f"attempt {context.retry_number}")
    return int(context.retry_number)


@op
def asks_for_retry(context: Any) -> int:
    if context.retry_number == 0:
        raise RetryRequested(max_retries=1)
    return 1


@op(retry_policy=RetryPolicy(max_retries=1))
def fails_for_good() -> int:
    raise ValueError("for good")


@op
def means_to_fail() -> int:
    raise Failure("meant", metadata={"why": "because"}, allow_retries=False)


@op
def exits() -> int:
    sys.exit(3)


@op
def wrong_type() -> int:
    return "text"  # type: ignore[return-value]  # refused when it runs


@op
def cannot_be_kept() -> Any:
    return lambda: None


@graph
def raising() -> None:
    fails_at_one(one())


@graph
def failures() -> None:
    plus_one.alias("after_retries")(fails_twice())
    asks_for_retry()
    plus_one.alias("after_failure")(fails_for_good())
    means_to_fail()
    exits()
    wrong_type()
    plus_one.alias("after_lost")(cannot_be_kept())
    plus_one.alias("others_go_on")(one())


# -- resources, hooks, asynchronous functions -----------------------------------------------------


@resource
def outer(context: Any) -> Iterator[str]:
    yield "outer"
    context.log.info("outer closed")


@resource(required_resource_keys={"outer"})
async def inner(context: Any) -> Any:
    yield f"inner of {context.resources.outer}"
    context.log.info("inner closed")


@op(required_resource_keys={"inner"})
def uses_resource(context: Any) -> str:
    return str(context.resources.inner)


@op
async def sleeps() -> int:
    await asyncio.sleep(0.01)
    return 7


@graph
def resources() -> None:
    uses_resource()
    plus_one(sleeps())


@success_hook
def said_success(context: Any) -> None:
    context.log.info(f"{context.step_key} succeeded")


@failure_hook
def said_failure(context: Any) -> None:
    context.log.info(f"{context.step_key} failed: {context.op_exception}")


@success_hook
def broken_hook(context: Any) -> None:
    raise ValueError("a hook that raises")


@graph
def hooks() -> None:
    plus_one(one())
    fails_for_good()
    sleeps()


# -- assets --------------------------------------------------------------------------------------


@asset(metadata={"of": "definition"})
def orders(context: Any) -> MaterializeResult[list[int]]:
    context.add_output_metadata({"added": 1})
    return MaterializeResult(value=[1, 2, 3], metadata={"rows": 3})


@asset
def report(orders: list[int]) -> int:
    return len(orders)


@multi_asset(outs={"left": AssetOut(), "right": AssetOut()})
def both(report: int) -> tuple[int, int]:
    return report, report + 1


@asset(deps=[orders])
def looks_up(context: Any) -> int:
    found = context.instance.get_latest_materialization_event(orders.key)
    return 1 if found is not None and found.run_id == context.run_id else 0


@asset_check(asset=orders)
def is_short(orders: list[int]) -> AssetCheckResult:
    return AssetCheckResult(passed=len(orders) < 10, metadata={"rows": len(orders)})


@asset_check(asset=report, blocking=True)
def is_even(report: int) -> AssetCheckResult:
    return AssetCheckResult(passed=report % 2 == 0)


@asset
def blocked(report: int) -> int:
    return report


# -- what is measured ----------------------------------------------------------------------------


def _doze() -> None:
    """Sleep for ten minutes, and let threads be interrupted."""
    for _ in range(12_000):
        time.sleep(0.05)


def _span(context: Any) -> Output[Any]:
    began = time.monotonic()
    time.sleep(0.2)
    return Output(None, metadata={"began": began, "ended": time.monotonic(), "process": os.getpid()})


@op(tags={"db": "a"})
def naps(context: Any) -> Any:
    return _span(context)


@graph
def overlapping() -> None:
    for number in range(6):
        naps.alias(f"nap_{number}")()


@op(tags={"db": "a"})
def naps_a(context: Any) -> Any:
    return _span(context)


@op(tags={"db": "b"})
def naps_b(context: Any) -> Any:
    return _span(context)


@graph
def tagged() -> None:
    for number in range(3):
        naps_a.alias(f"a_{number}")()
        naps_b.alias(f"b_{number}")()


@op
def free(context: Any) -> Any:
    return _span(context)


@graph
def ranked() -> None:
    for priority in (0, 3, 1, 5):
        free.alias(f"rank_{priority}").tag({PRIORITY_TAG: str(priority)})()


@op(tags={MAX_RUNTIME_SECONDS_TAG: "0.5"})
def too_long() -> None:
    _doze()


@op(tags={MAX_RUNTIME_SECONDS_TAG: "0.5"})
async def awaits_too_long() -> None:
    await asyncio.sleep(600)


@graph
def limited() -> None:
    too_long()
    awaits_too_long()
    one()


@op
def talks(context: Any) -> None:
    for number in range(3):
        context.log.info(f"{context.op_handle.name} says {number}")
        print(f"{context.op_handle.name} prints {number}")  # noqa: T201  # output of a step
        time.sleep(0.02)
    logging.getLogger("orrery.builtin.conformance").warning("%s warns", context.op_handle.name)
    try:
        raise ValueError("logged")
    except ValueError:
        context.log.exception("with its frames")


@graph
def talking() -> None:
    for number in range(4):
        talks.alias(f"voice_{number}")()


_LOOKS_SECONDS = 60.0


def _has_started(context: Any) -> bool:
    return any(
        each.step_key == context.op_handle.name
        and each.dagster_event is not None
        and each.dagster_event.event_type_value == "STEP_START"
        for each in context.instance.all_logs(context.run_id)
    )


@op
def looks_for_its_start(context: Any, value: int) -> bool:
    context.log.info("begins")
    until = time.monotonic() + _LOOKS_SECONDS
    while not _has_started(context):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@op
async def awaits_its_start(context: Any, value: int) -> bool:
    context.log.info("begins")
    until = time.monotonic() + _LOOKS_SECONDS
    while not _has_started(context):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.01)
    return True


@graph
def looking() -> None:
    value = one()
    for number in range(2):
        looks_for_its_start.alias(f"looks_{number}")(value)
        awaits_its_start.alias(f"awaits_{number}")(value)


SIGN_TAG = "conformance/sign"
"""Tag of a run: the file that a step which waits writes its process id to."""


def _give_sign(context: Any) -> None:
    Path(context.run.tags[SIGN_TAG]).write_text(str(os.getpid()))


@op(required_resource_keys={"inner"})
def waits(context: Any) -> None:
    _give_sign(context)
    _doze()


@op(required_resource_keys={"inner"})
async def awaits(context: Any) -> None:
    _give_sign(context)
    await asyncio.sleep(600)


@graph
def waiting() -> None:
    plus_one.alias("must_not_run")(waits())


@graph
def awaiting() -> None:
    plus_one.alias("must_not_run")(awaits())


@op
def clings(context: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    _give_sign(context)
    time.sleep(600)


@graph
def clinging() -> None:
    clings()


@op(tags={MAX_RUNTIME_SECONDS_TAG: "0.5"})
def never_looks() -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    time.sleep(600)


@graph
def stuck() -> None:
    never_looks()
    one()


@op
def closes_all() -> None:
    os.closerange(3, 1_024)
    time.sleep(600)


@graph
def cut_off() -> None:
    closes_all()
    one()


# -- what only processes of their own survive -------------------------------------------------------


@op(retry_policy=RetryPolicy(max_retries=1))
def is_killed_once(context: Any) -> int:
    if context.retry_number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1


@op
def is_killed() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@op
def crashes() -> int:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 1


@op
def leaves() -> int:
    os._exit(0)


@op
def lacks_memory() -> int:
    import resource as limits

    before = limits.getrlimit(limits.RLIMIT_AS)
    with open("/proc/self/statm", encoding="utf-8") as file:
        used = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limits.setrlimit(limits.RLIMIT_AS, (used + 64 * 1024**2, before[1]))
    try:
        return len(bytearray(1024**3))
    finally:
        limits.setrlimit(limits.RLIMIT_AS, before)


@op
def forks(context: Any) -> int:
    context.log.info("before")
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    context.log.info("after")
    return 5


@graph
def dying() -> None:
    is_killed_once()
    plus_one.alias("after_kill")(is_killed())
    crashes()
    leaves()
    lacks_memory()
    plus_one.alias("others_go_on")(one())


@graph
def killed() -> None:
    is_killed_once()
    is_killed()
    plus_one.alias("others_go_on")(one())


@graph
def forking() -> None:
    plus_one(forks())


@op
def tells_process() -> int:
    return os.getpid()


@graph
def telling() -> None:
    tells_process()


@graph
def places() -> None:
    for number in range(3):
        tells_process.alias(f"shared_{number}")()
    tells_process.alias("own").tag({FRESH_PROCESS_TAG: "true"})()
    tells_process.alias("fresh").tag({FRESH_PROCESS_TAG: "spawn"})()


@op
def says_odd_text(context: Any) -> str:
    context.log.info(f"read {ODD_TEXT}")
    context.add_output_metadata({"file": ODD_TEXT, "bytes": 2**70})
    return ODD_TEXT


@op
def fails_with_odd_text(value: str) -> None:
    raise ValueError(value)


@graph
def odd_texts() -> None:
    fails_with_odd_text(says_odd_text())


PROGRAMS: dict[str, Any] = {
    "values": values,
    "dynamic": dynamic,
    "raising": raising,
    "failures": failures,
    "resources": resources,
    "hooks": hooks,
    "assets": ([orders, report, both, looks_up, blocked], [is_short, is_even]),
    "overlapping": overlapping,
    "tagged": tagged,
    "ranked": ranked,
    "limited": limited,
    "talking": talking,
    "waiting": waiting,
    "awaiting": awaiting,
    "clinging": clinging,
    "stuck": stuck,
    "cut_off": cut_off,
    "dying": dying,
    "killed": killed,
    "forking": forking,
    "places": places,
    "telling": telling,
    "looking": looking,
    "odd_texts": odd_texts,
}
"""Every job of the suite by name: a graph, or assets with their checks."""


# -- graphs by chance ------------------------------------------------------------------------------


@op
def draws(context: Any, values: list[int]) -> int:
    total = sum(values) + len(values) + 1
    if total % 3 == 2:
        raise ValueError(f"{context.op_handle.name} drew {total}")
    return total


def random_graph(seed: int) -> GraphDefinition:
    """Return a graph of steps that depend on one another, fail and are skipped as *seed* has it."""
    chance = random.Random(seed)
    shape = [sorted(chance.sample(range(number), min(number, chance.randrange(3)))) for number in range(9)]

    @graph(name=f"drawn_{seed}")
    def drawn() -> None:
        made: list[Any] = []
        for number, parents in enumerate(shape):
            call = draws.alias(f"n{number}")
            made.append(call([made[each] for each in parents]) if parents else one.alias(f"n{number}")())

    return drawn
