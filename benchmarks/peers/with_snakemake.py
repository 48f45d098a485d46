"""Snakemake: a rule for each node, with files; it looks at the age of files, and at the code of rules."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from graph import N, parents, run


def define(folder: Path) -> Callable[[], int]:
    """Return the run: a process of its own, as it is used; its whole life counts."""
    lines = ["rule all:", f"    input: [f'a{{each}}' for each in range({N})]"]
    for number, above in enumerate(parents()):
        files = ", ".join(f"'a{each}'" for each in above)
        lines += ["", f"rule r{number}:", *([f"    input: {files}"] if files else []), f"    output: 'a{number}'"]
        lines += [
            "    run:",
            f"        total = {number} + sum(int(open(each).read()) for each in input)",
            "        open(output[0], 'w').write(str(total % 7))",
        ]
    (folder / "Snakefile").write_text("\n".join(lines) + "\n")
    return bring_up_to_date


def bring_up_to_date() -> int:
    """Run, or find out that there is nothing to run."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--nolock"]
    if sys.argv[1] == "make":  # to run a thousand scripts takes minutes: it is told that these files are what they make
        for number, above in enumerate(parents()):
            total = number + sum(int(Path(f"a{each}").read_text()) for each in above)
            Path(f"a{number}").write_text(str(total % 7))
            os.utime(f"a{number}", (1_700_000_000 + number, 1_700_000_000 + number))
        subprocess.run([*command, "--touch"], check=True, capture_output=True)
        return N
    told = subprocess.run([*command, "--dry-run"], check=True, capture_output=True, text=True)
    return 0 if "Nothing to be done" in told.stdout + told.stderr else N


def own_time() -> float:
    """Return the CPU time of the processes that were waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


run(define, own_time)
