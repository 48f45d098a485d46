"""What is measured, how large, and what the goal is."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One line of the table.

    Attributes:
        group: Heading under which the line stands.
        title: What is done.
        program: A program of ``programs/``, or ``--help``.
        arguments: Its arguments after the module's name.
        count: How many things the program handles; 0 where the whole is meant.
        unit: ``ms`` for the whole, ``us`` for microseconds a thing, ``B`` for bytes.
        goal: What we promise, in the same unit; None where nothing is promised.
        goal_beside: What the reference implementation took where the goal was set; the least where it is told by a range.
        ours_only: Not asked of the reference implementation, which cannot do it in reasonable time.
        large: Left out by ``--small``.
        their_count: A smaller number, which takes the place of ``count`` in what the reference implementation is asked.
        their_limit: What that number is of, for the table: ``of 2,000 events``.
    """

    group: str
    title: str
    program: str
    arguments: tuple[str, ...] = ()
    count: int = 0
    unit: str = "ms"
    goal: float | None = None
    goal_beside: float | None = None
    ours_only: bool = False
    large: bool = False
    their_count: int | None = None
    their_limit: str = ""

    def arguments_for(self, *, ours: bool) -> tuple[str, ...]:
        """Return the arguments of one side."""
        if ours or self.their_count is None:
            return self.arguments
        return tuple(str(self.their_count) if each == str(self.count) else each for each in self.arguments)

    def count_for(self, *, ours: bool) -> int:
        """Return how many things one side handles."""
        return self.count if ours or self.their_count is None else self.their_count

    @property
    def is_comparable(self) -> bool:
        """Tell whether the figures of the sides may be divided: they are of the same size, or of one thing."""
        return self.their_count is None or self.unit != "ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """
    A line computed from two others: what one thing more costs, (t(large) - t(small)) / (large - small).
    """

    group: str
    title: str
    small: Case
    large: Case
    goal: float | None = None
    goal_beside: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """
    A line computed from two parts of one program: how many times as long one takes as the other.
    """

    group: str
    title: str
    case: Case
    part: str
    over: str
    goal: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    A line that shows another part of a program that is measured already, in milliseconds.
    """

    group: str
    title: str
    case: Case
    part: str


Row = Case | Slope | Ratio | Part

START = "Start"
PLAN = "Define and plan, per asset: t(n) / n"
STEPS = "One step in process"
OPS = "Ops and graphs"
PIPES = "Pipes: an external process"
RECORDS = "Records on the disk"
REUSE = "Reuse"
PARTITIONS = "Partitions and backfills, time of the processor"
PROCESSES = "Steps in processes of their own, and steps that overlap"


def all_cases() -> list[Row]:
    """Return every line of the table, in order."""
    return [*_start(), *_plan(), *_steps(), *_ops(), *_pipes(), *_records(), *_reuse(), *_processes(), *_partitions()]


def _start() -> Iterator[Case]:
    yield Case(group=START, title="import", program="import_time", goal=50, goal_beside=358)
    names = (
        "asset",
        "AssetKey",
        "AssetSelection",
        "Definitions",
        "define_asset_job",
        "op",
        "job",
        "materialize",
        "Output",
    )
    yield Case(
        group=START,
        title=f"import, and touch {len(names)} names that most scripts use",
        program="import_time",
        arguments=(",".join(names),),
    )
    yield Case(group=START, title="script with one asset, whole process", program="hello", goal=150, goal_beside=1_098)
    yield Case(group=START, title="`--help`, whole process", program="--help", goal=100, goal_beside=615)


def _plan() -> Iterator[Case]:
    shapes = {"chain": "chain", "fan": "fan (one root)", "layers": "layers (five random parents)"}
    for shape, title in shapes.items():
        for n in (100, 1_000, 10_000, 100_000):
            yield Case(
                group=PLAN,
                title=f"{title}, {n:,} assets",
                program="define_and_plan",
                arguments=(shape, str(n)),
                count=n,
                unit="us",
                goal=40,
                goal_beside=680,
                ours_only=n > 10_000,
                large=n >= 10_000,
            )


def _steps() -> Iterator[Row]:
    for instance, goal, beside in (("ephemeral", 100, 5_000), ("persistent", 300, 28_000)):
        for shape in ("chain", "wide"):
            yield from _sizes(STEPS, "assets", shape, (instance, "default"), goal, beside)
    yield Case(
        group=STEPS,
        title="1,000 files of such values by hand, without an orchestrator",
        program="files",
        arguments=("1000",),
        count=1_000,
        unit="us",
        ours_only=True,
    )
    yield from _sizes(STEPS, "assets", "chain", ("ephemeral", "files"))
    yield from _sizes(STEPS, "assets", "wide", ("ephemeral", "memory"))
    yield from _sizes(STEPS, "assets", "wide", ("ephemeral", "memory", "quiet"))


