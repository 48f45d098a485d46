"""A plan from Python: what a run would do, told before it does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click import unstyle

from orrery.api.verbs.diff import diff_materializations
from orrery.api.verbs.materialize import materialize, materialize_to_memory, observe
from orrery.api.verbs.plan import (
    MaterializationPlan,
    accept_materializations,
    check_plan,
    explain,
    plan_materialization,
)
from orrery.base.errors import InvalidInvocationError, InvariantViolationError, PlanOutdatedError, WrongArgumentsError
from orrery.base.keys import AssetKey
from orrery.base.metadata.table import TableColumn, TableColumnConstraints, TableSchema
from orrery.base.tags import ACCEPTED_TAG, DATA_VERSION_TAG, MADE_BY_RUN_TAG, PULLED_TAG
from orrery.cli.plan_text import diff_document, diff_lines, step_document, why_lines
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.parts.resource import resource
from orrery.model.events.user import AssetMaterialization, MaterializeResult, Output
from orrery.model.partitions.backfill_policy import BackfillPolicy
from orrery.model.partitions.keys import MultiPartitionKey
from orrery.model.partitions.mapping import TimeWindowPartitionMapping
from orrery.model.partitions.multi import MultiPartitionsDefinition
from orrery.model.partitions.periods import DailyPartitionsDefinition
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.runtime.instance.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk."""
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


def chain(factor: int = 2) -> list[Any]:
    """Return two assets, one of the other."""

    @asset
    def first() -> int:
        return 1

    @asset
    def second(first: int) -> int:
        return first * factor

    return [first, second]


def run(assets: list[Any], instance: Instance, **options: Any) -> list[str]:
    """Materialize what is out of date, and return the steps that ran."""
    result = materialize(assets, instance=instance, reuse=True, on_event=lambda entry: None, **options)
    return [event.step_key or "" for event in result.all_events if event.event_type_value == "STEP_START"]


def test_planning_runs_and_records_nothing(instance: Instance) -> None:
    """Neither a run nor an event is there afterwards."""
    plan = plan_materialization(chain(), instance=instance)
    assert [step.decision.action for step in plan.steps] == ["run", "run"]
    assert instance.get_runs_count() == 0
    assert instance.all_asset_keys() == []


def test_what_is_planned_is_what_runs(instance: Instance) -> None:
    """Step by step."""
    run(chain(), instance)
    assert plan_materialization(chain(), instance=instance).is_current
    plan = plan_materialization(chain(3), instance=instance)
    assert [step.step_key for step in plan.to_run] == run(chain(3), instance) == ["second"]


def test_a_plan_without_reuse_follows_the_policies_of_the_assets(instance: Instance) -> None:
    """As a run without it does."""
    run(chain(), instance)
    plan = plan_materialization(chain(), instance=instance, reuse=False)
    assert [step.decision.reasons[0].kind for step in plan.steps] == ["no_policy", "no_policy"]


def test_a_saved_plan_is_read_back_as_it_was(instance: Instance) -> None:
    """And what is no plan is refused."""
    run(chain(), instance)
    plan = plan_materialization(chain(3), instance=instance)
    assert MaterializationPlan.from_json(plan.to_json()) == plan
    with pytest.raises(InvariantViolationError, match="no saved plan"):
        MaterializationPlan.from_json(b"[]")
    with pytest.raises(InvariantViolationError, match="unknown to this release"):
        MaterializationPlan.from_json(plan.to_json().replace(b'"version": 1', b'"version": 9').replace(b"}\n", b"}"))


def test_a_plan_of_a_key_of_several_dimensions_is_saved(instance: Instance) -> None:
    cells = MultiPartitionsDefinition(
        {"x": StaticPartitionsDefinition(["a", "b"]), "y": StaticPartitionsDefinition(["c"])}
    )

    @asset(partitions_def=cells)
    def cell() -> int:
        return 1

    key = MultiPartitionKey({"x": "a", "y": "c"})
    plan = plan_materialization([cell], instance=instance, partition_key=key)
    assert MaterializationPlan.from_json(plan.to_json()) == plan
    assert plan.partition_key == "a|c"
    of_range = plan_materialization([cell], instance=instance, partition_key_range=(key, key))
    assert MaterializationPlan.from_json(of_range.to_json()) == of_range


def test_a_plan_knows_what_moved(instance: Instance) -> None:
    """Nothing, if nothing did."""
    run(chain(), instance)
    saved = plan_materialization(chain(3), instance=instance)
    check_plan(saved, plan_materialization(chain(3), instance=instance))
    with pytest.raises(PlanOutdatedError, match=r"second: code changed: .*factor"):
        check_plan(saved, plan_materialization(chain(4), instance=instance))
    run(chain(3), instance)
    with pytest.raises(PlanOutdatedError, match="second: was materialized by run"):
        check_plan(saved, plan_materialization(chain(3), instance=instance))


