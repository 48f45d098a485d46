"""Pickles in stores and caches are signed as those in files are: a digest tells what they are, not who wrote them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orrery import (
    BlobIOManager,
    CachedIOManager,
    DamagedValueError,
    EnvVar,
    Instance,
    InvalidDefinitionError,
    IOManager,
    ResourceFunctionError,
    StorageError,
    UntrustedValueError,
    asset,
    materialize,
    plan_materialization,
)
from orrery.adapters.cache.blobs import BlobStore, Pointer
from orrery.adapters.cache.transfer import copy_each
from orrery.adapters.io.filesystem import PickledObjectFilesystemIOManager
from orrery.testing.conformance.samples import ValueContext


@asset
def orders() -> list[int]:
    return [1, 2, 3]


@asset
def total(orders: list[int]) -> int:
    return sum(orders)


class Code:
    """Makes a folder when its pickle is loaded."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.sign),)


def make(home: Path, selection: str, manager: IOManager, **settings: Any) -> Any:
    with Instance.local_temp(str(home), overrides={"values": settings} if settings else None) as instance:
        return materialize([orders, total], selection=selection, instance=instance, resources={"io_manager": manager})


def plant(store: BlobStore, sign: Path) -> None:
    """Put code in the place of a value, with digest and length as they must be."""
    data = pickle.dumps(Code(sign))
    former = store.read_pointer("orders")
    assert former is not None
    store.write_pointer("orders", msgspec.structs.replace(former, digest=store.put(data), length=len(data)))


def test_a_pickle_of_another_instance_is_refused(tmp_path: Path) -> None:
    """By the names of asset and address, with what to do; what the setting allows is loaded."""
    shared = tmp_path / "shared"
    assert make(tmp_path / "one", "orders", BlobIOManager(shared)).success
    assert make(tmp_path / "one", "total", BlobIOManager(shared)).output_for_node("total") == 6
    with pytest.raises(UntrustedValueError, match="asset 'orders'") as told:
        make(tmp_path / "two", "total", BlobIOManager(shared))
    assert str(shared / "names" / "orders.json") in str(told.value)
    assert "another instance signed it" in str(told.value)
    assert "allow_unsigned: true" in str(told.value)
    assert "key=EnvVar" in str(told.value)
    assert make(tmp_path / "two", "total", BlobIOManager(shared), allow_unsigned=True).success
    assert make(tmp_path / "two", "total", BlobIOManager(shared, allow_unsigned=True)).success
    with pytest.raises(UntrustedValueError):
        make(tmp_path / "two", "total", BlobIOManager(shared, allow_unsigned=False), allow_unsigned=True)


