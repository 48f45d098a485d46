"""The driver: alternates the sides, keeps every sample, prints the table, and writes it into the docs when asked."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.cases import Case, all_cases
from benchmarks.report import as_sections, as_text, lines, with_sections
from benchmarks.sides import NOT_YET, ROOT, Sample, Side, measure, our_side, their_side

DOCS = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

#: A side that needed longer than this for one sample is not asked for a second one.
LONG_SECONDS = 30
SLOW_FILE_SECONDS = 200e-6


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for."""
    options = parse(arguments)
    sides = chosen_sides(options)
    table = all_cases()
    cases = [case for case in table if isinstance(case, Case) and wanted(case, options)]
    if options.list:
        print("\n".join(case.title for case in cases))
        return 0
    if options.write_docs:
        left_out = {case.group for case in table if isinstance(case, Case) and case not in cases}
        half = sorted(left_out & {case.group for case in cases})
        if half:
            print(
                f"The page is written group by group, and of '{half[0]}' only a part was asked for: say --only "
                f"'{half[0]}:'.",
                file=sys.stderr,
            )
            return 2
    loop = milliseconds_of_a_loop()
    loads = [os.getloadavg()[0]]
    if loads[0] > 0.5:
        print(f"This machine is busy (load {loads[0]:.1f}): figures will be too large.", file=sys.stderr)
    samples: dict[tuple[Case, str], list[Sample]] = {}
    with tempfile.TemporaryDirectory(prefix="orrery-benchmarks-", ignore_cleanup_errors=True) as folders:
        os.environ["BENCHMARK_FOLDERS"] = folders
        taken = seconds_of_a_new_file(Path(folders))
        if taken > SLOW_FILE_SECONDS:
            print(
                f"A new file takes {taken * 1e6:.0f} us on this disk now: figures of persistent runs will be too large. If many "
                "files were deleted a moment ago, six minutes mend it.",
                file=sys.stderr,
            )
        for side in sides:
            warm_up(side)
        for number, case in enumerate(cases, start=1):
            print(f"[{number}/{len(cases)}] {case.group}: {case.title}", file=sys.stderr, flush=True)
            for side, sample in alternate(case, sides, options):
                samples.setdefault((case, side.title), []).append(sample)
            loads.append(os.getloadavg()[0])
    titles = [side.title for side in sides]
    made = lines(table, samples, titles)
    print(as_text(made, titles))
    load = {"at_start": round(loads[0], 1), "highest": round(max(loads), 1), "median": round(median(loads), 1)}
    loops = {"at_start": loop, "at_end": milliseconds_of_a_loop()}
    facts = {**machine(), "load": load, "loop_ms": loops, "versions": {side.title: version(side) for side in sides}}
    path = write_json(facts, samples)
    print(f"\nAll samples: {path.relative_to(ROOT)}")
    if options.write_docs:
        write_docs(as_sections(made, titles, told(facts)), list(dict.fromkeys(case.group for case in table)))
        print(f"Table written: {DOCS.relative_to(ROOT)}")
    return 0


def seconds_of_a_new_file(folder: Path, many: int = 100) -> float:
    """Return how long a small new file takes in *folder*: a file system without a journal is slow after many deletions."""
    place = folder / "new"
    place.mkdir()
    start = time.perf_counter()
    for number in range(many):
        (place / str(number)).write_bytes(bytes(200))
    return (time.perf_counter() - start) / many


def milliseconds_of_a_loop(times: int = 1_000_000) -> float:
    """Return how long a loop of plain Python takes at best: how quick the machine is just now."""

    def loop() -> float:
        start = time.perf_counter()
        number = 0
        for each in range(times):
            number += each
        return time.perf_counter() - start

    return round(min(loop() for _ in range(5)) * 1e3, 1)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="cases whose line contains TEXT")
    parser.add_argument("--small", action="store_true", help="leave out sizes of 1,000 steps and 10,000 assets and up")
    parser.add_argument("--side", choices=["ours", "theirs", "both"], default="both")
    parser.add_argument("--repeat", type=int, default=5, help="samples of each case and side (default: 5)")
    parser.add_argument("--limit-seconds", type=float, default=120, help="one sample may take so long (default: 120)")
    parser.add_argument("--ours", type=Path, metavar="PYTHON", help="interpreter that runs Orrery")
    parser.add_argument("--theirs", type=Path, metavar="PYTHON", help="interpreter of the reference implementation")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--list", action="store_true", help="list the cases and do nothing")
    return parser.parse_args(arguments)


