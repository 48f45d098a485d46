"""What a project is, and what it refuses before anything runs."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import orrery as og


@og.asset
def orders() -> int:
    return 1


@og.asset
def report(orders: int) -> int:
    return orders + 1


@og.asset(required_resource_keys={"rate"})
def price(context: Any) -> Any:
    return context.resources.rate


@og.op(required_resource_keys={"rate"})
def ask(context: Any) -> Any:
    return context.resources.rate


@og.job
def asking() -> None:
    ask()


def test_nothing_is_resolved_when_definitions_are_made() -> None:
    defs = og.Definitions(assets=[price])
    assert not defs.has_resolved_repository_def()


@pytest.mark.parametrize(
    "question",
    [
        lambda defs: defs.resolve_all_asset_keys(),
        lambda defs: defs.get_repository_def(),
        lambda defs: defs.get_implicit_global_asset_job_def(),
        og.Definitions.validate_loadable,
    ],
)
def test_a_missing_resource_is_named_with_who_needs_it_before_anything_runs(question: Any) -> None:
    with pytest.raises(og.InvalidDefinitionError, match=r"resource with key 'rate' required by op 'price'") as caught:
        question(og.Definitions(assets=[price], resources={"rat": 1}))
    assert "'rat'" in str(caught.value)


def test_a_missing_io_manager_is_named_with_the_output_that_needs_it() -> None:
    @og.asset(io_manager_key="lake")
    def table() -> int:
        return 1

    with pytest.raises(og.InvalidDefinitionError, match=r"io manager with key 'lake' .* output 'result' of op 'table'"):
        og.Definitions(assets=[table]).get_repository_def()


def test_a_job_of_ops_that_lacks_a_resource_is_refused_with_the_project() -> None:
    with pytest.raises(og.InvalidDefinitionError, match="required by op 'ask'"):
        og.Definitions(jobs=[asking]).get_repository_def()


def test_a_resource_that_lacks_another_is_refused() -> None:
    @og.resource(required_resource_keys={"token"})
    def api(_context: Any) -> int:
        return 1

    with pytest.raises(og.InvalidDefinitionError, match="'token' required by resource with key 'api'"):
        og.Definitions(resources={"api": api}).get_repository_def()


def test_resources_reach_assets_and_jobs() -> None:
    defs = og.Definitions(assets=[price], jobs=[asking], resources={"rate": 1.5})
    assert defs.get_implicit_global_asset_job_def().execute_in_process().output_for_node("price") == 1.5
    assert defs.get_job_def("asking").execute_in_process().output_for_node("ask") == 1.5
    assert set(defs.resolve_assets_def("price").resource_defs) == {"rate"}


def test_a_job_keeps_the_resources_it_brings() -> None:
    own = og.GraphDefinition("own", node_defs=[ask]).to_job(resource_defs={"rate": 3})
    defs = og.Definitions(jobs=[own], resources={"rate": 1})
    assert defs.get_job_def("own").execute_in_process().output_for_node("ask") == 3


def test_an_asset_with_another_resource_under_the_key_is_refused() -> None:
    bound = og.with_resources([price], {"rate": 1})
    with pytest.raises(og.InvalidInvocationError, match=r"conflicting resource definitions .* rate"):
        og.Definitions(assets=bound, resources={"rate": 2}).get_repository_def()


def test_an_unknown_upstream_asset_is_told_with_the_nearest_name() -> None:
    @og.asset
    def late(order: int) -> int:
        return order

    with pytest.raises(og.InvalidDefinitionError, match="loads asset 'order'") as caught:
        og.Definitions(assets=[orders, late]).resolve_asset_graph()
    assert "write 'orders'" in str(caught.value)


def test_an_unknown_asset_that_is_only_waited_for_becomes_an_external_one() -> None:
    @og.asset(deps=["elsewhere"])
    def after() -> None: ...

    defs = og.Definitions(assets=[after])
    assert [key.to_user_string() for key in defs.resolve_all_asset_keys()] == ["elsewhere", "after"]
    assert defs.resolve_asset_graph().get("elsewhere").is_external


def test_a_bare_name_means_the_one_asset_of_the_group_whose_key_ends_so() -> None:
    @og.asset(key=["shop", "up"])
    def up() -> int:
        return 1

    @og.asset
    def down(up: int) -> int:
        return up + 1

    defs = og.Definitions(assets=[up, down])
    assert defs.resolve_asset_graph().get_parents("down") == (og.AssetKey(["shop", "up"]),)
    assert og.materialize([up, down]).output_for_node("down") == 2


def test_a_bare_name_of_two_assets_of_the_group_is_refused() -> None:
    @og.asset(key=["a", "up"])
    def one() -> int:
        return 1

    @og.asset(key=["b", "up"])
    def two() -> int:
        return 1

    @og.asset
    def down(up: int) -> int:
        return up

    with pytest.raises(og.InvalidDefinitionError, match="'up'"):
        og.Definitions(assets=[one, two, down]).resolve_asset_graph()


def test_two_assets_under_one_key_are_told_with_both_places() -> None:
    @og.asset(name="orders")
    def other() -> int:
        return 2

    with pytest.raises(og.InvalidDefinitionError, match="'orders' is defined twice") as caught:
        og.Definitions(assets=[orders, other]).resolve_asset_graph()
    assert str(caught.value).count("test_definitions.py:") == 2


def test_one_asset_given_twice_counts_once() -> None:
    assert len(og.Definitions(assets=[orders, orders]).resolve_all_asset_keys()) == 1


def test_two_jobs_under_one_name_are_refused() -> None:
    @og.job(name="asking")
    def other() -> None:
        ask()

    with pytest.raises(og.InvalidDefinitionError, match="Duplicate job definition found for job 'asking'"):
        og.Definitions(jobs=[asking, other], resources={"rate": 1}).get_repository_def()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"assets": [1]}, "assets"),
        ({"assets": orders}, "assets"),
        ({"jobs": [orders]}, "jobs"),
        ({"schedules": [1]}, "schedules"),
        ({"sensors": [1]}, "sensors"),
        ({"resources": [1]}, "resources"),
        ({"loggers": {"a": 1}}, "logger 'a'"),
        ({"executor": 3}, "executor"),
        ({"asset_checks": [1]}, "asset_checks"),
    ],
)
def test_what_stands_in_the_wrong_place_is_refused_at_once(arguments: Any, named: str) -> None:
    with pytest.raises(og.InvalidDefinitionError, match=named):
        og.Definitions(**arguments)


def test_an_unknown_job_is_told_with_the_nearest_name() -> None:
    with pytest.raises(og.InvariantViolationError, match="Could not find job 'askin'") as caught:
        og.Definitions(jobs=[asking], resources={"rate": 1}).get_job_def("askin")
    assert "write 'asking'" in str(caught.value)


def test_merging_joins_what_does_not_conflict() -> None:
    merged = og.Definitions.merge(
        og.Definitions(assets=[orders], resources={"a": 1}), og.Definitions(assets=[report], resources={"a": 1, "b": 2})
    )
    assert merged.resources == {"a": 1, "b": 2}
    assert len(merged.resolve_all_asset_keys()) == 2


def test_merging_names_the_two_that_conflict() -> None:
    with pytest.raises(og.InvariantViolationError, match="objects 0 and 2 have different resources with same key 'a'"):
        og.Definitions.merge(
            og.Definitions(resources={"a": 1}), og.Definitions(resources={"b": 1}), og.Definitions(resources={"a": 2})
        )


def test_defaults_of_the_project_hold_for_jobs_that_say_nothing() -> None:
    @og.logger
    def quiet(_context: Any) -> logging.Logger:
        return logging.Logger("quiet")

    defs = og.Definitions(
        assets=[orders],
        jobs=[og.define_asset_job("nightly")],
        executor=og.in_process_executor,
        loggers={"quiet": quiet},
    )
    for name in ("__ASSET_JOB", "nightly"):
        job = defs.get_job_def(name)
        assert (job.executor_def.name, set(job.loggers)) == ("in_process", {"quiet"})


def test_specs_are_mapped_for_a_selection() -> None:
    defs = og.Definitions(assets=[orders, report]).map_resolved_asset_specs(
        func=lambda spec: spec.replace_attributes(owners=["team:shop"]), selection="report"
    )
    assert [spec.owners for spec in defs.resolve_all_asset_specs()] == [[], ["team:shop"]]


def test_mapping_cannot_change_a_key_or_take_away_what_the_function_loads() -> None:
    with pytest.raises(og.InvalidDefinitionError, match="must not change keys"):
        og.map_asset_specs(lambda spec: spec.replace_attributes(key="other"), [orders])
    with pytest.raises(og.InvalidDefinitionError, match="argument orders"):
        og.map_asset_specs(lambda spec: spec.replace_attributes(deps=[]), [report])


def test_a_dependency_that_mapping_adds_orders_the_run() -> None:
    order: list[str] = []

    @og.asset
    def zeta() -> None:
        order.append("zeta")

    @og.asset
    def alpha() -> None:
        order.append("alpha")

    mapped = og.map_asset_specs(
        lambda spec: spec.replace_attributes(deps=["zeta"]) if spec.key.path == ["alpha"] else spec, [alpha, zeta]
    )
    og.materialize(mapped)
    assert order == ["zeta", "alpha"]


def test_definitions_with_checks_alone_have_a_job() -> None:
    @og.asset_check(asset="orders")
    def positive() -> og.AssetCheckResult:
        return og.AssetCheckResult(passed=True)

    defs = og.Definitions(asset_checks=[positive])
    assert defs.get_implicit_global_asset_job_def().execute_in_process().success
    assert defs.get_asset_checks_def(og.AssetCheckKey(og.AssetKey("orders"), "positive")).check_key.name == "positive"


def test_a_schedule_brings_its_job_and_gets_the_resources_of_the_project() -> None:
    nightly = og.ScheduleDefinition(job=asking, cron_schedule="@daily")
    defs = og.Definitions(schedules=[nightly], resources={"rate": 7})
    assert defs.get_schedule_def("asking_schedule").job.execute_in_process().output_for_node("ask") == 7


def test_a_schedule_of_a_job_that_is_not_there_is_refused() -> None:
    nightly = og.ScheduleDefinition(name="nightly", job_name="askin", cron_schedule="@daily")
    with pytest.raises(og.InvalidDefinitionError, match='"nightly" targets job "askin"'):
        og.Definitions(schedules=[nightly], jobs=[asking], resources={"rate": 1}).get_repository_def()


def test_a_schedule_of_assets_brings_them_with_it() -> None:
    nightly = og.ScheduleDefinition(name="nightly", target=[orders], cron_schedule="@daily")
    defs = og.Definitions(schedules=[nightly])
    assert defs.get_schedule_def("nightly").job.execute_in_process().output_for_node("orders") == 1


def test_a_check_of_an_asset_that_nobody_declares_is_told_with_the_nearest_name() -> None:
    """It runs all the same: it may be about a table that is made elsewhere."""

    @og.asset_check(asset="order")
    def near() -> og.AssetCheckResult:
        return og.AssetCheckResult(passed=True)

    with pytest.warns(UserWarning, match="'near' is about asset 'order', which no definition provides.*\n.*'orders'"):
        job = og.Definitions(assets=[orders], asset_checks=[near]).resolve_implicit_global_asset_job_def()
    assert [each.asset_key.to_user_string() for each in job.execute_in_process().get_asset_check_evaluations()] == [
        "order"
    ]


@pytest.mark.parametrize("named", [og.AssetSpec("order"), og.AssetSpec("other", deps=["order"])])
def test_a_check_of_an_asset_that_somebody_names_is_not_warned_of(
    named: og.AssetSpec, recwarn: pytest.WarningsRecorder
) -> None:
    @og.asset_check(asset="order")
    def near() -> og.AssetCheckResult:
        return og.AssetCheckResult(passed=True)

    og.Definitions(assets=[orders, named], asset_checks=[near]).resolve_implicit_global_asset_job_def()
    assert not [each for each in recwarn.list if "Check 'near'" in str(each.message)]
