"""Bad input gets an error that names the thing and the mend, before anything runs; earlier work stays whole."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import orrery as og
from orrery.base.errors import (
    CyclicDependencyError,
    DuplicateDefinitionError,
    InvalidConfigError,
    InvalidDefinitionError,
    InvariantViolationError,
    StepOutputNotFoundError,
    TypeCheckDidNotPass,
    UnknownAssetError,
)

CALLED: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_called_yet() -> None:
    CALLED.clear()


def _asset(name: str, **options: Any) -> Any:
    @og.asset(name=name, **options)
    def made() -> int:
        CALLED.append(name)
        return 1

    return made


def test_a_cycle_names_its_members() -> None:
    """Nothing runs, and every member of the cycle is told."""

    @og.asset
    def a(c: int) -> int:
        return c

    @og.asset
    def b(a: int) -> int:
        return a

    @og.asset
    def c(b: int) -> int:
        return b

    with pytest.raises(CyclicDependencyError) as caught:
        og.materialize([a, b, c])
    assert set(caught.value.members) == {"a", "b", "c"}
    assert all(name in str(caught.value) for name in ("a", "b", "c"))
    assert "Try:" in str(caught.value)


def test_two_assets_of_one_key_are_told_with_both_places() -> None:
    """File and line of each stand in the message."""

    @og.asset(key="twice")
    def first() -> int:
        return 1

    @og.asset(key="twice")
    def second() -> int:
        return 2

    with pytest.raises(DuplicateDefinitionError) as caught:
        og.materialize([first, second])
    lines, start = inspect.getsourcelines(test_two_assets_of_one_key_are_told_with_both_places)
    places = [start + number for number, line in enumerate(lines) if line.strip() == '@og.asset(key="twice")']
    assert all(f"test_bad_input.py:{place}" in str(caught.value) for place in places)


def test_two_source_assets_of_one_key_are_told_with_both_places() -> None:
    """The lines of the program, and not a line of the library."""
    first = og.SourceAsset("twice")  # one
    second = og.SourceAsset("twice")  # other

    with pytest.raises(DuplicateDefinitionError) as caught:
        og.materialize([first, second])
    lines, start = inspect.getsourcelines(test_two_source_assets_of_one_key_are_told_with_both_places)
    places = [start + number for number, line in enumerate(lines) if line.strip().startswith(("first =", "second ="))]
    assert all(f"test_bad_input.py:{place}" in str(caught.value) for place in places)


def test_an_unknown_upstream_is_told_with_the_nearest_name() -> None:
    """The asset that asks, the key it asks for, and what is meant."""

    @og.asset
    def report(order: int) -> int:
        return order

    with pytest.raises(UnknownAssetError) as caught:
        og.materialize([report, _asset("orders")])
    assert "'report'" in str(caught.value)
    assert "'order'" in str(caught.value)
    assert "write 'orders'" in str(caught.value)
    assert CALLED == []


@pytest.mark.parametrize(
    ("options", "given", "wanted", "nearest"),
    [
        ({"required_resource_keys": {"databse"}}, {"database": 1}, "databse", "database"),
        ({"io_manager_key": "shlf"}, {"shelf": 1}, "shlf", "shelf"),
    ],
    ids=["resource", "io manager"],
)
def test_an_unknown_resource_is_told_with_the_nearest_name(
    options: dict[str, Any], given: dict[str, Any], wanted: str, nearest: str
) -> None:
    """Who needs it, what is needed, and what is meant."""
    with pytest.raises(InvalidDefinitionError) as caught:
        og.materialize([_asset("table", **options)], resources=given)
    message = str(caught.value)
    assert f"'{wanted}'" in message
    assert "'table'" in message
    assert f"write '{nearest}'" in message
    assert CALLED == []


def test_all_problems_of_a_config_are_told_at_once() -> None:
    """Unknown field with the nearest name; wrong type with path, value and type; nothing runs."""

    class Limits(og.Config):
        rows: int = 1
        name: str = "x"

    @og.asset
    def table(config: Limits) -> int:
        CALLED.append("table")
        return config.rows

    with pytest.raises(InvalidConfigError) as caught:
        og.materialize([table], run_config={"ops": {"table": {"config": {"rows": "many", "nmae": "y"}}}})
    message = str(caught.value)
    assert "root:ops:table:config:rows" in message
    assert "many" in message
    assert "nmae" in message
    assert '"name"' in message
    assert len(caught.value.problems) == 2
    assert CALLED == []


def test_a_missing_variable_is_told_with_the_field_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variable and field, before any step."""
    monkeypatch.delenv("ORRERY_TEST_TOKEN", raising=False)

    class Api(og.ConfigurableResource[Any]):
        token: str

    @og.asset
    def table(api: Api) -> int:
        CALLED.append("table")
        return 1

    with pytest.raises(InvalidConfigError) as caught:
        og.materialize([table], resources={"api": Api(token=og.EnvVar("ORRERY_TEST_TOKEN"))})
    assert "ORRERY_TEST_TOKEN" in str(caught.value)
    assert "token" in str(caught.value)
    assert CALLED == []


def test_a_wrong_return_type_names_output_expected_and_actual() -> None:
    """And nothing is stored."""

    @og.asset
    def number() -> int:
        return "four"  # type: ignore[return-value]  # the fault that is tested

    with og.Instance.ephemeral() as instance:
        result = og.materialize([number], instance=instance, raise_on_error=False)
        assert not result.success
        assert instance.get_latest_materialization_event(og.AssetKey("number")) is None
    with pytest.raises(TypeCheckDidNotPass) as caught:
        og.materialize([number])
    assert '"result"' in str(caught.value)
    assert '"Int"' in str(caught.value)
    assert "four" in str(caught.value)


