"""Values that others than their own IO manager load, or steps elsewhere: they are made again in the same run, too."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import orrery as og
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.base.tags import DAMAGED_VALUE_TAG

HERE = str(Path(__file__).parent)
TRUSTING = og.CachePolicy(verify="none")
TOLD = {"STEP_START", "STEP_UP_FOR_RETRY", "STEP_FAILURE", "STEP_SUCCESS", "STEP_SKIPPED"}
MADE_AGAIN = ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
TRIED_AGAIN = ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", "STEP_SUCCESS"]
LETTERS = og.StaticPartitionsDefinition(["x", "y"])


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage")


def gone(path: Path) -> None:
    path.unlink()


Damage = Callable[[Path], None]


class Reader(og.InputManager):
    """Reads the files of the IO manager by itself, and raises what Python raises."""

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder

    def load_input(self, context: Any) -> Any:
        folder = Path(self.folder or context.instance.storage_directory())
        if context.has_asset_partitions:
            return [self._read(folder / f"part/partition={key}.pickle") for key in context.asset_partition_keys]
        return self._read(folder / "base.pickle")

    def _read(self, path: Path) -> Any:
        data = path.read_bytes()
        return pickle.loads(data[data.index(b"\x80") :])


class Refusing(og.InputManager):
    """Never loads anything."""

    def load_input(self, context: Any) -> Any:
        raise og.DamagedValueError("What I look at is damaged.", mend="look at it.")


class Mute(og.IOManager):
    """Stores in memory, and does not tell what it has."""

    def handle_output(self, context: Any, obj: Any) -> None: ...

    def load_input(self, context: Any) -> Any: ...


class InTheseHands(og.StepLauncher):
    """Carries a step out in this process, from a pickled reference, with no records of the run at hand."""

    def launch_step(self, step_context: Any) -> Iterator[og.Event]:
        reference = pickle.loads(pickle.dumps(og.step_context_to_step_run_ref(step_context)))
        yield from og.run_step_from_ref(reference, og.external_instance_from_step_run_ref(reference))


@og.asset
def base() -> int:
    return 1


@og.asset(ins={"base": og.AssetIn(input_manager_key="reader")})
def double(base: int) -> int:
    return base * 2


@og.asset(partitions_def=LETTERS)
def part(context: og.AssetExecutionContext) -> str:
    return context.partition_key


@og.asset(partitions_def=LETTERS, ins={"part": og.AssetIn(input_manager_key="reader")})
def twice(part: list[str]) -> str:
    return part[0] * 2


@og.asset(required_resource_keys={"launcher"}, cache=og.CachePolicy(always=True))
def far(base: int) -> int:
    return base + 10


@og.asset(cache=og.CachePolicy(always=True), ins={"base": og.AssetIn(input_manager_key="reader")})
def near(base: int) -> int:
    return base + 20


def make(executor: str, folder: str) -> og.JobDefinition:
    """Return a job whose steps are carried out elsewhere, or load by an input manager, on this executor."""
    job = og.define_asset_job("all_of_it", executor_def=getattr(og, executor), cache=TRUSTING)
    values = og.FilesystemIOManager(base_dir=folder)
    resources = {"reader": Reader(folder), "launcher": InTheseHands(), "io_manager": values}
    return og.Definitions([base, far, near], jobs=[job], resources=resources).resolve_job_def("all_of_it")


def story(result: Any, step: str) -> list[str]:
    return [e.event_type_value for e in result.all_events if e.step_key == step and e.event_type_value in TOLD]


def found_in(result: Any) -> list[tuple[str | None, str]]:
    seen = [e.event_specific_data.asset_observation for e in result.all_events if e.is_asset_observation]
    return [(each.partition, each.tags[DAMAGED_VALUE_TAG]) for each in seen]


@pytest.mark.parametrize(("damage", "kind"), [(garbage, "damaged"), (gone, "missing")])
def test_what_an_input_manager_cannot_load_is_made_again_where_the_store_says_it_is_at_fault(
    damage: Damage, kind: str
) -> None:
    """Whatever the input manager raises."""
    with og.Instance.local_temp() as instance:
        options: dict[str, Any] = {"instance": instance, "resources": {"reader": Reader()}}
        og.materialize([base, double], **options)
        damage(Path(instance.storage_directory()) / "base.pickle")
        result = og.materialize([base, double], reuse=TRUSTING, force="double", **options)
        assert result.output_for_node("double") == 2
        assert found_in(result) == [(None, kind)]
        assert story(result, "base") == MADE_AGAIN
        assert story(result, "double") == TRIED_AGAIN


@pytest.mark.parametrize(("damage", "kind"), [(garbage, "damaged"), (gone, "missing")])
def test_of_partitions_the_one_that_the_run_makes_is_asked_for(damage: Damage, kind: str) -> None:
    with og.Instance.local_temp() as instance:
        options: dict[str, Any] = {"instance": instance, "resources": {"reader": Reader()}}
        for letter in "xy":
            og.materialize([part, twice], partition_key=letter, **options)
        damage(Path(instance.storage_directory()) / "part/partition=y.pickle")
        result = og.materialize([part, twice], partition_key="y", reuse=TRUSTING, force="twice", **options)
        assert result.output_for_node("twice") == "yy"
        assert found_in(result) == [("y", kind)]
        assert story(result, "part") == MADE_AGAIN


def test_what_another_run_made_is_recorded_and_made_again_by_the_next() -> None:
    with og.Instance.local_temp() as instance:
        options: dict[str, Any] = {"instance": instance, "resources": {"reader": Reader()}}
        og.materialize([base], **options)
        gone(Path(instance.storage_directory()) / "base.pickle")
        failed = og.materialize([base, double], selection="double", raise_on_error=False, **options)
        told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data.error.message
        assert "No value of asset 'base' is stored" in told
        assert "orrery materialize base --reuse" in told
        assert og.materialize([base, double], reuse=TRUSTING, **options).output_for_node("double") == 2


def test_where_the_stored_value_is_whole_the_fault_is_the_input_managers() -> None:
    """Nothing is made again, and its error is told as it is."""
    with og.Instance.local_temp() as instance:
        options: dict[str, Any] = {"instance": instance, "resources": {"reader": Refusing()}, "raise_on_error": False}
        og.materialize([base], **options)
        result = og.materialize([base, double], reuse=TRUSTING, **options)
        assert story(result, "base") == ["STEP_SKIPPED"]
        assert story(result, "double") == ["STEP_START", "STEP_FAILURE"]
        assert not found_in(result)
        told = next(event for event in result.all_events if event.is_step_failure).step_failure_data.error.message
        assert "Try: look at it." in told


def test_where_the_store_cannot_be_asked_the_error_says_what_to_do() -> None:
    with og.Instance.local_temp() as instance:
        resources = {"reader": Refusing(), "io_manager": Mute()}
        options: dict[str, Any] = {"instance": instance, "resources": resources, "raise_on_error": False}
        og.materialize([base], **options)
        result = og.materialize([base, double], reuse=TRUSTING, **options)
        assert story(result, "double") == ["STEP_START", "STEP_FAILURE"]
        told = next(event for event in result.all_events if event.is_step_failure).step_failure_data.error.message
        assert "IO manager 'io_manager'" in told
        assert "`orrery materialize base --reuse --force base`" in told


def test_what_another_event_log_stored_is_not_taken_by_an_input_manager_either(tmp_path: Path) -> None:
    """Else it would pass for what was made from the value that is recorded, for good."""

    def run(home: str, number: int, selection: str) -> Any:
        @og.asset(name="base", code_version=str(number))
        def told() -> int:
            return number

        values = og.FilesystemIOManager(base_dir=str(tmp_path), allow_unsigned=True)
        resources = {"reader": Reader(str(tmp_path)), "io_manager": values}
        (tmp_path / home).mkdir(exist_ok=True)
        with og.Instance.local_temp(str(tmp_path / home)) as instance:
            options: dict[str, Any] = {"instance": instance, "resources": resources, "raise_on_error": False}
            return og.materialize([told, double], selection=selection, reuse=True, **options)

    run("mine", 1, "base")
    run("theirs", 2, "base")
    failed = run("mine", 1, "double")
    assert found_in(failed) == [(None, "damaged")]
    told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data.error.message
    assert "is not the one that was recorded last" in told
    assert "orrery materialize base --reuse" in told
    assert run("mine", 1, "*").output_for_node("double") == 2


def test_where_the_store_is_out_of_reach_an_input_manager_loads_all_the_same() -> None:
    """It may look elsewhere; a warning says that nobody could tell whose value it is."""

    class Away(og.IOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            if context.asset_key.path == ["base"]:
                context.note_contents({None: "a name"})

        def load_input(self, context: Any) -> Any: ...

        def check_content(self, context: Any, contents: Any) -> None:
            raise TimeoutError("nobody answers.")

    class Mirror(og.InputManager):
        def load_input(self, context: Any) -> int:
            return 1

    with og.Instance.local_temp() as instance:
        options: dict[str, Any] = {"instance": instance, "resources": {"reader": Mirror(), "io_manager": Away()}}
        og.materialize([base], **options)
        result = og.materialize([base, double], selection="double", reuse=True, **options)
        assert result.output_for_node("double") == 2
        lines = [each.event_log_entry.user_message for each in instance.get_records_for_run(result.run_id).records]
        (told,) = [each for each in lines if "could not tell" in each]
        assert "asset 'base'" in told and "nobody answers. It is loaded all the same." in told


@pytest.mark.parametrize("executor", ["in_process_executor", "multiprocess_executor"])
@pytest.mark.parametrize("damage", [garbage, gone])
def test_steps_elsewhere_have_values_made_again_by_the_run(damage: Damage, executor: str, tmp_path: Path) -> None:
    """One by a step launcher that has no records of the run, one in a worker, by an input manager."""
    folder = tmp_path / "values"
    made = build_reconstructable_job(
        "test_damage_and_input_managers", "make", (executor, str(folder)), reconstructor_working_directory=HERE
    )
    with og.Instance.local_temp(str(tmp_path / "home")) as instance:
        assert og.execute_job(made, instance, raise_on_error=True).success
        damage(folder / "base.pickle")
        with og.execute_job(made, instance) as result:
            assert result.success
            assert story(result, "base") == MADE_AGAIN
            stories = [story(result, "far"), story(result, "near")]
            assert TRIED_AGAIN in stories
            assert all(each in (TRIED_AGAIN, TRIED_AGAIN[2:]) for each in stories)
            assert (result.output_for_node("far"), result.output_for_node("near")) == (11, 21)
