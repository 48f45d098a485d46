"""An input that another run of the same event log makes anew while a run takes it: who knows which of the two it took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orrery import (
    AssetExecutionContext,
    AssetIn,
    CachePolicy,
    Instance,
    StaticPartitionsDefinition,
    asset,
    graph_asset,
    materialize,
    op,
    plan_materialization,
)

CITIES = StaticPartitionsDefinition(["oslo", "rome"])
BOTH = {"partition_key_range": ("oslo", "rome")}


class Project:
    """``between`` runs after it was decided about ``up``, and before ``late`` takes it."""

    def __init__(self, kind: str) -> None:
        self.meanwhile: Callable[[], Any] | None = None
        cut: dict[str, Any] = {"partitions_def": CITIES} if kind == "partitions" else {}

        @asset(config_schema={"said": str}, code_version="1", **cut)
        def up(context: AssetExecutionContext) -> Any:
            said = context.op_config["said"]
            return {each: f"{each} {said}" for each in context.partition_keys} if cut else said

        @asset(cache=CachePolicy(always=True), **cut)
        def between() -> Any:
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                meanwhile()
            return dict.fromkeys(("oslo", "rome"), 0)

        if kind == "graph":

            @op
            def tell(up: Any, between: Any) -> Any:
                return up

            @graph_asset(ins={"up": AssetIn(), "between": AssetIn()})
            def late(up: Any, between: Any) -> Any:
                return tell(up, between)
        else:

            @asset(code_version="1", deps=[between], **cut)
            def late(up: Any) -> Any:
                return up

        self.kind = kind
        self.assets: list[Any] = [up, between, late]
        self.options: dict[str, Any] = BOTH if cut else {}

    def run(self, instance: Instance, said: str, selection: str = "*", **options: Any) -> Any:
        ops = {} if selection == "between or late" else {"up": {"config": {"said": said}}}
        return materialize(
            self.assets,
            instance=instance,
            selection=selection,
            run_config={"ops": ops},
            on_event=lambda entry: None,
            **{"reuse": True, **self.options, **options},
        )

    def value(self, said: str) -> Any:
        return {each: f"{each} {said}" for each in ("oslo", "rome")} if self.kind == "partitions" else said


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.local_temp() as made:
        yield made


def started(result: Any) -> list[str]:
    return [each.step_key for each in result.all_events if each.event_type_value == "STEP_START"]


@pytest.mark.parametrize(
    ("selection", "reuse"),
    [("*", True), ("between or late", True), ("between or late", False)],
    ids=["skipped", "from outside", "without reuse"],
)
@pytest.mark.parametrize("kind", ["plain", "partitions", "graph"])
def test_what_is_made_from_it_is_current_for_neither(
    kind: str, selection: str, reuse: bool, instance: Instance
) -> None:
    project = Project(kind)
    project.run(instance, "one", "up")
    project.meanwhile = lambda: project.run(instance, "two", "up")
    result = project.run(instance, "one", selection, reuse=reuse)
    assert result.output_for_node("late") == project.value("two")
    again = project.run(instance, "one")
    assert again.output_for_node("late") == project.value("one")
    assert any(each.startswith("late") for each in started(again))
    assert started(project.run(instance, "one")) == ["between"]


@pytest.mark.parametrize("kind", ["plain", "partitions", "graph"])
def test_of_equal_content_nothing_more_runs(kind: str, instance: Instance) -> None:
    project = Project(kind)
    project.run(instance, "one", "up")
    project.meanwhile = lambda: project.run(instance, "one", "up", force=True)
    assert any(each.startswith("late") for each in started(project.run(instance, "one")))
    assert started(project.run(instance, "one")) == ["between"]


def test_the_plan_says_why(instance: Instance) -> None:
    project = Project("plain")
    project.run(instance, "one", "up")
    project.meanwhile = lambda: project.run(instance, "two", "up")
    result = project.run(instance, "one")
    config = {"ops": {"up": {"config": {"said": "two"}}}}
    plan = plan_materialization(project.assets, instance=instance, run_config=config)
    (late,) = [each.decision.told for each in plan.steps if each.assets == ("late",)]
    assert late.startswith("input up changed")
    assert f"replaced in run {result.run_id[:8]} to " in late
