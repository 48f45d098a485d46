"""The front door: one list, lazy, typed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import orrery

STUB = Path(orrery.__file__).with_suffix(".pyi")
HEAVY = {"alembic", "asyncio", "click", "msgspec", "numpy", "pandas", "polars", "pydantic", "rich", "sqlalchemy"}


def stub_table() -> dict[str, str]:
    """Read name -> module out of the stub."""
    table = {}
    for statement in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                assert alias.asname == alias.name, f"{alias.name} is not re-exported: write 'import X as X'"
                assert statement.module is not None
                table[alias.name] = statement.module
    return table


def modules_after(code: str) -> set[str]:
    """Return the names of the top-level modules that a fresh interpreter has loaded after *code*."""
    script = f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_typed_list_is_the_lazy_list() -> None:
    """Editors see every name that can be had, and no other, from the same module."""
    assert stub_table() == orrery._HOME_OF


def test_the_list_is_sorted() -> None:
    assert list(orrery._HOME_OF) == sorted(orrery._HOME_OF)


@pytest.mark.parametrize("name", sorted(orrery._HOME_OF))
def test_a_listed_name_resolves(name: str) -> None:
    assert getattr(orrery, name) is not None
    assert name in dir(orrery)


def test_a_name_that_is_there_wins_over_a_room_of_the_same_name() -> None:
    """A public name must not be hidden by a sub-package once that is imported."""
    rooms = {path.stem for path in STUB.parent.iterdir() if path.name != "__init__.py"}
    assert not rooms & set(orrery._HOME_OF)


def test_the_door_costs_nothing_heavy() -> None:
    """``import orrery`` loads nothing that a hello-world would not use."""
    assert not modules_after("import orrery") & HEAVY


def test_an_asset_is_declared_without_what_jobs_and_runs_need() -> None:
    """Whoever only declares assets pays for nothing else."""
    script = (
        "from orrery import asset\n"
        "asset(lambda: 1, name='one')\n"
        "import sys; loaded = {'definitions.graphs.job', 'model.records.run_request', 'definitions.decorators.multi_asset'}\n"
        "loaded = {each for each in loaded if f'orrery.{each}' in sys.modules}; assert not loaded, loaded"
    )
    assert not modules_after(script) & HEAVY - {"msgspec"}


def test_a_script_of_one_asset_loads_nothing_of_workers() -> None:
    """What only child processes, sockets and other databases need stays out of a run in this process."""
    script = (
        "from orrery import asset, materialize\n"
        "assert materialize([asset(lambda: 1, name='one')]).success\n"
        "import sys; loaded = {'model.partitions.definition', 'api.wiring.records', 'runtime.files.atomic'}\n"
        "loaded = {each for each in loaded if f'orrery.{each}' in sys.modules}; assert not loaded, loaded"
    )
    assert not modules_after(script) & {
        *HEAVY - {"msgspec"},
        "subprocess",
        "socket",
        "tempfile",
        "asyncio",
        "hmac",
        "secrets",
    }


def test_loading_a_name_leaves_the_collector_as_it_was() -> None:
    """It rests while modules are loaded."""
    told = (
        "import gc, orrery; orrery.materialize; a = gc.isenabled(); gc.disable(); orrery.op; print(a, gc.isenabled())"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_a_misspelt_name_is_told_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match="Try: write 'AssetKey'"):
        _ = orrery.Assetkey  # type: ignore[attr-defined]


def test_an_unknown_dunder_costs_no_search() -> None:
    """Tools probe modules for dunder names; they get a plain answer."""
    with pytest.raises(AttributeError) as caught:
        _ = orrery.__wrapped__  # type: ignore[attr-defined]
    assert "Try" not in str(caught.value)


def test_a_star_import_brings_exactly_the_list() -> None:
    space: dict[str, object] = {}
    exec("from orrery import *", space)
    assert {name for name in space if not name.startswith("__builtins")} == set(orrery.__all__)
