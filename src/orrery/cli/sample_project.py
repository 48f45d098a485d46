"""
The project that ``orrery init`` writes: what each of its files says.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["files_of"]


def files_of(package: str) -> Mapping[str, str]:
    """Return the text of each file of a new project, by its path in the project's folder."""
    return {path.replace("PACKAGE", package): text.replace("PACKAGE", package) for path, text in _FILES.items()}


_PYPROJECT = """\
[project]
name = "PACKAGE"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["orrery"]

[tool.orrery]
module_name = "PACKAGE.definitions"
"""

_IGNORED = """\
.orrery/
__pycache__/
"""

_README = """\
# PACKAGE

```sh
orrery list                 # what is defined
orrery graph                # what depends on what
orrery materialize '*'      # run it all
orrery show report          # what is known of one asset
```

Values and records are kept in `.orrery/`, unless ORRERY_HOME names another place.
"""

_DEFINITIONS = '''\
"""All that this project defines."""

import orrery as og

from PACKAGE import assets
from PACKAGE.resources import Greeting

defs = og.Definitions(
    assets=og.load_assets_from_modules([assets]),
    asset_checks=og.load_asset_checks_from_modules([assets]),
    resources={"greeting": Greeting(word="Hello")},
)
'''

_ASSETS = '''\
"""Three assets: what an asset needs is what its arguments are called."""

import orrery as og

from PACKAGE.resources import Greeting


@og.asset
def people() -> list[str]:
    """Whom to greet."""
    return ["Ada", "Grace", "Edsger"]


@og.asset
def greetings(people: list[str], greeting: Greeting) -> list[str]:
    """A line for each of them; the word comes from a resource."""
    return [f"{greeting.word}, {person}!" for person in people]


@og.asset
def report(context: og.AssetExecutionContext, greetings: list[str]) -> str:
    """All lines in one text."""
    context.log.info(f"{len(greetings)} greetings")
    context.add_output_metadata({"row_count": len(greetings), "preview": og.MetadataValue.md(greetings[0])})
    return "\\n".join(greetings)


@og.asset_check(asset=report, additional_ins={"people": og.AssetIn()})
def greets_everybody(report: str, people: list[str]) -> og.AssetCheckResult:
    """Nobody is forgotten."""
    return og.AssetCheckResult(passed=all(person in report for person in people))
'''

_RESOURCES = '''\
"""What the assets use: a resource with one setting."""

import orrery as og


class Greeting(og.ConfigurableResource):
    """How to greet."""

    word: str
'''

_TEST = '''\
"""The assets are functions: call them, or run them without keeping anything."""

import orrery as og

from PACKAGE.assets import greetings, people, report
from PACKAGE.resources import Greeting


def test_everybody_is_greeted() -> None:
    run = og.materialize([people, greetings, report], resources={"greeting": Greeting(word="Good day")})
    assert run.success
    assert run.asset_value("report").startswith("Good day, Ada!")
'''

_FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    ".gitignore": _IGNORED,
    "PACKAGE/__init__.py": '"""A small project."""\n',
    "PACKAGE/definitions.py": _DEFINITIONS,
    "PACKAGE/assets.py": _ASSETS,
    "PACKAGE/resources.py": _RESOURCES,
    "tests/test_assets.py": _TEST,
}
