"""
Snakemake: the root writes a file for each descendant, so all of these count as new.

What it would run is asked for (a dry run) once the root has run: to run 300 scripts takes minutes.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from changed import SOURCE, N, others, read, run

RULES = f"""
rule all:
    input: [f"d{{each}}" for each in range({N})]

rule root:
    input: {SOURCE!r}
    output: [f"p{{each}}" for each in range({N})]
    run:
        for path, number in zip(output, open(input[0]).read().split()):
            open(path, "w").write(number)
"""


def define(folder: Path) -> Callable[[], int]:
    """Return the run: a process of its own, as it is used; its whole life counts."""
    lines = [RULES]
    for number in range(N):
        lines += [f"rule d{number}:", f"    input: 'p{number}'", f"    output: 'd{number}'", "    run:"]
        lines += [f"        open(output[0], 'w').write(str(int(open(input[0]).read()) + {number}))", ""]
    for number in range(others()):
        lines += [f"rule o{number}:", f"    output: 'o{number}'", "    run:", "        pass", ""]
    (folder / "Snakefile").write_text("\n".join(lines))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--nolock"]
    for number, value in enumerate(read()):  # it is told that these files are what the rules make
        Path(f"p{number}").write_text(str(value))
        Path(f"d{number}").write_text(str(value + number))
        os.utime(f"p{number}", (1_700_000_000, 1_700_000_000))
        os.utime(f"d{number}", (1_700_000_001, 1_700_000_001))
    os.utime(SOURCE, (1_600_000_000, 1_600_000_000))
    subprocess.run([*command, "--touch", "all"], check=True, capture_output=True)

    def bring_up_to_date() -> int:
        told = subprocess.run([*command, "--dry-run", "--quiet", "rules"], check=True, capture_output=True, text=True)
        named = {line.split()[0] for line in (told.stdout + told.stderr).splitlines() if line.strip()}
        return sum(each.startswith("d") and each[1:].isdigit() for each in named)

    return bring_up_to_date


def own_time() -> float:
    """Return the CPU time of the processes that were waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


run(define, own_time, changes=1)