def versioned(version: str) -> list[Any]:
    """Return an asset with a version of its code."""

    @asset(code_version=version)
    def one() -> int:
        return 1

    return [one]


def test_what_is_accepted_is_told_with_its_code_version(instance: Instance, tmp_path: Path) -> None:
    """By plan and why, in this process and in later ones; the run that made the value stays named."""
    first = materialize(versioned("1"), instance=instance, on_event=lambda entry: None).run_id
    saved = plan_materialization(versioned("2"), instance=instance)
    assert accept_materializations(instance, saved) == ("one",)
    for _ in range(2):
        with Instance.local_temp(str(tmp_path / "home")) as later:
            (step,) = plan_materialization(versioned("2"), instance=later).steps
        assert re.fullmatch(rf"current: accepted .*, made .* by run {first[:8]}", step.decision.told)
        assert step.decision.reasons[0].accepted is not None
        assert re.search(rf"by run {first[:8]}, data version", unstyle("\n".join(why_lines(step))))
        assert re.search(r"(?m)^Accepted   20.*, as current for code version 2$", unstyle("\n".join(why_lines(step))))
        last = step_document(step)["last"]
        assert (last["run_id"], last["accepted"]["code_version"], last["is_pulled"]) == (first, "2", False)
    with pytest.raises(PlanOutdatedError, match="one: was accepted"):
        check_plan(saved, plan_materialization(versioned("2"), instance=instance))


@pytest.mark.parametrize(
    ("tags", "told", "moved"),
    [
        ({}, "reported by hand, data version v", "was materialized, as was reported by hand"),
        (
            {ACCEPTED_TAG: "true", MADE_BY_RUN_TAG: "0123456789"},
            "by run 01234567, data version v\nAccepted   once, as current for the code of that time",
            "was accepted",
        ),
        (
            {ACCEPTED_TAG: "true"},
            "by no run that is recorded, data version v\nAccepted   once, as current for the code of that time",
            "was accepted",
        ),
        ({PULLED_TAG: "0123456789"}, "by run 01234567, pulled, data version v", "was pulled"),
    ],
)
def test_what_no_run_recorded_is_told_as_it_came(
    instance: Instance, tags: dict[str, str], told: str, moved: str
) -> None:
    """Reported by hand, accepted by a release that did not record when, or taken over from another machine."""
    saved = plan_materialization(chain(), instance=instance)
    event = AssetMaterialization("first", tags={DATA_VERSION_TAG: "v", **tags})
    instance.report_runless_asset_event(event)
    plan = plan_materialization(chain(), instance=instance)
    made = unstyle("\n".join(why_lines(plan.steps[0])))
    assert re.search(rf"(?m)^Made last  20\S+ \S+ \S+ {told}$", made)
    assert f"first: {moved}" in plan.moved_since(saved)


def test_partitions_are_planned_one_by_one(instance: Instance) -> None:
    """The other one was never made."""

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def part(context: Any) -> str:
        return str(context.partition_key)

    run([part], instance, partition_key="a")
    assert plan_materialization([part], instance=instance, partition_key="a").is_current
    assert explain(part, [part], instance=instance, partition_key="b").decision.told == "never materialized"


def test_only_io_managers_are_opened_for_a_plan(instance: Instance) -> None:
    """A resource that would fail does not."""

    @resource
    def database() -> object:
        raise RuntimeError("opened")

    @asset(required_resource_keys={"database"})
    def rows() -> int:
        return 1

    plan = plan_materialization([rows], instance=instance, resources={"database": database})
    assert [step.decision.action for step in plan.steps] == ["run"]


def test_a_resource_counts_by_the_identity_that_it_declares(instance: Instance) -> None:
    """Another address is another value; what declares nothing is nothing."""

    class Warehouse:
        def __init__(self, address: str) -> None:
            self.cache_identity = address

    @asset(required_resource_keys={"warehouse"})
    def rows() -> int:
        return 1

    def step(address: str) -> str:
        plan = plan_materialization([rows], instance=instance, resources={"warehouse": Warehouse(address)})
        return plan.steps[0].decision.told

    run([rows], instance, resources={"warehouse": Warehouse("one")})
    assert step("one").startswith("current")
    assert step("two") == "resource warehouse changed: one to two"


def test_explaining_an_asset_that_the_plan_does_not_make_is_refused(instance: Instance) -> None:
    """By name."""
    with pytest.raises(InvariantViolationError, match="makes no asset 'third'"):
        explain("third", chain(), instance=instance)


def test_a_policy_of_the_run_is_planned_too(instance: Instance) -> None:
    """Here a time to live of nothing."""
    run(chain(), instance)
    plan = plan_materialization(chain(), instance=instance, reuse=CachePolicy(ttl=0))
    assert [step.decision.reasons[0].kind for step in plan.steps] == ["expired", "expired"]