def test_machines_that_share_a_store_share_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a variable that the store or the instance names; without it that is said."""
    monkeypatch.setenv("STORE_KEY", "a long secret text")

    def manager(machine: str) -> CachedIOManager:
        return CachedIOManager(tmp_path / "shared", tmp_path / f"cache-{machine}", key=EnvVar("STORE_KEY"))

    assert make(tmp_path / "one", "orders", manager("one")).success
    for _ in range(2):  # from the remote place, then from the copy, which keeps the signature
        assert make(tmp_path / "two", "total", manager("two")).output_for_node("total") == 6
    assert b"a long secret" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.json"))
    settings = {"key": {"env": "STORE_KEY"}}
    assert make(tmp_path / "three", "total", BlobIOManager(tmp_path / "shared"), **settings).success
    monkeypatch.setenv("STORE_KEY", "another text")
    with pytest.raises(UntrustedValueError):
        make(tmp_path / "four", "total", manager("four"))
    monkeypatch.delenv("STORE_KEY")
    with pytest.raises(StorageError, match="STORE_KEY, which is not set"):
        make(tmp_path / "two", "total", manager("two"))


def test_code_in_the_place_of_a_pickle_is_not_run(tmp_path: Path) -> None:
    """Though its digest is true, and the signature of the former value stands beside it."""
    manager = BlobIOManager(tmp_path / "shared")
    assert make(tmp_path / "home", "orders", manager).success
    plant(manager.store, tmp_path / "ran")
    with pytest.raises(DamagedValueError, match=r"asset 'orders'.*signature"):
        make(tmp_path / "home", "total", manager)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("verify", ["digest", "none"])
@pytest.mark.parametrize("is_pointer_new", [True, False])
def test_code_in_the_place_of_a_copy_is_a_miss(tmp_path: Path, verify: str, is_pointer_new: bool) -> None:
    """With a new pointer, or under the digest of the former value."""
    manager = CachedIOManager(tmp_path / "shared", tmp_path / "cache", verify=verify)
    assert make(tmp_path / "home", "orders", manager).success
    if is_pointer_new:
        plant(manager.store, tmp_path / "ran")
    else:
        (blob,) = (tmp_path / "cache" / "blobs").glob("*/*")
        blob.write_bytes(pickle.dumps(Code(tmp_path / "ran")))
    assert make(tmp_path / "home", "total", manager).output_for_node("total") == 6
    assert not (tmp_path / "ran").exists()


def test_a_signature_belongs_to_one_name(tmp_path: Path) -> None:
    """A pointer that was moved to another name is noticed."""
    manager = BlobIOManager(tmp_path / "shared")
    assert make(tmp_path / "home", "*", manager).success
    pointer = manager.store.read_pointer("total")
    assert pointer is not None
    manager.store.write_pointer("orders", pointer)
    with pytest.raises(DamagedValueError, match="its signature is not that of the value"):
        make(tmp_path / "home", "total", manager)


def test_a_copy_that_nobody_signed_is_a_miss(tmp_path: Path) -> None:
    """As caches of releases that did not sign have them; the log says why."""
    manager = CachedIOManager(PickledObjectFilesystemIOManager(tmp_path / "values"), tmp_path / "cache")
    assert make(tmp_path / "home", "orders", manager).success
    pointer = manager.store.read_pointer("orders")
    assert pointer is not None
    manager.store.write_pointer("orders", msgspec.structs.replace(pointer, key="", signature=""))
    assert make(tmp_path / "home", "total", manager).output_for_node("total") == 6
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        log = [entry.message for entry in instance.all_logs(instance.get_runs()[0].run_id)]
    assert any(
        "the local copy was not signed with the key of this instance; it is fetched again" in each for each in log
    )


def test_copies_between_stores_keep_the_signature(tmp_path: Path) -> None:
    """Whoever pushes or pulls vouches for nothing."""
    one, two = BlobIOManager(tmp_path / "one"), BlobIOManager(tmp_path / "two")
    assert make(tmp_path / "home", "orders", one).success
    assert [each.outcome for each in copy_each(one.store, two.store)] == ["copied"]
    assert make(tmp_path / "home", "total", two).output_for_node("total") == 6
    with pytest.raises(UntrustedValueError):
        make(tmp_path / "other", "total", two)


def test_other_formats_hold_no_code_and_need_no_key(tmp_path: Path) -> None:
    """Another instance loads them, and their pointers bear no signature."""
    manager = BlobIOManager(tmp_path / "shared", format="json")
    assert make(tmp_path / "one", "orders", manager).success
    pointer = manager.store.read_pointer("orders")
    assert pointer is not None
    assert (pointer.key, pointer.signature) == ("", "")
    assert make(tmp_path / "two", "total", manager).output_for_node("total") == 6


def test_a_pointer_that_calls_a_value_a_pickle_is_not_believed(tmp_path: Path) -> None:
    """What was stored as bytes was not signed, whatever a pointer says of it afterwards."""
    manager = BlobIOManager(tmp_path / "shared")
    manager.handle_output(ValueContext("orders"), pickle.dumps(Code(tmp_path / "ran")))
    former = manager.store.read_pointer("orders")
    assert isinstance(former, Pointer)
    manager.store.write_pointer("orders", msgspec.structs.replace(former, format="pickle"))
    with pytest.raises(UntrustedValueError, match="it is not signed"):
        make(tmp_path / "home", "total", manager)
    assert not (tmp_path / "ran").exists()


def test_a_key_is_the_name_of_a_variable(tmp_path: Path) -> None:
    """And of a cache over a store there is one key, the store's."""
    with pytest.raises(InvalidDefinitionError, match="names an environment variable"):
        BlobIOManager(tmp_path, key="secret")  # type: ignore[arg-type]
    with pytest.raises(InvalidDefinitionError, match="shares those of the store"):
        CachedIOManager(BlobIOManager(tmp_path), tmp_path / "cache", key=EnvVar("STORE_KEY"))


def test_a_damaged_key_of_the_instance_is_told(tmp_path: Path) -> None:
    """Before anything is stored that nobody could load."""
    manager = BlobIOManager(tmp_path / "shared")
    assert make(tmp_path / "home", "orders", manager).success
    (tmp_path / "home" / "values.key").write_bytes(b"short")
    with pytest.raises((StorageError, ResourceFunctionError), match="has 5 bytes, not 32"):
        make(tmp_path / "home", "orders", manager)


@pytest.mark.parametrize("is_cached", [False, True])
def test_a_plan_tells_what_would_not_be_loaded_and_a_run_makes_it_again(tmp_path: Path, is_cached: bool) -> None:
    """As where the key of the instance was lost since."""
    home, store = tmp_path / "home", BlobIOManager(str(tmp_path / "store"), "pickle")
    manager: Any = CachedIOManager(store, tmp_path / "local") if is_cached else store
    home.mkdir()

    def steps(**options: Any) -> list[str]:
        with Instance.local_temp(str(home)) as instance:
            given: dict[str, Any] = {"instance": instance, "resources": {"io_manager": manager}}
            plan = plan_materialization([orders, total], **given)
            told = [step.decision.told for step in plan.to_run]
            assert all("another instance signed it" in each for each in told), told
            result = materialize([orders, total], reuse=True, on_event=lambda entry: None, **given)
            assert result.success
            ran = [each.step_key or "" for each in result.all_events if each.event_type_value == "STEP_START"]
            assert len(ran) == len(told)
            return ran

    with Instance.local_temp(str(home)) as instance:
        materialize([orders, total], instance=instance, resources={"io_manager": manager}, on_event=lambda entry: None)
    assert steps() == []
    (home / "values.key").unlink()
    assert steps() == ["orders", "total"]
    assert steps() == []