def chosen_sides(options: argparse.Namespace) -> list[Side]:
    """Return the sides to measure, ours first."""
    theirs = their_side(options.theirs)
    if theirs is None and options.side != "ours":
        print(
            "The reference implementation is not here: say `make oracle` first. Measuring ours alone.", file=sys.stderr
        )
    sides = [our_side(options.ours)] if options.side != "theirs" else []
    return [*sides, theirs] if theirs is not None and options.side != "ours" else sides


def wanted(case: Case, options: argparse.Namespace) -> bool:
    """Return whether the options ask for *case*."""
    if options.small and case.large:
        return False
    return not options.only or any(text in f"{case.group}: {case.title}" for text in options.only)


def warm_up(side: Side) -> None:
    """Let *side* compile its bytecode and fill the disk cache; whatever comes of it."""
    for program in ("import_time", "hello", "--help"):
        measure(side, program, (), limit_seconds=120)
    measure(side, "steps", ("assets", "wide", "2", "persistent", "default"), limit_seconds=120)


def alternate(case: Case, sides: Sequence[Side], options: argparse.Namespace) -> Iterator[tuple[Side, Sample]]:
    """Measure *case* on each side in turn, until enough samples are there; a side that takes long is asked once."""
    open_sides = [side for side in sides if not (case.ours_only and side.module != "orrery")]
    for _ in range(options.repeat):
        for side in tuple(open_sides):
            start = time.perf_counter()
            arguments = case.arguments_for(ours=side.module == "orrery")
            sample = measure(side, case.program, arguments, limit_seconds=options.limit_seconds)
            yield side, sample
            if sample.problem == NOT_YET or time.perf_counter() - start > LONG_SECONDS:
                open_sides.remove(side)


def machine() -> dict[str, object]:
    """Return what a reader must know of this machine."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="minutes"),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
    }


def processor() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def version(side: Side) -> str:
    """Return the version that *side* runs."""
    script = f"import {side.module} as m; print(m.__version__)"
    environment = {"PYTHONPATH": str(side.source)} if side.source else {}
    answer = subprocess.run(
        [side.python, "-c", script], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    return answer.stdout.strip() or "unknown"


def write_json(facts: dict[str, object], samples: dict[tuple[Case, str], list[Sample]]) -> Path:
    """Keep every sample below ``.benchmarks``."""
    folder = ROOT / ".benchmarks"
    folder.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"orrery-{stamp}.json"
    rows = [
        {**asdict(case), "side": side, "samples": [asdict(sample) for sample in taken]}
        for (case, side), taken in samples.items()
    ]
    path.write_text(json.dumps({"machine": facts, "rows": rows}, indent=1))
    return path


def told(facts: dict[str, object]) -> str:
    """Return when, where and under which load a group was measured, as one sentence."""
    versions, load, loop = facts["versions"], facts["load"], facts["loop_ms"]
    assert isinstance(versions, dict)
    assert isinstance(load, dict)
    assert isinstance(loop, dict)
    return (
        f"Measured {facts['when']} on {facts['cores']} cores of {facts['processor']}, {facts['memory_gb']} GB, "
        f"{facts['system']}, Python {facts['python']}; load {load['at_start']} at the start, {load['median']} in the "
        f"middle, {load['highest']} at most (a quiet machine with one measured process has 1); a loop of a million "
        f"additions in {loop['at_start']} ms at the start, {loop['at_end']} at the end; "
        + ", ".join(f"{title} {number}" for title, number in versions.items())
        + "."
    )


def write_docs(new: dict[str, str], order: Sequence[str]) -> None:
    """Put sections into the docs page, in place of those of the same groups."""
    page = DOCS.read_text()
    before, rest = page.split(BEGIN)
    table, after = rest.split(END)
    DOCS.write_text(f"{before}{BEGIN}\n\n{with_sections(table, new, order)}\n{END}{after}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    raise SystemExit(main())
