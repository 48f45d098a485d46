"""The external side stands alone, and under the names of the reference as well."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dagster_pipes
import orrery_pipes

PACKAGE = Path(orrery_pipes.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_module_keeps_to_the_syntax_of_python_3_8(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_module_imports_only_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in named} - {"orrery_pipes", "pyspark"}
    assert roots <= sys.stdlib_module_names


def interpreters() -> list[Path]:
    """Return interpreters of Python 3.8 on this machine."""
    places = [Path(folder) for folder in os.get_exec_path()]
    places += sorted((Path.home() / ".pyenv" / "versions").glob("3.8.*/bin"))
    return [place / "python3.8" for place in places if (place / "python3.8").is_file() and "shims" not in place.parts]


def test_python_3_8_runs_it(tmp_path: Path) -> None:
    found = interpreters()
    if not found:
        pytest.skip("not run under Python 3.8: no such interpreter on this machine")
    path = tmp_path / "m"
    done = subprocess.run(
        [
            str(found[0]),
            "-W",
            "error",
            "-c",
            "from orrery_pipes import *\nimport sys\nparams = PipesMappingParamsLoader({\n"
            "    'DAGSTER_PIPES_CONTEXT': encode_param({'data': {'asset_keys': ['a']}}),\n"
            "    'DAGSTER_PIPES_MESSAGES': encode_param({'path': sys.argv[1], 'include_stdio_in_messages': True})})\n"
            "with open_pipes(params_loader=params) as context:\n    print('out', flush=True)\n"
            "    context.log.info('x')\n    context.report_asset_materialization({'a': 1})\n"
            "    try:\n        1 / 0\n"
            "    except ZeroDivisionError as error:\n        raise ValueError('v') from error\n",
            str(path),
        ],
        env={"PYTHONPATH": str(PACKAGE.parent), "PATH": os.environ["PATH"]},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.stderr.endswith("ValueError: v\n")
    assert done.stdout == "out\n"
    assert path.read_text().count('"name": "ZeroDivisionError"') == 1


def test_import_brings_in_nothing_heavy() -> None:
    heavy = ["argparse", "logging", "subprocess", "tempfile", "traceback", "unittest", "asyncio", "socket"]
    heavy += ["orrery_pipes.clouds", "orrery_pipes.sockets"]
    code = f"import sys, orrery_pipes; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_every_public_name_exists() -> None:
    assert [name for name in orrery_pipes.__all__ if not hasattr(orrery_pipes, name)] == []
    assert len(set(orrery_pipes.__all__)) == len(orrery_pipes.__all__)


def test_every_name_of_the_clouds_is_loaded_on_its_first_use() -> None:
    from orrery_pipes import clouds

    public = {
        name
        for name in vars(clouds)
        if name in orrery_pipes.__all__ and vars(clouds)[name].__module__ == clouds.__name__
    }
    assert public == set(orrery_pipes._CLOUDS)
    assert all(getattr(orrery_pipes, name) is getattr(clouds, name) for name in public)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nope"):
        orrery_pipes.nope


def test_names_of_the_reference_are_ours() -> None:
    assert dagster_pipes.open_dagster_pipes is orrery_pipes.open_pipes
    assert dagster_pipes.DagsterPipesError is orrery_pipes.PipesError
    assert dagster_pipes.DagsterPipesWarning is orrery_pipes.PipesWarning
    assert dagster_pipes.DAGSTER_PIPES_CLI_PARSER is orrery_pipes.PIPES_CLI_PARSER
    assert dagster_pipes.DAGSTER_PIPES_CONTEXT_ENV_VAR == "DAGSTER_PIPES_CONTEXT"
    assert dagster_pipes.PipesContext is orrery_pipes.PipesContext
    with pytest.raises(AttributeError, match="nope"):
        dagster_pipes.nope