def _pipes() -> Iterator[Case]:
    yield Case(
        group=PIPES, title="launch, over the same process by hand", program="pipes", arguments=("launch", "0"), goal=5
    )
    for what, title, goal in (("messages", "custom messages", 8), ("logs", "log lines, stored", 20)):
        yield Case(
            group=PIPES,
            title=f"10,000 {title}",
            program="pipes",
            arguments=(what, "10000"),
            count=10_000,
            unit="us",
            goal=goal,
        )
    yield Case(
        group=PIPES,
        title="1,000,000 log lines, stored",
        program="pipes",
        arguments=("logs", "1000000"),
        count=1_000_000,
        unit="us",
        goal=120,
        ours_only=True,
        large=True,
    )


def _sizes(
    group: str,
    kind: str,
    shape: str,
    setting: tuple[str, ...],
    goal: float | None = None,
    goal_beside: float | None = None,
) -> Iterator[Row]:
    words = {
        "default": "default IO manager",
        "files": "fs_io_manager",
        "memory": "mem_io_manager",
        "quiet": "console log muted",
    }
    title = ", ".join([kind, shape, *(words.get(word, word) for word in setting)])
    cases = [
        Case(
            group=group,
            title=f"{title}, {n:,} steps",
            program="steps",
            arguments=(kind, shape, str(n), *setting),
            count=n,
            unit="us",
            large=n >= 1_000,
        )
        for n in (10, 100, 1_000)
    ]
    yield from cases
    yield Slope(
        group=group,
        title=f"{title}: each step more",
        small=cases[1],
        large=cases[2],
        goal=goal,
        goal_beside=goal_beside,
    )


def _ops() -> Iterator[Row]:
    yield from _sizes(OPS, "ops", "chain", ("ephemeral", "default"), 100)
    yield from _sizes(OPS, "ops", "wide", ("ephemeral", "default"), 100)
    for n in (100, 1_000, 10_000):
        yield Case(
            group=OPS,
            title=f"dynamic fan-out, mem_io_manager, {n:,} mapped steps",
            program="fan_out",
            arguments=(str(n), "memory"),
            count=n,
            unit="us",
            goal=150,
            large=n >= 1_000,
        )
    yield Case(
        group=OPS,
        title="plan with run config, 1,000 configured ops",
        program="run_config",
        arguments=("1000",),
        count=1_000,
        unit="us",
    )
    yield Case(
        group=OPS,
        title="define and plan graphs ten deep, 1,024 steps",
        program="nested_graphs",
        arguments=("10",),
        count=1_024,
        unit="us",
    )


def _records() -> Iterator[Case]:
    yield _record("a run of one step, persistent, warm", "run", 20, unit="us", goal=5_000, goal_beside=236_000)
    yield _record(
        "2,000 events reported, durable at the end, each", "append", 2_000, unit="us", goal=20, goal_beside=5_780
    )
    yield _record(
        "50,000 events reported, durable at the end, each",
        "append",
        50_000,
        unit="us",
        goal=20,
        goal_beside=5_780,
        theirs=(2_000, "events"),
    )
    yield _record("an event of a 1,000-step run, on the disk", "size", 1_000, unit="B", goal=400, theirs=(100, "steps"))
    yield _record("events of a 1,000-step run, read", "read", 1_000, goal=40, theirs=(100, "steps"))
    yield _record("1,000,000 events in one run: a page of 100", "page", 1_000_000, goal=20, theirs=(2_000, "events"))
    yield _record("status of an asset with 100,000 partitions", "status", 100_000, goal=5, ours_only=True)
    yield _record("status of an asset with 1,000,000 partitions", "status", 1_000_000, goal=50, ours_only=True)


def _record(
    title: str,
    what: str,
    n: int,
    *,
    unit: str = "ms",
    goal: float | None = None,
    goal_beside: float | None = None,
    ours_only: bool = False,
    theirs: tuple[int, str] | None = None,
) -> Case:
    return Case(
        group=RECORDS,
        title=title,
        program="records",
        arguments=(what, str(n)),
        count=n,
        unit=unit,
        goal=goal,
        goal_beside=goal_beside,
        ours_only=ours_only,
        large=n >= 1_000,
        their_count=theirs[0] if theirs else None,
        their_limit=f"of {theirs[0]:,} {theirs[1]}" if theirs else "",
    )