def test_what_is_taken_from_outside_and_not_stored_is_named(instance: Instance) -> None:
    """Of assets with partitions each of those that the mapping takes; not where a missing one is allowed."""
    days = DailyPartitionsDefinition("2026-01-01", end_date="2026-01-04")

    @asset
    def plain() -> int:
        return 1

    @asset(partitions_def=days)
    def daily() -> int:
        return 1

    two = AssetIn(partition_mapping=TimeWindowPartitionMapping(start_offset=-1))

    @asset(partitions_def=days, ins={"daily": two}, deps=["other"])
    def both(daily: dict[str, int], plain: int) -> int:
        return plain

    @asset(ins={"daily": AssetIn(metadata={"allow_missing_partitions": True})})
    def lenient(daily: dict[str, int]) -> int:
        return len(daily)

    @asset
    def other() -> None: ...

    assets = [plain, daily, both, lenient, other]
    options: dict[str, Any] = {"instance": instance, "selection": [both], "partition_key": "2026-01-02"}
    lacking = ("daily[2026-01-01]", "daily[2026-01-02]", "plain")
    assert plan_materialization(assets, **options).lacking == lacking
    materialize([daily], instance=instance, partition_key="2026-01-02")
    materialize([plain], instance=instance)
    assert plan_materialization(assets, **options).lacking == lacking[:1]
    materialize([daily], instance=instance, partition_key="2026-01-01")
    assert plan_materialization(assets, **options).lacking == ()
    assert plan_materialization(assets, instance=instance, selection=[lenient]).lacking == ()


def test_two_runs_are_compared_column_by_column(instance: Instance) -> None:
    """What is new, what is gone, and what has another type; a change of a constraint alone is one of the metadata."""
    schemas = [
        TableSchema.from_name_type_dict({"id": "int", "name": "text", "old": "text"}),
        TableSchema.from_name_type_dict({"id": "bigint", "name": "text", "new": "date"}),
        TableSchema([TableColumn("id", "bigint", constraints=TableColumnConstraints(nullable=False))]),
        TableSchema([TableColumn("id", "bigint")]),
    ]

    def table_of(schema: TableSchema) -> Any:
        @asset
        def table() -> MaterializeResult[int]:
            return MaterializeResult(value=1, metadata={"orrery/column_schema": schema})

        return table

    runs = [
        materialize([table_of(schema)], instance=instance, on_event=lambda entry: None).run_id for schema in schemas
    ]
    found = diff_materializations(AssetKey("table"), runs[0], runs[1], instance=instance)
    assert found.columns == {"id": ("int", "bigint"), "old": ("text", None), "new": (None, "date")}
    assert found.metadata == {}
    assert diff_document(found)["columns"]["new"] == [None, "date"]
    assert any("bigint" in line for line in diff_lines(found))
    constraints = diff_materializations("table", runs[2], runs[3], instance=instance)
    assert constraints.columns == {}
    assert list(constraints.metadata) == ["orrery/column_schema"]


def test_the_same_partition_is_compared(instance: Instance) -> None:
    """Not what two runs made of two: these differ anyway."""

    def daily(factor: int) -> list[Any]:
        @asset(partitions_def=StaticPartitionsDefinition(["a", "b", "c"]))
        def part() -> int:
            return factor

        return [part]

    def made(factor: int, key: str) -> str:
        return materialize(daily(factor), instance=instance, partition_key=key, on_event=lambda entry: None).run_id

    one, _ = made(1, "a"), made(1, "b")
    with pytest.raises(InvariantViolationError, match="No partition of asset 'part' was made by two runs"):
        diff_materializations("part", instance=instance)
    third = made(2, "a")
    other = made(3, "b")
    last = made(4, "c")
    for given in ((None, None), (one, None), (one, third)):
        diff = diff_materializations("part", *given, instance=instance, partition_key="a")
        assert (diff.runs, diff.partitions) == ((one, third), ("a", "a"))
    assert diff_materializations("part", instance=instance).runs[1] == other  # of b: the newest that two made
    assert diff_lines(diff_materializations("part", one, third, instance=instance))[0].endswith(
        f"run {one[:8]} to run {third[:8]}"
    )
    diff = diff_materializations("part", one, last, instance=instance)
    assert diff.partitions == ("a", "c")
    assert f"run {one[:8]} [a] to run {last[:8]} [c]" in diff_lines(diff)[0]
    with pytest.raises(
        InvariantViolationError, match=r"Partition 'c' of asset 'part' was made by one run[^`]*`orrery why part c`"
    ):
        diff_materializations("part", instance=instance, partition_key="c")
    with pytest.raises(InvariantViolationError, match=r"did not make asset 'part\[b\]'"):
        diff_materializations("part", one, instance=instance, partition_key="b")


