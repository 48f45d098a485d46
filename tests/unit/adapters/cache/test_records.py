"""What is recorded of values beside them, and taken over by a machine with an event log of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.cache.blobs import BlobStore
from orrery.adapters.cache.records import pull_records, push_records
from orrery.adapters.cache.stored import BlobIOManager
from orrery.api.verbs.materialize import materialize
from orrery.base.keys import AssetKey
from orrery.base.tags import PULLED_TAG
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.runtime.contexts.asset import AssetExecutionContext
from orrery.runtime.instance.instance import Instance

LETTERS = StaticPartitionsDefinition(["a", "b"])


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    """Return the store that both machines see."""
    return BlobStore(str(tmp_path / "shared"))


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Instance, Instance]]:
    """Return the instances of two machines."""
    with Instance.local_temp(str(tmp_path / "one")) as one, Instance.local_temp(str(tmp_path / "two")) as two:
        yield one, two


def project(number: int = 1) -> list[Any]:
    """Return an asset and one that takes it."""

    @asset
    def base() -> int:
        return number

    @asset
    def above(base: int) -> int:
        return base * 2

    return [base, above]


KEYS = [AssetKey("base"), AssetKey("above")]


def ran(assets: list[Any], instance: Instance, store: BlobStore, **options: Any) -> list[str | None]:
    """Bring the assets up to date, and return what ran."""
    resources = {"io_manager": BlobIOManager(store)}
    given: Any = {"reuse": True, "resources": resources, "on_event": lambda entry: None, **options}
    result = materialize(assets, instance=instance, **given)
    return [event.step_key for event in result.all_events if event.event_type_value == "STEP_START"]


def test_a_machine_skips_what_another_one_made(machines: tuple[Instance, Instance], store: BlobStore) -> None:
    """And runs what its own code makes otherwise."""
    one, two = machines
    assert ran(project(), one, store) == ["base", "above"]
    assert push_records(one, store, KEYS) == ["base", "above"]
    assert pull_records(two, store, KEYS) == ["above", "base"]
    assert pull_records(two, store, KEYS) == []
    assert ran(project(), two, store) == []
    assert ran(project(2), two, store) == ["base", "above"]
    made = two.fetch_materializations(AssetKey("base"), limit=2).records
    assert [PULLED_TAG in (each.asset_materialization.tags or {}) for each in made if each.asset_materialization] == [
        False,
        True,
    ]


def test_age_counts_from_when_the_value_was_made(machines: tuple[Instance, Instance], store: BlobStore) -> None:
    """Not from the pull."""
    one, two = machines
    ran(project(), one, store)
    push_records(one, store, KEYS)
    pull_records(two, store, KEYS)
    for key in KEYS:
        there, here = (each.get_latest_materialization_event(key) for each in machines)
        assert there is not None
        assert here is not None
        assert here.timestamp == there.timestamp
    assert ran(project(), two, store, reuse=CachePolicy(ttl=0)) == ["base", "above"]


def test_a_record_of_other_bytes_says_nothing(machines: tuple[Instance, Instance], store: BlobStore) -> None:
    """A value that was made anew since, and was not pushed, is not taken for the one that was."""
    one, two = machines
    ran(project(), one, store)
    push_records(one, store, KEYS)
    ran(project(5), one, store)
    assert pull_records(two, store, KEYS) == []


def test_a_value_that_another_machine_made_since_is_not_described(
    machines: tuple[Instance, Instance], store: BlobStore
) -> None:
    """Whoever made it last says what it is made from."""
    one, two = machines
    ran(project(), one, store)
    ran(project(5), two, store)
    assert push_records(one, store, KEYS) == []
    assert push_records(two, store, KEYS) == ["base", "above"]


def test_what_is_known_here_of_later_stays(machines: tuple[Instance, Instance], store: BlobStore) -> None:
    """A pull changes nothing that is newer."""
    one, two = machines
    ran(project(), one, store)
    push_records(one, store, KEYS)
    ran(project(), two, store)
    assert pull_records(two, store, KEYS) == []


def test_partitions_are_recorded_one_by_one(machines: tuple[Instance, Instance], store: BlobStore) -> None:
    """Each skips by itself."""

    @asset(partitions_def=LETTERS)
    def part(context: AssetExecutionContext) -> str:
        return str(context.partition_key)

    one, two = machines
    ran([part], one, store, partition_key="a")
    assert push_records(one, store, [part.key]) == ["part/partition=a"]
    assert pull_records(two, store, [part.key]) == ["part/partition=a"]
    assert ran([part], two, store, partition_key="a") == []
    assert ran([part], two, store, partition_key="b") == ["part"]


def test_a_damaged_record_says_nothing(machines: tuple[Instance, Instance], store: BlobStore) -> None:
    """The value is made again; what follows it is skipped, as it comes out the same."""
    one, two = machines
    ran(project(), one, store)
    push_records(one, store, KEYS)
    store.write_record("base", b"{")
    assert pull_records(two, store, KEYS) == ["above"]
    assert ran(project(), two, store) == ["base"]