def _reuse() -> Iterator[Case]:
    for part, title in (
        ("cold", "plan, first ever (sources are read)"),
        ("first", "plan, first in a process"),
        ("plan", "plan"),
        ("run", "run that skips all"),
    ):
        yield Case(
            group=REUSE,
            title=f"random graph of 1,000 assets, nothing changed, persistent: {title}",
            program="reuse",
            arguments=(part, "1000"),
            count=1_000,
            unit="us",
            goal=50,
            ours_only=True,
            large=True,
        )
    for part, title in (
        ("fingerprint", "fingerprint of a function, cold"),
        ("again", "fingerprint of a function, warm"),
    ):
        yield Case(
            group=REUSE,
            title=f"{title}, of 1,000 in one file",
            program="reuse",
            arguments=(part, "1000"),
            count=1_000,
            unit="us",
            ours_only=True,
            large=True,
        )


def _processes() -> Iterator[Row]:
    launches = Case(
        group=PROCESSES,
        title="a launched run: from its launch to its start (ours forked from a process that has the code)",
        program="launches",
        arguments=("2",),
        goal=20,
        goal_beside=2_300,
    )
    yield launches
    yield Part(group=PROCESSES, title="one that is launched as the run before ends", case=launches, part="right after")
    for shape in ("wide", "chain"):
        cases = [
            Case(
                group=PROCESSES,
                title=f"multiprocess, two at once, {shape}, {n} steps",
                program="processes",
                arguments=(shape, str(n)),
                count=n,
                unit="ms",
                large=n > 10,
            )
            for n in (4, 24)
        ]
        yield from cases
        yield Slope(
            group=PROCESSES,
            title=f"multiprocess, {shape}: each step more",
            small=cases[0],
            large=cases[1],
            goal=5_000,
            goal_beside=744_000,
        )
    for title, kind, n, goal in (
        ("multiprocess, 32 steps that sleep 0.1 s, eight at once", "sleep", 32, 600),
        ("multiprocess, 8 steps that compute for 0.5 s, two at once", "cpu", 8, 2_500),
        ("in process, 16 steps that await 0.1 s", "await", 16, 150),
    ):
        yield Case(
            group=PROCESSES,
            title=title,
            program="processes",
            arguments=(kind, str(n)),
            goal=goal,
            large=kind != "await",
        )
    large = Case(
        group=PROCESSES,
        title="multiprocess, two steps, and a value of 200 MB from one to the other",
        program="processes",
        arguments=("large", str(200 * 1024 * 1024)),
        large=True,
    )
    yield large
    yield Part(group=PROCESSES, title="the value alone: over a run with one of a byte", case=large, part="value")
    yield Part(
        group=PROCESSES,
        title="a plain copy of 200 MB: written, made durable, and read, by hand",
        case=large,
        part="plain copy",
    )
    yield Ratio(
        group=PROCESSES,
        title="the value alone, in plain copies",
        case=large,
        part="value",
        over="plain copy",
        goal=2,
    )


def _partitions() -> Iterator[Case]:
    for what, title, goal in (
        ("days", "keys of ten years of days, again", 0.1),
        ("hours", "keys of ten years of hours, again", 0.1),
        ("multi", "keys of 300 x 300, first", 100),
        ("subset", "subset of every second hour of ten years", 10),
        ("mapping", "ten years of hours mapped to their days", 2),
    ):
        yield Case(group=PARTITIONS, title=title, program="partitions", arguments=(what,), goal=goal)
    yield Case(
        group=PARTITIONS,
        title="that subset, serialized",
        program="partitions",
        arguments=("size",),
        unit="B",
        goal=20_000,
    )
    yield Case(
        group=PARTITIONS,
        title="one of 1,000,000 static keys is known",
        program="partitions",
        arguments=("membership",),
        count=1,
        unit="us",
        goal=1,
        large=True,
    )
    yield Case(
        group=PARTITIONS,
        title="a run of one partition, nothing stored (here as one of a backfill of 1,000)",
        program="partitions",
        arguments=("runs",),
        goal=5,
    )
    for what, title, goal in (
        ("status_again", "how 100,000 partitions stand, asked again", 5),
        ("status", "how 100,000 partitions stand, first question to an instance", 5),
        ("million_again", "how 1,000,000 partitions stand, asked again", 50),
        ("million", "how 1,000,000 partitions stand, first question to an instance", 50),
        ("plan", "plan of a backfill of ten assets of 100,000 partitions", 1_000),
    ):
        yield Case(
            group=PARTITIONS,
            title=title,
            program="partitions",
            arguments=(what,),
            goal=goal,
            ours_only=True,
            large=what != "plan",
        )
