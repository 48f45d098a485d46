"""Types in a run: what fails names itself, and is not stored."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pydantic
import pytest

from orrery import (
    DynamicOut,
    DynamicOutput,
    ExecuteInProcessResult,
    In,
    Instance,
    IOManager,
    List,
    Nothing,
    OrreryType,
    Out,
    Output,
    ResourceDefinition,
    TypeCheck,
    TypeCheckDidNotPass,
    asset,
    job,
    materialize,
    op,
    type_loader,
)
from orrery.base.errors import InvalidConfigError, InvalidDefinitionError


class Remembering(IOManager):
    """Keeps what it is given, and says what it stored."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def handle_output(self, context: Any, obj: Any) -> None:
        self.values[context.step_key] = obj

    def load_input(self, context: Any) -> Any:
        return self.values[context.upstream_output.step_key]


def error_of(result: ExecuteInProcessResult) -> Any:
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    return event.step_failure_data.error


def test_a_failed_output_names_output_expected_and_actual_and_nothing_is_stored() -> None:
    @op(out={"rows": Out(int, io_manager_key="kept")})
    def wrong() -> Any:
        return "many"

    kept = Remembering()

    @job(resource_defs={"kept": kept})
    def one() -> None:
        wrong()

    result = one.execute_in_process(raise_on_error=False)
    error = error_of(result)
    assert error.cls_name == "TypeCheckDidNotPass"
    assert 'step output "rows"' in error.message
    assert 'expected type "Int"' in error.message
    assert 'Value "many" of python type "str"' in error.message
    assert kept.values == {}
    assert not result.filter_events(lambda event: event.is_handled_output)


def test_a_check_without_a_word_still_tells_the_actual_type() -> None:
    positive = OrreryType(lambda _context, value: value > 0, name="Positive")

    @op(out=Out(positive))
    def wrong() -> Any:
        return -1.5

    @job
    def one() -> None:
        wrong()

    with pytest.raises(TypeCheckDidNotPass, match="The value is of Python type float"):
        one.execute_in_process()


def test_an_asset_whose_value_fails_is_not_materialized() -> None:
    @asset
    def orders() -> int:
        return "none"  # type: ignore[return-value]

    with Instance.local_temp() as instance:
        result = materialize([orders], instance=instance, raise_on_error=False)
        assert instance.get_latest_materialization_event(orders.key) is None
        assert not list(Path(instance.storage_directory()).rglob("orders*"))
    assert 'step output "result"' in error_of(result).message


def test_an_input_that_fails_names_the_input_and_the_function_is_not_called() -> None:
    called = []

    @op
    def gives() -> Any:
        return "five"

    @op
    def takes(count: int) -> None:
        called.append(count)

    @job
    def two() -> None:
        takes(gives())

    error = error_of(two.execute_in_process(raise_on_error=False))
    assert 'step input "count"' in error.message
    assert not called


def test_a_value_that_is_loaded_is_checked_too() -> None:
    @asset(io_manager_key="kept")
    def orders() -> Any:
        return 1

    @asset
    def report(orders: dict[str, int]) -> None: ...

    result = materialize([orders, report], selection=[report], resources={"kept": Loading()}, raise_on_error=False)
    assert 'expected type "Dict[String,Int]"' in error_of(result).message


class Loading(IOManager):
    """Loads something else than what was promised."""

    def handle_output(self, context: Any, obj: Any) -> None: ...

    def load_input(self, context: Any) -> Any:
        return ["no", "dict"]


def test_each_output_of_several_is_checked_by_itself() -> None:
    kept = Remembering()

    @op(out={"good": Out(int), "bad": Out(int, io_manager_key="kept")})
    def two() -> Iterator[Any]:
        yield Output(1, "good")
        yield Output("x", "bad")

    @job(resource_defs={"kept": kept})
    def one() -> None:
        two()

    result = one.execute_in_process(raise_on_error=False)
    outputs = {
        event.step_output_data.output_name: event.step_output_data.type_check_data.success
        for event in result.filter_events(lambda event: event.event_type_value == "STEP_OUTPUT")
    }
    assert outputs == {"good": True, "bad": False}
    assert kept.values == {}


def test_each_of_a_dynamic_output_is_checked() -> None:
    @op(out=DynamicOut(int))
    def many() -> Iterator[Any]:
        yield DynamicOutput(1, "a")
        yield DynamicOutput("x", "b")

    @job
    def one() -> None:
        many()

    assert 'Value "x"' in error_of(one.execute_in_process(raise_on_error=False)).message


def test_metadata_of_a_check_is_in_the_event() -> None:
    counted = OrreryType(lambda _c, value: TypeCheck(True, "counted", {"rows": len(value)}), name="Counted")

    @op(out=Out(counted))
    def gives() -> Any:
        return [1, 2, 3]

    @job
    def one() -> None:
        gives()

    (event,) = one.execute_in_process().filter_events(lambda event: event.event_type_value == "STEP_OUTPUT")
    found = event.step_output_data.type_check_data
    assert (found.success, found.description, found.metadata["rows"].value) == (True, "counted", 3)


