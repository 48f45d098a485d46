"""Roles of parameters, where one function is read after another of the same code."""

from typing import Any

import pytest

from orrery import AssetIn, asset
from orrery.definitions.parts.signature import EMPTY, ComputeFunction


def a_factory(number: int) -> Any:
    """Make functions of one code: only what they close over differs."""

    def compute(context, orders, items):
        return number

    return compute


def test_functions_of_one_code_are_read_once_and_stay_themselves() -> None:
    """The roles are those of the first one; the function called is each one's own."""
    read = [ComputeFunction(a_factory(number)) for number in range(3)]
    assert read[0].input_params is read[2].input_params
    assert [each.context_name for each in read] == ["context"] * 3
    assert [each(None, None, None) for each in read] == [0, 1, 2]


def test_a_default_or_an_annotation_of_its_own_is_seen() -> None:
    """What a function says beside its code is never taken from another."""
    plain, with_default, typed = a_factory(0), a_factory(1), a_factory(2)
    with_default.__defaults__ = (5,)
    typed.__annotations__ = {"items": int}
    first = ComputeFunction(plain)
    assert [each.default for each in first.input_params] == [EMPTY, EMPTY]
    assert [each.default for each in ComputeFunction(with_default).input_params] == [EMPTY, 5]
    assert [each.annotation for each in ComputeFunction(typed).input_params] == [EMPTY, int]
    assert ComputeFunction(typed).is_annotated
    assert not ComputeFunction(plain).is_annotated


@pytest.mark.parametrize("named", [False, True])
def test_inputs_are_made_when_somebody_looks(named: bool) -> None:
    """By name in order, whether the parameters alone or AssetIn say which assets they load."""
    ins = {"orders": AssetIn("all_orders")} if named else None
    made = asset(name="report", ins=ins)(a_factory(1))
    assert made.op._inputs is None
    assert list(made.op.input_dict) == ["items", "orders"]
    assert made.op.input_dict["orders"].dagster_type.is_any
    assert made.keys_by_input_name["orders"].to_user_string() == ("all_orders" if named else "orders")
    assert [dep.asset_key.to_user_string() for dep in made.get_asset_spec().deps] == [
        "all_orders" if named else "orders",
        "items",
    ]
