"""What was skipped as current is decided anew when what it was made from is made again with other content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orrery import CachePolicy, Instance, asset, execute_job, materialize
from orrery.api.verbs.reconstruct import build_reconstructable_job

HERE = str(Path(__file__).parent)
TRUSTING = CachePolicy(verify="none")
TOLD = {"STEP_START", "STEP_UP_FOR_RETRY", "STEP_FAILURE", "STEP_SUCCESS", "STEP_SKIPPED"}
MADE_AGAIN = ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
NAMED = "These were made, or used as they were stored, before an input of theirs was found damaged"


class Chain:
    """``base`` is what the world is like; ``probe`` finds it damaged; ``middle`` was current; ``top`` waits for both."""

    def __init__(self) -> None:
        self.world = 1

        def looked() -> int:
            if self.world < 0:
                raise ValueError("the world is gone")
            return self.world

        @asset(code_version="1")
        def base() -> int:
            return looked()

        @asset(code_version="1")
        def middle(base: int) -> int:
            return base * 10

        @asset(code_version="1")
        def probe(base: int) -> int:
            return base

        @asset(code_version="1")
        def top(middle: int, probe: int) -> int:
            return middle + probe

        self.assets: list[Any] = [base, middle, probe, top]


def story(result: Any, step: str) -> list[str]:
    return [e.event_type_value for e in result.all_events if e.step_key == step and e.event_type_value in TOLD]


def lines(instance: Instance, result: Any) -> list[str]:
    return [each.event_log_entry.user_message for each in instance.get_records_for_run(result.run_id).records]


def spoil(instance: Instance) -> None:
    (Path(instance.storage_directory()) / "base.pickle").write_bytes(b"garbage")


def test_what_stands_on_other_content_runs_in_the_same_run() -> None:
    """Nobody had loaded it meanwhile; what follows waits for it, and the next run has nothing to do."""
    chain = Chain()
    with Instance.local_temp() as instance:
        materialize(chain.assets, instance=instance)
        spoil(instance)
        chain.world = 2
        result = materialize(chain.assets, instance=instance, reuse=TRUSTING, force="probe or top")
        assert story(result, "base") == MADE_AGAIN
        assert story(result, "middle") == MADE_AGAIN
        assert story(result, "top") == ["STEP_START", "STEP_SUCCESS"]
        assert result.output_for_node("top") == 22
        assert not any(NAMED in each for each in lines(instance, result))
        after = materialize(chain.assets, instance=instance, reuse=True)
        assert [story(after, each.key.to_user_string()) for each in chain.assets] == [["STEP_SKIPPED"]] * 4


def test_of_equal_content_nothing_more_runs() -> None:
    """That it is skipped is told once."""
    chain = Chain()
    with Instance.local_temp() as instance:
        materialize(chain.assets, instance=instance)
        spoil(instance)
        result = materialize(chain.assets, instance=instance, reuse=TRUSTING, force="probe")
        assert story(result, "base") == MADE_AGAIN
        assert story(result, "middle") == ["STEP_SKIPPED"]
        assert story(result, "top") == ["STEP_SKIPPED"]


def test_where_making_it_again_fails_what_was_skipped_stays_so() -> None:
    """Its own value is whole."""
    chain = Chain()
    with Instance.local_temp() as instance:
        materialize(chain.assets, instance=instance)
        spoil(instance)
        chain.world = -1
        result = materialize(chain.assets, instance=instance, reuse=TRUSTING, force="probe", raise_on_error=False)
        assert story(result, "base") == ["STEP_SKIPPED", "STEP_START", "STEP_FAILURE"]
        assert story(result, "middle") == ["STEP_SKIPPED"]
        assert story(result, "top") == ["STEP_SKIPPED"]
        assert story(result, "probe") == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_SKIPPED"]


def test_what_was_loaded_already_is_named_at_the_end_and_made_by_the_next_run() -> None:
    """A step that was made from its old value cannot be taken back."""
    chain = Chain()

    @asset(code_version="1")
    def early(middle: int) -> int:
        return middle

    @asset(code_version="1", deps=[early])
    def late(base: int) -> int:
        return base

    assets = [*chain.assets, early, late]
    with Instance.local_temp() as instance:
        materialize(assets, instance=instance)
        spoil(instance)
        chain.world = 2
        result = materialize(assets, instance=instance, reuse=TRUSTING, force="early or late")
        assert story(result, "middle") == ["STEP_SKIPPED"]
        assert result.output_for_node("early") == 10
        assert result.output_for_node("late") == 2
        (told,) = [each for each in lines(instance, result) if NAMED in each]
        assert "with other content: middle" in told
        assert told.endswith("The next run with reuse makes them.")
        after = materialize(assets, instance=instance, reuse=True)
        assert story(after, "middle") == story(after, "early") == ["STEP_START", "STEP_SUCCESS"]
        assert after.output_for_node("early") == 20


@pytest.mark.parametrize(
    ("executor", "config"),
    [
        ("orrery:in_process_executor", {}),
        ("orrery:in_process_executor", {"threads": 2}),
        ("orrery:multiprocess_executor", {"max_concurrent": 2}),
    ],
    ids=["in process", "threads", "multiprocess"],
)
def test_on_executors_it_is_decided_anew(executor: str, config: dict[str, Any], tmp_path: Path) -> None:
    world = tmp_path / "world"
    world.write_text("1")
    made = build_reconstructable_job(
        "damaged_assets", "make_moody", (executor, config, str(world)), reconstructor_working_directory=HERE
    )
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        assert execute_job(made, instance).success
        spoil(instance)
        world.write_text("2")
        with execute_job(made, instance) as result:
            assert result.success
            assert story(result, "base") == MADE_AGAIN
            assert story(result, "middle") == MADE_AGAIN
            assert result.output_for_node("top") == 22