@pytest.mark.parametrize(("policy", "kind"), [(CachePolicy(ttl=1e-9), "expired"), (CachePolicy(always=True), "always")])
def test_what_stays_out_of_date_is_not_accepted(instance: Instance, policy: CachePolicy, kind: str) -> None:
    """Nobody is told that it was."""

    @asset(cache=policy)
    def one() -> int:
        return 1

    run([one], instance)
    plan = plan_materialization([one], instance=instance)
    assert [reason.kind for reason in plan.to_run[0].decision.reasons] == [kind]
    assert accept_materializations(instance, plan) == ()


def test_what_its_own_step_refused_is_not_accepted(instance: Instance) -> None:
    """It would be current, though the step failed after it had stored it."""

    @asset
    def one() -> Iterator[Output[int]]:
        yield Output(1)
        raise ValueError("no")

    assert not materialize([one], instance=instance, raise_on_error=False, on_event=lambda entry: None).success
    plan = plan_materialization([one], instance=instance)
    assert [reason.kind for reason in plan.to_run[0].decision.reasons] == ["step_failed"]
    assert accept_materializations(instance, plan) == ()


def test_it_is_said_whose_value_of_several_is_missing(instance: Instance, tmp_path: Path) -> None:
    """Of several assets of a step; of one alone there is nothing to say."""

    @multi_asset(outs={"left": AssetOut(), "right": AssetOut()})
    def both() -> tuple[int, int]:
        return 1, 2

    @asset
    def alone() -> int:
        return 1

    run([both, alone], instance)
    for name in ("right", "alone"):
        (tmp_path / "home" / "storage" / f"{name}.pickle").unlink()
    plan = plan_materialization([both, alone], instance=instance)
    assert {step.assets[0]: step.decision.told for step in plan.to_run} == {
        "left": "the stored value of right is missing",
        "alone": "the stored value is missing",
    }


def test_of_values_made_together_the_reasons_of_each_are_told_and_none_is_accepted(instance: Instance) -> None:
    """Code changed, and the value of the second is gone: to accept the code would make that one current."""

    def both(number: int) -> Any:
        @multi_asset(outs={"left": AssetOut(), "right": AssetOut()})
        def sides() -> tuple[int, int]:
            return number, number

        return sides

    materialize([both(1)], instance=instance, on_event=lambda entry: None)
    (Path(instance.storage_directory()) / "right.pickle").unlink()
    plan = plan_materialization([both(2)], instance=instance)
    (step,) = plan.to_run
    assert [each.kind for each in step.decision.reasons] == ["code_changed", "value_missing"]
    assert "the stored value of right is missing" in step.decision.told
    assert accept_materializations(instance, plan) == ()


def test_a_plan_of_several_partitions_is_not_accepted(instance: Instance) -> None:
    """Each is made from something else."""

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]), backfill_policy=BackfillPolicy.single_run())
    def part() -> int:
        return 1

    plan = plan_materialization([part], instance=instance, partition_key_range=("a", "b"))
    with pytest.raises(InvalidInvocationError, match="one is accepted at a time"):
        accept_materializations(instance, plan)


def test_an_asset_that_was_made_once_cannot_be_compared_with_itself(instance: Instance) -> None:
    """Nothing is made up in the place of another run."""

    @asset
    def single() -> int:
        return 1

    with pytest.raises(InvariantViolationError, match="'single' was made by no run"):
        diff_materializations(single, instance=instance)
    materialize([single], instance=instance, on_event=lambda entry: None)
    with pytest.raises(InvariantViolationError, match="'single' was made by one run, and two are compared"):
        diff_materializations(single, instance=instance)


def test_a_comparison_without_an_instance_is_refused() -> None:
    with pytest.raises(WrongArgumentsError, match="'instance' of diff_materializations is None"):
        diff_materializations("a", instance=None)  # type: ignore[arg-type]  # that is the point


def test_one_asset_in_the_place_of_a_list_is_refused_in_the_name_of_the_function_that_was_called() -> None:
    """A single definition, and the key of one."""
    base, _ = chain()
    calls = {
        "materialize([my_asset])": materialize,
        "materialize_to_memory([my_asset])": materialize_to_memory,
        "observe([my_asset])": observe,
        "plan_materialization([my_asset])": plan_materialization,
        "explain(my_asset, [my_asset])": lambda assets: explain("base", assets),
    }
    for call, function in calls.items():
        for given in (base, AssetKey("base"), "base"):
            with pytest.raises((WrongArgumentsError, InvalidInvocationError)) as error:
                function(given)
            assert call in str(error.value)
            assert f"{call.partition('(')[0]} " in str(error.value)
