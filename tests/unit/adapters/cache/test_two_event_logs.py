"""One store, written by machines that have event logs of their own: the value of another passes for none that a log knows."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.cache.blobs import BlobStore
from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.records import pull_records, push_records
from orrery.adapters.cache.stored import BlobIOManager, MissingBlobError
from orrery.adapters.io.filesystem import FilesystemIOManager
from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.plan import plan_materialization
from orrery.base.keys import AssetKey
from orrery.definitions.decorators.asset import asset
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.runtime.contexts.asset import AssetExecutionContext
from orrery.runtime.instance.instance import Instance

KEYS = [AssetKey("base"), AssetKey("above")]
Manager = Callable[[str], Any]


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Instance, Instance]]:
    """Return the instances of two machines."""
    with Instance.local_temp(str(tmp_path / "one")) as one, Instance.local_temp(str(tmp_path / "two")) as two:
        yield one, two


@pytest.fixture(params=["store", "cache"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Manager:
    """Return what gives a machine its IO manager over the store that both write; a cache holds nothing that stays."""

    def managed(machine: str) -> Any:
        if request.param == "store":
            return BlobIOManager(tmp_path / "shared", format="json")
        return CachedIOManager(tmp_path / "shared", tmp_path / machine / "cache", format="json", max_bytes=0)

    return managed


def project(number: int) -> list[Any]:
    """Return an asset, and one that takes it."""

    @asset
    def base() -> int:
        return number

    @asset
    def above(base: int) -> int:
        return base * 2

    return [base, above]


def run(assets: list[Any], instance: Instance, manager: Any, **options: Any) -> Any:
    """Run them, and say nothing."""
    given: dict[str, Any] = {"resources": {"io_manager": manager}, "on_event": lambda entry: None, **options}
    return materialize(assets, instance=instance, **given)


def ran(result: Any) -> list[str]:
    """Return the steps that ran."""
    return [event.step_key for event in result.all_events if event.event_type_value == "STEP_SUCCESS"]


def test_the_value_of_another_machine_is_not_taken_for_ours(
    machines: tuple[Instance, Instance], manager: Manager
) -> None:
    """What follows would be made from it, and be called current for ever."""
    one, two = machines
    run(project(1), one, manager("one"), reuse=True)
    run(project(5), two, manager("two"), reuse=True)
    result = run(project(1), one, manager("one"), reuse=True, force="above")
    assert ran(result) == ["base", "above"]
    assert result.output_for_node("above") == 2
    assert ran(run(project(1), one, manager("one"), reuse=True)) == []


def test_a_plan_says_that_it_is_missing(machines: tuple[Instance, Instance], manager: Manager) -> None:
    """As of one that was deleted."""
    one, two = machines
    run(project(1), one, manager("one"))
    run(project(5), two, manager("two"))
    plan = plan_materialization(project(1), instance=one, resources={"io_manager": manager("one")})
    assert [reason.kind for reason in plan.steps[0].decision.reasons] == ["value_missing"]


def test_a_load_says_whose_it_is(machines: tuple[Instance, Instance], manager: Manager) -> None:
    """And what to do, either way."""
    one, two = machines
    run(project(1), one, manager("one"))
    theirs = run(project(5), two, manager("two")).run_id
    with pytest.raises(MissingBlobError, match=f"run {theirs[:8]}, which this instance does not know") as caught:
        run(project(1), one, manager("one"), selection="above")
    assert "orrery cache pull" in str(caught.value)


def test_after_a_pull_the_value_counts_that_was_refused(
    tmp_path: Path, machines: tuple[Instance, Instance], manager: Manager
) -> None:
    """As the error says, though the refusal was recorded later than the value was made."""
    one, two = machines
    shared = BlobStore(str(tmp_path / "shared"))
    run(project(1), one, manager("one"))
    run(project(5), two, manager("two"))
    with pytest.raises(MissingBlobError):
        run(project(1), one, manager("one"), selection="above")
    push_records(two, shared, KEYS)
    pull_records(one, shared, KEYS)
    assert run(project(5), one, manager("one"), selection="above").output_for_node("above") == 10
    assert ran(run(project(5), one, manager("one"), reuse=True)) == []


def test_the_same_bytes_are_the_same_value(machines: tuple[Instance, Instance], manager: Manager) -> None:
    """Whoever stored them last."""
    one, two = machines
    run(project(1), one, manager("one"))
    run(project(1), two, manager("two"))
    assert ran(run(project(1), one, manager("one"), reuse=True)) == []
    assert run(project(1), one, manager("one"), selection="above").output_for_node("above") == 2


def test_what_was_pulled_is_ours_until_they_store_another(
    tmp_path: Path, machines: tuple[Instance, Instance], manager: Manager
) -> None:
    """The run of the other machine is the one that the event log names then."""
    one, two = machines
    shared = BlobStore(str(tmp_path / "shared"))
    run(project(5), two, manager("two"))
    push_records(two, shared, KEYS)
    assert sorted(pull_records(one, shared, KEYS)) == ["above", "base"]
    assert ran(run(project(5), one, manager("one"), reuse=True)) == []
    assert run(project(5), one, manager("one"), selection="above").output_for_node("above") == 10
    run(project(6), two, manager("two"))
    with pytest.raises(MissingBlobError, match="does not know"):
        run(project(5), one, manager("one"), selection="above")


def test_a_partition_is_compared_with_its_own_record(machines: tuple[Instance, Instance], manager: Manager) -> None:
    """The other machine made one of two."""
    letters = StaticPartitionsDefinition(["a", "b"])

    def parts(text: str) -> list[Any]:
        @asset(partitions_def=letters)
        def part(context: AssetExecutionContext) -> str:
            return text + context.partition_key

        return [part]

    one, two = machines
    for key in ("a", "b"):
        run(parts("ours "), one, manager("one"), partition_key=key)
    run(parts("theirs "), two, manager("two"), partition_key="b")
    again = [ran(run(parts("ours "), one, manager("one"), partition_key=key, reuse=True)) for key in ("a", "b")]
    assert again == [[], ["part"]]


def test_a_value_without_its_record_is_made_again(tmp_path: Path, machines: tuple[Instance, Instance]) -> None:
    """A run was killed after it stored the value of other code, and before that was recorded."""
    one, _ = machines
    manager = BlobIOManager(tmp_path / "shared", format="json")
    run(project(1), one, manager)
    manager.keep("base", b"7", "json", run_id="killed")
    result = run(project(1), one, manager, reuse=True, force="above")
    assert (ran(result), result.output_for_node("above")) == (["base", "above"], 2)


def test_a_copy_of_what_another_machine_stored_is_not_taken_for_ours_when_that_is_back(
    tmp_path: Path, machines: tuple[Instance, Instance]
) -> None:
    """A run without reuse takes what lies there, and keeps a copy: it is none of the value that our event log knows."""
    mine, theirs = machines
    remote = FilesystemIOManager(base_dir=str(tmp_path / "shared"), allow_unsigned=True)
    cached, stored = CachedIOManager(remote, tmp_path / "cache"), tmp_path / "shared" / "base.pickle"
    run(project(1), mine, cached)
    ours = stored.read_bytes()
    shutil.rmtree(tmp_path / "cache")
    run(project(2), theirs, remote, selection="base")
    assert run(project(1), mine, cached, selection="above").output_for_node("above") == 4
    stored.write_bytes(ours)
    again = run(project(1), mine, cached, reuse=True)
    assert [each.step_key for each in again.all_events if each.is_step_start] == ["above"]
    assert again.output_for_node("above") == 2
    assert not any(each.is_step_start for each in run(project(1), mine, cached, reuse=True).all_events)
