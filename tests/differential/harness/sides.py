"""
The two sides: Orrery's interpreter and the oracle's, each run once for many programs.

The oracle's answers are kept below ``.cache/differential`` under a digest of the program, of the harness and of the
oracle's version, because starting it and letting it run takes a minute, and its answers do not change.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HARNESS = Path(__file__).resolve().parent
DIFFERENTIAL = HARNESS.parent
PROGRAMS = DIFFERENTIAL / "programs"
ROOT = DIFFERENTIAL.parent.parent
CACHE = ROOT / ".cache" / "differential"
ORACLE_VERSION = "1.13.28"

Answer = Mapping[str, Any]


def program_paths() -> tuple[Path, ...]:
    """Return every program, in order of area and name."""
    return tuple(sorted(PROGRAMS.glob("*/*.py")))


def program_name(path: Path) -> str:
    """Return the name that tests and the list of differences use: ``area/fact``."""
    return str(path.relative_to(PROGRAMS).with_suffix(""))


def oracle_python() -> Path | None:
    """Return the interpreter of the oracle's environment, or None where there is none."""
    named = os.environ.get("ORRERY_ORACLE_PYTHON")
    path = Path(named) if named else ROOT / ".oracle" / "bin" / "python"
    return path if path.exists() else None


def ours(paths: Sequence[Path]) -> dict[str, Answer]:
    """Run *paths* under Orrery and its names as ``dagster``."""
    sources = [ROOT / "src", *sorted((ROOT / "packages").glob("*/src"))]
    python_path = os.pathsep.join([*map(str, sources), *filter(None, [os.environ.get("PYTHONPATH")])])
    return run_side(Path(sys.executable), paths, {"PYTHONPATH": python_path})


def theirs(python: Path, paths: Sequence[Path], *, cache: Path | None = CACHE) -> dict[str, Answer]:
    """Run *paths* under the oracle, but for those whose answers are kept in *cache*."""
    if cache is None:
        return run_side(python, paths, {})
    seed = _harness_digest(python)
    kept = {path: cache / f"{_digest(seed, path.read_bytes())}.json" for path in paths}
    fresh = run_side(python, [path for path in paths if not kept[path].exists()], {})
    answers: dict[str, Answer] = {}
    for path in paths:
        name = program_name(path)
        if name in fresh:
            answers[name] = fresh[name]
            if "crashed" not in fresh[name]:
                cache.mkdir(parents=True, exist_ok=True)
                partial = kept[path].with_suffix(f".{os.getpid()}")
                partial.write_text(json.dumps(fresh[name], sort_keys=True), encoding="utf-8")
                partial.replace(kept[path])
        else:
            answers[name] = json.loads(kept[path].read_text(encoding="utf-8"))
    return answers


def run_side(python: Path, paths: Iterable[Path], variables: Mapping[str, str]) -> dict[str, Answer]:
    """Run the programs in as few processes as possible: one, and one more for each that brings its process down."""
    left = [str(path) for path in paths]
    environment = {k: v for k, v in os.environ.items() if k not in ("DAGSTER_HOME", "ORRERY_HOME", "PYTHONPATH")}
    environment.update(variables)
    answers: dict[str, Answer] = {}
    while left:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "answers")
            done = subprocess.run(
                [str(python), str(HARNESS / "run_batch.py"), str(out), *left],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []
        if not lines:
            raise RuntimeError(f"{python} could not run the programs: {done.stderr.decode(errors='replace')[-2000:]}")
        for line in lines:
            if "program" in line:
                answers[program_name(Path(line["program"]))] = line
        last = lines[-1]
        if "program" not in last:  # its process ended in the middle of it
            crashed = f"the process ended with code {done.returncode}"
            answers[program_name(Path(last["started"]))] = {"crashed": crashed, "facts": {}}
        left = [path for path in left if program_name(Path(path)) not in answers]
    return answers


def _digest(seed: str, content: bytes) -> str:
    return hashlib.sha256(seed.encode() + content).hexdigest()[:32]


def _harness_digest(python: Path) -> str:
    seen = hashlib.sha256()
    for name in ("facts.py", "run_batch.py"):
        seen.update((HARNESS / name).read_bytes())
    installed = sorted(path.name for path in python.parent.parent.glob("lib/python*/site-packages/*.dist-info"))
    seen.update("\n".join(name for name in installed if name.startswith(("dagster", "pydantic"))).encode())
    return seen.hexdigest()
