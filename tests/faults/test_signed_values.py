"""Pickles are signed with the key of the instance: what somebody else put there is not loaded."""

from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from orrery import (
    DamagedValueError,
    FilesystemIOManager,
    Instance,
    ResourceFunctionError,
    StorageError,
    UntrustedValueError,
    asset,
    build_reconstructable_job,
    execute_job,
    fs_io_manager,
    materialize,
)
from orrery.adapters.io.filesystem import PickledObjectFilesystemIOManager
from orrery.runtime.instance.value_key import value_key_of
from orrery.testing.conformance.samples import ValueContext

SOURCES = str(Path(__file__).parents[2] / "src")
ORDERS = ValueContext("orders")


@asset
def orders() -> list[int]:
    return [1, 2, 3]


@asset
def total(orders: list[int]) -> int:
    return sum(orders)


def make(home: Path, selection: str, values: Path | None = None, **settings: Any) -> Any:
    resources = {} if values is None else {"io_manager": FilesystemIOManager(base_dir=str(values))}
    with Instance.local_temp(str(home), overrides={"values": settings} if settings else None) as instance:
        return materialize([orders, total], selection=selection, instance=instance, resources=resources)


def that_nobody_signed(folder: Path) -> Path:
    values = folder / "values"
    PickledObjectFilesystemIOManager(values).handle_output(ORDERS, [1, 2, 3])
    return values


def the_value(folder: Path) -> Path:
    (found,) = folder.rglob("orders.pickle")
    return found


