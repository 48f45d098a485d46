"""Arguments that cannot be meant are refused where they are written, with the mend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orrery import Instance, RunConfig, asset, materialize, multi_asset, op
from orrery.base.errors import InvalidDefinitionError, WrongArgumentsError


def made() -> int:
    return 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [("descripton", "description"), ("dep", "deps"), ("group", "group_name"), ("io_manager", "io_manager_key")],
)
def test_a_misspelt_argument_is_told_with_the_one_that_is_meant(written: str, meant: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=f"'{written}' is no argument of @asset.\n  Try: write '{meant}'"):
        asset(**{written: "x"})(made)


def test_a_misspelt_argument_of_a_multi_asset_is_told() -> None:
    with pytest.raises(InvalidDefinitionError, match=r"@multi_asset\.\n  Try: write 'specs'"):
        multi_asset(spec=[])(made)


def test_an_output_of_a_multi_asset_that_is_no_asset_out_is_told() -> None:
    outs: Any = {"orders": "orders"}
    with pytest.raises(InvalidDefinitionError, match=r"outs\['orders'\] is 'orders'.\n  Try: write AssetOut"):
        multi_asset(outs=outs)(made)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ins": ["a"]},
        {"resource_defs": 5},
        {"hooks": 5},
        {"io_manager_key": 5},
        {"output_required": "yes"},
        {"automation_condition": "eager"},
        {"freshness_policy": "daily"},
        {"backfill_policy": "single"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_argument_of_the_wrong_kind_is_named(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(WrongArgumentsError, match=f"The argument '{name}' of @asset is .*\n  Try: give "):
        asset(**wrong)(made)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("assets", lambda: materialize(5)),  # type: ignore[arg-type]
        ("resources", lambda: materialize([], resources=["x"])),  # type: ignore[arg-type]
        ("instance", lambda: materialize([], instance=5)),
        ("raise_on_error", lambda: materialize([], raise_on_error="x")),  # type: ignore[arg-type]
    ],
)
def test_an_argument_of_a_run_of_the_wrong_kind_is_named(name: str, call: Callable[[], object]) -> None:
    with pytest.raises(WrongArgumentsError, match=f"The argument '{name}' of "):
        call()


@pytest.mark.parametrize("decorator", [asset, op])
def test_any_number_of_arguments_cannot_be_given(decorator: Callable[..., object]) -> None:
    def takes_all(*args: object) -> None: ...

    with pytest.raises(InvalidDefinitionError, match=r"the parameter '\*args', for which nothing can be given"):
        decorator(takes_all)


@pytest.mark.parametrize("name", ["ops", "resources", "loggers", "execution"])
def test_run_config_takes_mappings_alone(name: str) -> None:
    with pytest.raises(WrongArgumentsError, match=f"'{name}' of RunConfig is 5"):
        RunConfig(**{name: 5})


def test_records_are_asked_for_by_a_filter() -> None:
    with pytest.raises(WrongArgumentsError, match="'event_records_filter' of get_event_records is 'x'"):
        Instance.ephemeral().get_event_records("x")  # type: ignore[arg-type]  # what is refused
