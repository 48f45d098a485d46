"""Repositories: lists, dictionaries and classes of definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import orrery as og


@og.op
def one() -> int:
    return 1


@og.graph
def counting() -> None:
    one()


@og.asset
def orders() -> int:
    return 1


def made(given: Any, **arguments: Any) -> Any:
    @og.repository(**arguments)
    def shop() -> Any:
        return given

    return shop


def test_a_list_may_hold_lists_graphs_and_jobs_of_assets() -> None:
    repo = made([[orders], counting, og.define_asset_job("nightly")])
    assert (repo.name, sorted(repo.job_names)) == ("shop", ["__ASSET_JOB", "counting", "nightly"])


def test_functions_in_a_dictionary_are_called_when_their_job_is_asked_for() -> None:
    calls: list[str] = []

    def make() -> og.JobDefinition:
        calls.append("made")
        return counting.to_job(name="late")

    repo = made({"jobs": {"late": make}})
    assert (repo.job_names, calls) == (["late"], [])
    assert repo.get_job("late").name == "late"
    assert calls == ["made"]


def test_a_function_that_makes_a_job_of_another_name_is_refused() -> None:
    repo = made({"jobs": {"late": lambda: counting.to_job(name="other")}})
    with pytest.raises(og.InvalidDefinitionError, match=r"'late' .* 'other'"):
        repo.get_job("late")


def test_a_class_of_data_answers_itself() -> None:
    class Data(og.RepositoryData):
        def get_all_jobs(self) -> Sequence[og.JobDefinition]:
            return [counting.to_job()]

    assert made(Data()).get_job("counting").name == "counting"


@pytest.mark.parametrize("given", [3, {"job": {}}, [3], {"jobs": {"x": 3}}])
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(og.InvalidDefinitionError):
        made(given)


def test_a_repository_bears_a_name_a_text_and_metadata() -> None:
    repo = made([orders], name="named", description="d", metadata={"team": "A"})
    assert (repo.name, repo.description, repo.metadata["team"].value) == ("named", "d", "A")


def test_a_repository_is_made_of_what_definitions_take() -> None:
    repo = og.create_repository_using_definitions_args("named", assets=[orders], resources={"x": 1})
    assert (repo.name, list(repo.get_top_level_resources())) == ("named", ["x"])
    assert list(repo.assets_defs_by_key) == [og.AssetKey("orders")]


def test_with_resources_checks_and_configures() -> None:
    @og.resource(config_schema={"n": int})
    def number(context: Any) -> Any:
        return context.resource_config["n"]

    @og.asset(required_resource_keys={"number"})
    def asked(context: Any) -> Any:
        return context.resources.number

    bound = og.with_resources([asked], {"number": number}, {"number": {"config": {"n": 3}}})
    assert og.materialize(bound).output_for_node("asked") == 3
    with pytest.raises(og.InvalidDefinitionError, match="'number' required by op 'asked'"):
        og.with_resources([asked], {})
    with pytest.raises(og.InvalidConfigError):
        og.with_resources([asked], {"number": number}, {"number": {"config": {"n": "three"}}})
    with pytest.raises(og.InvalidInvocationError, match="conflicting"):
        og.with_resources(bound, {"number": 4})
