"""Jobs of selections of assets, before and after the assets are known."""

from __future__ import annotations

from typing import Any

import pytest

import orrery as og


@og.asset
def orders() -> int:
    return 1


@og.asset
def report(orders: int) -> int:
    return orders + 1


@og.asset(partitions_def=og.StaticPartitionsDefinition(["x", "y"]))
def parted() -> None: ...


@og.asset(partitions_def=og.StaticPartitionsDefinition(["x", "z"]))
def parted_otherwise() -> None: ...


def job_of(selection: Any, *assets: Any, **arguments: Any) -> Any:
    return og.Definitions(
        assets=assets or [orders, report], jobs=[og.define_asset_job("job", selection=selection, **arguments)]
    ).get_job_def("job")


def test_a_job_makes_what_its_selection_finds() -> None:
    assert [node.name for node in job_of("*report").nodes] == ["orders", "report"]
    assert [node.name for node in job_of([orders]).nodes] == ["orders"]


def test_a_selection_that_names_what_is_not_there_is_told_with_the_job_and_the_nearest_name() -> None:
    with pytest.raises(og.InvalidDefinitionError, match=r"asset job job: .*'order'") as caught:
        job_of("order")
    assert "write 'orders'" in str(caught.value)


def test_other_jobs_and_assets_are_usable_while_one_selection_is_wrong() -> None:
    defs = og.Definitions(assets=[orders], jobs=[og.define_asset_job("wrong", selection="nothing")])
    assert len(defs.resolve_all_asset_keys()) == 1
    with pytest.raises(og.InvalidDefinitionError, match="asset job wrong"):
        og.Definitions.validate_loadable(defs)


def test_an_external_asset_cannot_be_selected_to_run() -> None:
    with pytest.raises(og.InvalidDefinitionError, match="'outside'"):
        job_of(["outside"], og.AssetSpec("outside"))


def test_assets_of_different_partitions_make_no_job() -> None:
    with pytest.raises(og.InvalidDefinitionError, match="must have the same partitions definitions"):
        job_of(None, parted, parted_otherwise)
    assert job_of("parted", parted, parted_otherwise).partitions_def == og.StaticPartitionsDefinition(["x", "y"])


def test_tags_are_those_of_runs_unless_run_tags_say_otherwise() -> None:
    assert dict(job_of(None, tags={"a": 1}).run_tags) == {"a": "1"}
    assert dict(job_of(None, tags={"a": 1}, run_tags={"b": "c"}).run_tags) == {"b": "c"}


def test_hooks_and_config_reach_the_run() -> None:
    seen: list[str] = []

    @og.success_hook
    def note(context: og.HookContext) -> None:
        seen.append(context.op.name)

    @og.asset(config_schema={"n": int})
    def configured(context: Any) -> int:
        return int(context.op_execution_context.op_config["n"])

    config = {"ops": {"configured": {"config": {"n": 4}}}}
    result = job_of(None, configured, hooks={note}, config=config).execute_in_process()
    assert (result.output_for_node("configured"), seen) == (4, ["configured"])


def test_a_job_resolves_against_a_graph_of_definitions() -> None:
    job = og.define_asset_job("job", selection=["orders"]).resolve(asset_graph=og.AssetGraph.from_assets([orders]))
    assert job.execute_in_process().output_for_node("orders") == 1


def test_a_request_for_a_partition_carries_its_tags_and_config() -> None:
    partitions = og.StaticPartitionsDefinition(["x"])
    config = og.PartitionedConfig(
        partitions, run_config_for_partition_key_fn=lambda key: {"ops": {"k": {"config": key}}}
    )
    request = og.define_asset_job("job", config=config).run_request_for_partition("x", run_key="k")
    assert (request.partition_key, request.run_key, request.job_name) == ("x", "k", "job")
    assert request.run_config == {"ops": {"k": {"config": "x"}}}
    assert request.has_resolved_partition()
    with pytest.raises(og.UnknownPartitionError, match=r"'?z"):
        og.define_asset_job("job", config=config).run_request_for_partition("z")


def test_owners_are_addresses_or_teams() -> None:
    with pytest.raises(og.InvalidDefinitionError, match="'shop'"):
        og.define_asset_job("job", owners=["shop"])