def test_a_check_may_use_the_log_the_run_and_its_resources() -> None:
    def looks(context: Any, value: Any) -> bool:
        context.log.info(f"looking at {value} in {bool(context.run_id)}")
        return bool(value < context.resources.limit)

    limited = OrreryType(looks, name="Limited", required_resource_keys={"limit"})

    @op(out=Out(List[limited]))
    def gives() -> Any:
        return [1, 7]

    @job(resource_defs={"limit": ResourceDefinition.hardcoded_resource(5)})
    def one() -> None:
        gives()

    with Instance.ephemeral() as instance:
        result = one.execute_in_process(instance=instance, raise_on_error=False)
        lines = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.dagster_event is None]
    assert "Item 1: no Limited" in error_of(result).message
    assert lines == ["looking at 1 in True", "looking at 7 in True"]


def test_a_resource_of_a_check_must_be_provided() -> None:
    limited = OrreryType(lambda _c, _v: True, name="Limited", required_resource_keys={"limit"})

    @op(out=Out(limited))
    def gives() -> Any: ...

    with pytest.raises(InvalidDefinitionError, match="'limit'"):

        @job
        def one() -> None:
            gives()

        one.execute_in_process()


def test_a_frame_is_checked_row_by_row() -> None:
    class Flight(pydantic.BaseModel):
        number: int = pydantic.Field(gt=0)

    @asset
    def flights() -> Annotated[pl.DataFrame, Flight]:
        return pl.DataFrame({"number": [1, -1]})

    result = materialize([flights], raise_on_error=False)
    assert "1 of 2 rows are no Flight" in error_of(result).message


def loaded(dagster_type: Any, given: Any, **resources: Any) -> Any:
    """Give *given* as config for an input of the type; return the value that the function got."""

    @op(ins={"value": In(dagster_type)})
    def takes(value: Any) -> Any:
        return value

    @job(resource_defs={key: ResourceDefinition.hardcoded_resource(each) for key, each in resources.items()})
    def one() -> None:
        takes()

    result = one.execute_in_process(run_config={"ops": {"takes": {"inputs": {"value": given}}}})
    return result.output_for_node("takes")


@pytest.mark.parametrize(
    ("dagster_type", "given", "value"),
    [
        (int, 5, 5),
        (int, {"value": 5}, 5),
        (float, 5, 5.0),
        (str, "a", "a"),
        (bool, True, True),
        (Any, {"value": {"a": 1}}, {"a": 1}),
        (Any, [1, "b"], [1, "b"]),
        (list[int], [1, {"value": 2}], [1, 2]),
        (dict, {"a": 1}, {"a": 1}),
        (dict[str, int], {"a": {"value": 1}}, {"a": 1}),
        (set[int], [1, 2, 2], {1, 2}),
        (tuple[int, str], [1, "a"], (1, "a")),
        (int | None, None, None),
        (int | None, 5, 5),
    ],
    ids=str,
)
def test_types_of_ours_come_from_config(dagster_type: Any, given: Any, value: Any) -> None:
    assert loaded(dagster_type, given) == value


@pytest.mark.parametrize(
    ("dagster_type", "given"),
    [(int, "a"), (int, {"value": "a"}), (int, {"nothing": 1}), (list[int], ["a"]), (dict[str, int], {"a": "b"})],
    ids=str,
)
def test_config_that_fits_no_type_is_refused_before_the_run(dagster_type: Any, given: Any) -> None:
    with pytest.raises(InvalidConfigError, match="root:ops:takes:inputs:value"):
        loaded(dagster_type, given)


def test_a_value_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("7")
    (tmp_path / "wrapped.json").write_text(json.dumps({"value": 8}))
    (tmp_path / "it.pickle").write_bytes(pickle.dumps(9))
    assert loaded(int, {"json": {"path": str(tmp_path / "plain.json")}}) == 7
    assert loaded(int, {"json": {"path": str(tmp_path / "wrapped.json")}}) == 8
    assert loaded(Any, {"pickle": {"path": str(tmp_path / "it.pickle")}}) == 9


def test_a_loader_gets_its_config_and_its_resources() -> None:
    @type_loader({"rows": int}, required_resource_keys={"factor"})
    def rows(context: Any, config: Any) -> Any:
        return [context.resources.factor] * config["rows"]

    assert loaded(OrreryType(lambda _c, _v: True, name="Rows", loader=rows), {"rows": 2}, factor=3) == [3, 3]


def test_a_loader_that_raises_fails_the_step() -> None:
    @type_loader(int)
    def rows(context: Any, config: Any) -> Any:
        raise LookupError("no such row")

    with pytest.raises(LookupError, match="no such row"):
        loaded(OrreryType(lambda _c, _v: True, name="Rows", loader=rows), 1)


def test_nothing_is_no_value() -> None:
    @op(out=Out(Nothing))
    def first() -> None: ...

    @op(ins={"after": In(Nothing)})
    def second() -> int:
        return 5

    @job
    def two() -> None:
        second(first())

    assert two.execute_in_process().output_for_node("second") == 5