def _yields_nothing() -> Any:
    @og.asset
    def empty() -> Any:
        yield from ()

    return empty


def _gives_twice() -> Any:
    @og.asset
    def double() -> Any:
        yield og.Output(1)
        yield og.Output(2)

    return double


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (_yields_nothing, StepOutputNotFoundError, ("empty", "result", "Try: yield")),
        (_gives_twice, InvariantViolationError, ("double", "result", "multiple times", "Try: give")),
    ],
    ids=["a generator that yields nothing", "an output given twice"],
)
def test_a_function_that_gives_the_wrong_outputs_is_told(
    make: Callable[[], Any], error: type[Exception], words: tuple[str, ...]
) -> None:
    """The step, the output, and what to write."""
    with pytest.raises(error) as caught:
        og.materialize([make()])
    assert all(word in str(caught.value) for word in words)


def test_a_failed_step_leaves_the_rest_whole() -> None:
    """Values and events before it stay; what needs it is skipped with the reason; the others go on."""

    @og.asset
    def good() -> int:
        return 1

    @og.asset
    def bad(good: int) -> int:
        raise ValueError("broken")

    @og.asset
    def child(bad: int) -> int:
        return bad

    @og.asset
    def grandchild(child: int) -> int:
        return child

    @og.asset
    def beside(good: int) -> int:
        return good + 1

    with og.Instance.ephemeral() as instance:
        result = og.materialize([good, bad, child, grandchild, beside], instance=instance, raise_on_error=False)
        assert instance.get_latest_materialization_event(og.AssetKey("good")) is not None
    assert not result.success
    assert result.asset_value("good") == 1
    assert result.asset_value("beside") == 2
    reasons = {
        event.step_key: event.event_specific_data.reason  # type: ignore[union-attr]  # skips bear a reason
        for event in result.get_step_skipped_events()
    }
    assert set(reasons) == {"child", "grandchild"}
    assert "'bad' failed" in str(reasons["child"])
    assert "'child'" in str(reasons["grandchild"])


@pytest.mark.parametrize(
    "argument",
    [
        {"retry_policy": 3},
        {"partitions_def": "daily"},
        {"description": 3},
        {"pool": "two words"},
        {"required_resource_keys": "abc"},
    ],
    ids=lambda argument: next(iter(argument)),
)
def test_an_argument_of_a_wrong_type_is_refused_where_it_is_written(argument: dict[str, Any]) -> None:
    with pytest.raises(og.InvalidDefinitionError, match=next(iter(argument))):

        @og.asset(**argument)
        def late() -> int:
            return 1


def test_a_value_where_none_is_declared_is_a_wrong_type() -> None:
    @og.asset
    def silent() -> None:
        return 1  # type: ignore[return-value]

    result = og.materialize([silent], raise_on_error=False)
    assert not result.success
    with pytest.raises(og.TypeCheckDidNotPass, match="must be None or unset"):
        og.materialize([silent])


def test_an_asset_may_wait_for_what_others_make() -> None:
    """A dependency that loads nothing need not be declared; it is known as external."""

    @og.asset(deps=["made_elsewhere"])
    def here() -> int:
        return 1

    assert og.materialize([here]).success
    graph = og.Definitions(assets=[here]).resolve_asset_graph()
    assert graph.get_parents(here.key) == (og.AssetKey("made_elsewhere"),)


def test_a_place_that_is_taken_fails_its_step_alone(tmp_path: Path) -> None:
    """A directory where a value is to be written: that step fails, all others keep values and events."""

    @og.asset
    def first() -> int:
        return 1

    @og.asset
    def blocked() -> int:
        return 2

    @og.asset
    def child(blocked: int) -> int:
        return blocked

    @og.asset
    def independent(first: int) -> int:
        return first + 1

    (tmp_path / "blocked.pickle" / "x").mkdir(parents=True)
    manager = og.FilesystemIOManager(base_dir=str(tmp_path))
    result = og.materialize(
        [first, blocked, child, independent], resources={"io_manager": manager}, raise_on_error=False
    )
    kinds = {event.step_key: event.event_type_value for event in result.all_events if event.is_step_event}
    assert kinds["blocked"] == "STEP_FAILURE"
    assert kinds["child"] == "STEP_SKIPPED"
    assert kinds["first"] == kinds["independent"] == "STEP_SUCCESS"
    assert {path.name for path in tmp_path.glob("*.pickle") if path.is_file()} == {"first.pickle", "independent.pickle"}


def test_resources_that_need_each_other_are_refused_with_their_names() -> None:
    @og.resource(required_resource_keys={"second"})
    def first(_context: og.InitResourceContext) -> int:
        return 1

    @og.resource(required_resource_keys={"first"})
    def second(_context: og.InitResourceContext) -> int:
        return 2

    @og.asset(required_resource_keys={"first"})
    def value() -> int:
        return 1

    defs = og.Definitions(assets=[value], resources={"first": first, "second": second})
    with pytest.raises(og.CyclicDependencyError, match=r"first.*second|second.*first"):
        og.Definitions.validate_loadable(defs)


def test_a_value_that_is_no_io_manager_is_refused_before_anything_runs() -> None:
    """As a resource of a run, of a project, and of a job."""
    stored = _asset("stored", io_manager_key="store")
    words = r"The resource 'store' \(int\) is the io manager of output 'result' of op 'stored', but has no method"
    with pytest.raises(InvalidDefinitionError, match=words):
        og.materialize([stored], resources={"store": 3})
    with pytest.raises(InvalidDefinitionError, match=words):
        og.Definitions(assets=[stored], resources={"store": 3}).resolve_implicit_global_asset_job_def()
    assert CALLED == []
