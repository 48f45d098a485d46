"""What steps ask of the workers of Dask and Ray, as their tags say it."""

import json
from typing import Any

import pytest

from orrery import InvalidDefinitionError
from orrery.adapters.executors.demands import amounts_in
from orrery.adapters.executors.ray import options_of


def ray_options(**asked: Any) -> dict[str, Any]:
    return options_of({"orrery/resources": json.dumps(asked)}, "press")


def test_a_step_without_the_tag_asks_for_nothing() -> None:
    assert amounts_in({"other": "1"}, "press") is None
    assert options_of({"other": "1"}, "press") == {}


def test_amounts_are_numbers_by_name() -> None:
    assert amounts_in({"orrery/resources": '{"GPU": 1}'}, "press") == {"GPU": 1.0}


def test_the_tag_of_others_is_read_where_ours_is_absent() -> None:
    assert amounts_in({"theirs": '{"GPU": 2}'}, "press", ["theirs"]) == {"GPU": 2.0}
    assert amounts_in({"theirs": "{}", "orrery/resources": '{"GPU": 1}'}, "press", ["theirs"]) == {"GPU": 1.0}
    assert options_of({"dagster-ray/config": '{"num_gpus": 1}'}, "press") == {"num_gpus": 1.0}


def test_ray_is_told_of_its_own_resources_by_their_names() -> None:
    assert ray_options(GPU=1, CPU=0.5) == {"num_gpus": 1.0, "num_cpus": 0.5}
    assert ray_options(memory=1000) == {"memory": 1000.0}


def test_other_resources_are_told_as_such() -> None:
    assert ray_options(press=1) == {"resources": {"press": 1.0}}
    assert ray_options(resources={"press": 2}, runtime_env={"env_vars": {"A": "1"}}) == {
        "resources": {"press": 2.0},
        "runtime_env": {"env_vars": {"A": "1"}},
    }


@pytest.mark.parametrize(
    "text", ["GPU", "[1]", "1", '{"GPU": "many"}', '{"GPU": -1}', '{"GPU": true}', '{"GPU": null}']
)
def test_what_is_no_amount_is_refused_in_the_names_of_the_user(text: str) -> None:
    for read in (amounts_in, options_of):
        with pytest.raises(InvalidDefinitionError, match="'press'"):
            read({"orrery/resources": text}, "press")


def test_ray_gives_parts_of_one_or_whole_numbers() -> None:
    with pytest.raises(InvalidDefinitionError, match=r"1\.5 of 'num_gpus'"):
        ray_options(num_gpus=1.5)
