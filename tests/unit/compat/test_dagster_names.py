"""The compatible package: the same things under the names that existing programs write."""

import ast
import importlib
from pathlib import Path

import pytest

import dagster
import orrery
from dagster._names import RENAMED

PRESENT = {theirs: ours for theirs, ours in RENAMED.items() if ours in orrery.__all__}


@pytest.mark.parametrize("name", sorted(PRESENT))
def test_a_prefixed_name_is_the_same_thing(name: str) -> None:
    assert getattr(dagster, name) is getattr(orrery, PRESENT[name])


@pytest.mark.parametrize("name", sorted(set(orrery.__all__) - {"__version__"}))
def test_an_own_name_is_the_same_thing(name: str) -> None:
    assert getattr(dagster, name) is getattr(orrery, name)


def test_the_list_spells_each_thing_once() -> None:
    """A renamed thing is listed under the prefixed name alone, so that a star import is what it was."""
    assert len(set(dagster.__all__)) == len(dagster.__all__) == len(orrery.__all__)
    assert not set(dagster.__all__) & set(PRESENT.values())


def test_the_typed_names_are_the_lazy_names() -> None:
    stub = Path(dagster.__file__).with_suffix(".pyi")
    typed = {
        target.id: statement.value.attr
        for statement in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Attribute)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    assert typed == PRESENT


def test_it_says_which_release_it_follows() -> None:
    assert dagster.__version__ == "1.13.28"


def test_an_unknown_name_is_told_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match="Try: write 'AssetKey'"):
        _ = dagster.Assetkey  # type: ignore[attr-defined]


def test_a_room_of_orrery_is_no_name_of_the_compatible_package() -> None:
    """``dagster.definitions`` is not ``orrery.definitions``, also once that is imported."""
    importlib.import_module("orrery.definitions")
    assert dagster.definitions is orrery.lazy_definitions
    importlib.import_module("orrery.plan")
    assert not hasattr(dagster, "plan")


def test_every_prefixed_name_drops_its_prefix() -> None:
    assert not [ours for ours in RENAMED.values() if "dagster" in ours.lower()]


def test_errors_are_found_under_the_path_that_programs_use() -> None:
    errors = importlib.import_module("dagster._core.errors")
    assert errors.DagsterInvalidDefinitionError is orrery.InvalidDefinitionError
    assert {"DagsterError", "DagsterTypeCheckDidNotPass"} <= set(errors.__all__)


def test_the_asset_graph_is_found_under_the_path_that_documents_use() -> None:
    found = importlib.import_module("dagster._core.definitions.asset_graph").AssetGraph
    assert found is importlib.import_module("orrery.model.assets.graph").AssetGraph


@pytest.mark.parametrize(
    "statement",
    [
        "from dagster._core.test_utils import instance_for_test",
        "from dagster._core.definitions import AssetSpec",
        "from dagster._core.definitions.decorators.asset_decorator import asset, multi_asset",
        "from dagster._core.execution.context.compute import AssetExecutionContext",
        "from dagster._core.execution.context.asset import OpExecutionContext",
        "from dagster._core.storage.dagster_run import DagsterRun, DagsterRunStatus",
        "from dagster._core.errors import DagsterError, Failure",
        "from dagster._core import instance; instance.DagsterInstance",
        "from dagster.preview.freshness import FreshnessPolicy",
        "from dagster._utils import file_relative_path",
        "import dagster._core.storage.fs_io_manager as m; m.FilesystemIOManager",
    ],
)
def test_public_names_are_found_under_private_paths(statement: str) -> None:
    """As many projects import them."""
    names: dict[str, object] = {}
    exec(statement, names)
    for name, value in names.items():
        if name in dagster.__all__:
            assert value is getattr(dagster, name)


@pytest.mark.parametrize(
    "statement",
    [
        "from dagster._core.storage.tags import SOME_TAG",
        "from dagster._core.definitions import PrivateThing",
        "from dagster._core.definitions.assets import PrivateThing",
        "from dagster._core.utils import make_something; make_something()",
    ],
)
def test_a_private_name_is_refused_and_says_so(statement: str) -> None:
    with pytest.raises(ImportError, match=r"no public name for dagster\._core\..*\n  Try: "):
        exec(statement, {})


@pytest.mark.parametrize("path", ["dagster._core.errors", "dagster._core.definitions", "dagster._core.test_utils"])
def test_who_asks_a_private_path_for_a_name_gets_an_answer(path: str) -> None:
    """As ``pickle`` asks all modules that are loaded, for things that do not say where they are from."""
    module = importlib.import_module(path)
    assert not hasattr(module, "PrivateThing")
    assert getattr(module, "PrivateThing", None) is None


@pytest.mark.parametrize("path", ["dagster._check", "dagster.unknown", "dagster._core.Wrong"])
def test_other_paths_are_not_there(path: str) -> None:
    with pytest.raises(ImportError):
        importlib.import_module(path)
