"""
``orrery init``: a small project that runs.
"""

from __future__ import annotations

import importlib.machinery
import keyword
import os
import re
import sys
from pathlib import Path

import click

from orrery.cli.json_output import echo_json
from orrery.cli.options import json_option
from orrery.cli.paper import dim, echo, strong
from orrery.cli.sample_project import files_of
from orrery.cli.text import one_line

__all__ = ["command"]

_TAKEN = {
    "tests": "the project has a folder of that name",
    "dagster": "programs import a package of that name",
    "dagster_pipes": "programs import a package of that name",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@click.command("init", short_help="Make a small project that runs.")
@click.argument("name")
@json_option()
def command(name: str, as_json: bool) -> None:
    """
    Make a folder NAME with a small project that runs.

    Three assets, a check, a resource, and a test; no file that exists is changed.
    """
    folder = Path(name)
    package = folder.name.replace("-", "_").lower()
    if not _NAME.match(package) or keyword.iskeyword(package) or package in sys.stdlib_module_names:
        near = re.sub(r"[^a-z0-9_]+", "-", folder.name.lower()).strip("-")
        as_well = f"{near!r}, or other " if near != folder.name and _NAME.match(near.replace("-", "_")) else ""
        raise click.UsageError(
            f"{name!r} makes no name of a Python package.\n"
            f"  Try: {as_well}letters, digits and _, beginning with a letter; no word and no module of Python.",
            click.get_current_context(),
        )
    if package in _TAKEN or _is_installed(package):
        taken = _TAKEN.get(package, "a package of that name is installed")
        raise click.UsageError(
            f"The package cannot be called {package!r}: {taken}, and one would hide the other.\n"
            f"  Try: another name, for example my_{package}.",
            click.get_current_context(),
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.UsageError(
            f"{name} exists, and is not an empty folder.\n  Try: another name.", click.get_current_context()
        )
    written = []
    for path, text in files_of(package).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        written.append(str(place))
    if as_json:
        echo_json({"folder": str(folder), "files": written})
        return
    for path in written:
        echo(f"  {dim('made')}  {one_line(path)}")
    echo()
    echo("Next:")
    for line in (f"cd {one_line(os.fspath(folder))}", "orrery graph", "orrery materialize '*'", "orrery show report"):
        echo(f"  {strong(line)}")


def _is_installed(package: str) -> bool:
    """Tell whether ``import`` would find another package of that name, from wherever it is called."""
    here = os.getcwd()
    elsewhere = [path for path in sys.path if path and os.path.abspath(path) != here]
    return importlib.machinery.PathFinder.find_spec(package, elsewhere) is not None
