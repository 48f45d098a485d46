"""What the three distributions declare agrees with itself."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import dagster
import dagster_pipes
import orrery
import orrery_pipes

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ("constraints.txt", "constraints-oracle.txt")


def project(folder: str) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))
    return table["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    matches = [re.fullmatch(r"([A-Za-z0-9_.-]+)==([A-Za-z0-9_.+!-]+)", line) for line in lines if line[:1] != "#"]
    assert all(matches), "names and versions only"
    return {normal(match[1]): match[2] for match in matches if match}


def installed_by_setup() -> set[str]:
    """Return the distributions that `make setup` asks for by name: the core, and all that `dev` takes in."""
    orrery_project = project(".")
    extras = orrery_project["optional-dependencies"]
    asked, todo = set(), [*orrery_project["dependencies"], *extras["dev"]]
    while todo:
        requirement = todo.pop()
        match = re.match(r"([A-Za-z0-9_.-]+)(?:\[([^\]]*)\])?", requirement)
        assert match
        if match[1] == "orrery":
            todo += [inner for extra in match[2].split(",") for inner in extras[extra]]
        else:
            asked.add(normal(match[1]))
    return asked


@pytest.mark.parametrize("file", CONSTRAINTS)
def test_constraints_are_names_and_versions(file: str) -> None:
    assert pins(file)


def test_all_that_setup_installs_is_pinned() -> None:
    assert installed_by_setup() <= set(pins("constraints.txt"))


def test_the_oracle_is_the_release_that_the_compatible_names_follow() -> None:
    oracle = pins("constraints-oracle.txt")
    assert oracle["dagster"] == oracle["dagster-pipes"] == dagster.__version__ == dagster_pipes.__version__


def test_the_distributions_have_one_version() -> None:
    versions = {project(f"packages/{name}")["version"] for name in ("orrery-pipes", "orrery-dagster")}
    assert versions == {orrery.__version__} == {orrery_pipes.__version__}


def test_the_external_side_needs_nothing() -> None:
    """It is installed beside strangers, in whatever Python they have."""
    pipes = project("packages/orrery-pipes")
    assert pipes["dependencies"] == []
    assert pipes["requires-python"] == ">=3.8"


def test_the_script_of_ci_can_be_executed() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