def test_the_key_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    """By one of many processes that come at once; nothing else is left."""
    program = (
        "import sys\nfrom orrery import Instance\nfrom orrery.runtime.instance.value_key import value_key_of\n"
        "sys.stdin.readline()\nprint(value_key_of(Instance.local_temp(sys.argv[1])).secret.hex())"
    )
    Instance.local_temp(str(tmp_path)).dispose()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": SOURCES},
        )
        for _ in range(4)
    ]
    keys = {process.communicate("go\n", timeout=60)[0] for process in processes}
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64
    assert stat.S_IMODE((tmp_path / "values.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "values.key" in path.name] == ["values.key"]


def test_a_value_is_loaded_by_later_runs_and_by_everybody_s_pickle(tmp_path: Path) -> None:
    """The signature stands in the file as opcodes that do nothing."""
    assert make(tmp_path, "orders").success
    assert make(tmp_path, "total").output_for_node("total") == 6
    assert pickle.loads(the_value(tmp_path).read_bytes()) == [1, 2, 3]


def test_a_value_of_another_instance_is_refused(tmp_path: Path) -> None:
    """With the setting that allows it, by which it is loaded."""
    values = tmp_path / "values"
    assert make(tmp_path / "one", "orders", values).success
    with pytest.raises(UntrustedValueError, match="asset 'orders'") as told:
        make(tmp_path / "two", "total", values)
    assert "another instance signed it" in str(told.value)
    assert "allow_unsigned: true" in str(told.value)
    assert str(the_value(values)) in str(told.value)
    assert make(tmp_path / "two", "total", values, allow_unsigned=True).output_for_node("total") == 6


def test_a_value_that_nobody_signed_is_refused_in_the_instance_s_own_directory(tmp_path: Path) -> None:
    """It is made again, and then it is signed."""
    PickledObjectFilesystemIOManager(tmp_path / "storage").handle_output(ORDERS, [7])
    with pytest.raises(UntrustedValueError, match="it is not signed"):
        make(tmp_path, "total")
    assert make(tmp_path, "*").output_for_node("total") == 6
    assert make(tmp_path, "total").output_for_node("total") == 6


def test_a_value_that_nobody_signed_is_refused_in_a_folder_that_the_user_named(tmp_path: Path) -> None:
    """The error names asset, file and what to do; nothing of the pickle was run."""
    values = that_nobody_signed(tmp_path)
    with pytest.raises(UntrustedValueError, match="asset 'orders'") as told:
        make(tmp_path / "home", "total", values)
    assert str(the_value(values)) in str(told.value)
    assert "it is not signed" in str(told.value)
    assert "materialize asset 'orders' again" in str(told.value)
    assert make(tmp_path / "home", "*", values).output_for_node("total") == 6


def test_a_value_that_nobody_signed_is_loaded_where_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the settings, by the argument for one folder, or by the environment for one process."""
    values = that_nobody_signed(tmp_path)
    assert make(tmp_path / "home", "total", values, allow_unsigned=True).output_for_node("total") == 6
    trusting = {"io_manager": FilesystemIOManager(base_dir=str(values), allow_unsigned=True)}
    configured = {"io_manager": fs_io_manager.configured({"base_dir": str(values), "allow_unsigned": True})}
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        for resources in (trusting, configured):
            result = materialize([orders, total], selection="total", instance=instance, resources=resources)
            assert result.output_for_node("total") == 6
    with pytest.raises(UntrustedValueError):
        make(tmp_path / "home", "total", values)
    monkeypatch.setenv("ORRERY_ALLOW_UNSIGNED", "true")
    assert make(tmp_path / "home", "total", values).output_for_node("total") == 6
    monkeypatch.setenv("ORRERY_ALLOW_UNSIGNED", "perhaps")
    with pytest.raises(StorageError, match="ORRERY_ALLOW_UNSIGNED is true or false, not 'perhaps'"):
        Instance.local_temp(str(tmp_path / "home"))


def test_an_argument_refuses_what_the_settings_allow(tmp_path: Path) -> None:
    """For a folder that others write to."""
    values = that_nobody_signed(tmp_path)
    wary = {"io_manager": FilesystemIOManager(base_dir=str(values), allow_unsigned=False)}
    with (
        Instance.local_temp(str(tmp_path / "home"), overrides={"values": {"allow_unsigned": True}}) as instance,
        pytest.raises(UntrustedValueError),
    ):
        materialize([orders, total], selection="total", instance=instance, resources=wary)


def test_tasks_of_an_engine_sign_with_the_key_of_their_run(
    tmp_path: Path, dask_cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers were started without the variable that holds it: the run tells it to each task."""
    monkeypatch.setenv("VALUES_KEY_OF_A_RUN", "a long secret text")
    config = {"cluster": {"existing": {"address": dask_cluster}}}
    made = build_reconstructable_job(
        "orrery.testing.conformance.executor_programs", "make", ("values", "orrery:dask_executor", config)
    )
    settings = {"values": {"key": {"env": "VALUES_KEY_OF_A_RUN"}}}
    with Instance.local_temp(str(tmp_path / "home"), overrides=settings) as instance:
        with execute_job(made, instance) as result:
            assert result.success
            assert result.output_for_node("one") == 1
        name = value_key_of(instance).name  # type: ignore[union-attr]  # it is persistent
    stored = list((tmp_path / "home" / "storage").rglob("*.pickle"))
    assert stored
    assert all(name in path.read_bytes()[54:97] for path in stored)


def test_a_signature_that_was_taken_from_another_value_is_noticed(tmp_path: Path) -> None:
    """Code that somebody put in place of a value is not run, even with a true digest."""
    with Instance.local_temp(str(tmp_path)) as instance:
        manager = PickledObjectFilesystemIOManager(tmp_path / "values", value_key_of(instance))
        manager.handle_output(ORDERS, [1])
        signed = the_value(tmp_path).read_bytes()
        PickledObjectFilesystemIOManager(tmp_path / "values").handle_output(ORDERS, [2])
        foreign = the_value(tmp_path).read_bytes()
        forged = bytearray(foreign[:54] + signed[54:97] + foreign[54:])
        forged[13] = 2
        the_value(tmp_path).write_bytes(bytes(forged))
        with pytest.raises(DamagedValueError, match="its signature is not that of its bytes"):
            manager.load_input(ORDERS)


def test_instances_may_share_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment; without the variable it is said."""
    values = tmp_path / "values"
    shared = {"key": {"env": "SHARED_VALUES_KEY"}}
    monkeypatch.setenv("SHARED_VALUES_KEY", "a long secret text")
    assert make(tmp_path / "one", "orders", values, **shared).success
    assert make(tmp_path / "two", "total", values, **shared).output_for_node("total") == 6
    monkeypatch.delenv("SHARED_VALUES_KEY")
    with pytest.raises(StorageError, match="SHARED_VALUES_KEY, which is not set"):
        make(tmp_path / "two", "total", values, **shared)


@pytest.mark.parametrize(
    ("settings", "words"), [({"allow_unsigned": "yes"}, "true or false"), ({"key": "secret"}, "names an environment")]
)
def test_settings_that_nobody_understands_are_told(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(StorageError, match=words) as told:
        make(tmp_path, "orders", **settings)
    assert "secret" not in str(told.value)


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    """And not replaced: all values would be foreign."""
    assert make(tmp_path, "orders").success
    (tmp_path / "values.key").write_bytes(b"short")
    with pytest.raises(ResourceFunctionError) as told:
        make(tmp_path, "total")
    assert "has 5 bytes, not 32" in str(told.value.__cause__)


WITHOUT_AN_INSTANCE = """
    import sys
    from orrery import FilesystemIOManager, asset, materialize

    @asset
    def orders():
        return [1, 2, 3]

    materialize([orders], resources={"io_manager": FilesystemIOManager(base_dir=sys.argv[1])})
"""


def test_what_a_run_without_an_instance_stored_is_loaded_in_its_process_alone(tmp_path: Path) -> None:
    """Whoever is in the process wrote it; of another process nobody knows who did."""
    values = tmp_path / "values"
    resources = {"io_manager": FilesystemIOManager(base_dir=str(values))}
    assert materialize([orders], resources=resources).success
    assert make(tmp_path / "home", "total", values).output_for_node("total") == 6
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WITHOUT_AN_INSTANCE), str(values)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        check=True,
        timeout=60,
    )
    assert materialize([orders, total], selection="total", resources=resources).output_for_node("total") == 6
    with pytest.raises(UntrustedValueError, match="another instance signed it"):
        make(tmp_path / "home", "total", values)
