"""Run config against a job: what each part gets, and all that is wrong at once, with its path and the nearest name."""

from typing import Any

import pytest

from orrery.base.errors import InvalidConfigError, InvalidDefinitionError
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_job import build_asset_job
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.graph import graph, job
from orrery.definitions.decorators.op import op
from orrery.definitions.parts.inputs_outputs import In, Out
from orrery.definitions.parts.io_manager import IOManagerDefinition, input_manager
from orrery.definitions.parts.types import Nothing
from orrery.model.config.configured import config_mapping, configured
from orrery.model.config.reasons import EvaluationStackListItemEntry, EvaluationStackPathEntry
from orrery.model.config.run_config import RunConfig
from orrery.model.config.schema import Field, Selector
from orrery.plan.ops_config import OpConfig
from orrery.plan.run_config import ResolvedRunConfig, resolve_run_config


def problems(job_def: Any, run_config: Any) -> list[tuple[str, str]]:
    """Return kind and path of every problem that is told."""
    with pytest.raises(InvalidConfigError) as caught:
        resolve_run_config(job_def, run_config, {})
    return [(each.kind, ":".join(str(part) for part in each.path)) for each in caught.value.problems]


def message(job_def: Any, run_config: Any) -> str:
    """Return what is told."""
    with pytest.raises(InvalidConfigError) as caught:
        resolve_run_config(job_def, run_config, {})
    return str(caught.value)


def resolved(job_def: Any, run_config: Any) -> ResolvedRunConfig:
    """Return the run config as it holds."""
    return resolve_run_config(job_def, run_config, {})


@op(config_schema={"n": int, "name": Field(str, default_value="none")})
def one(context):  # type: ignore[no-untyped-def]
    return 1


@op
def free(context):  # type: ignore[no-untyped-def]
    return 1


@op
def add(x: int, y: int) -> int:
    return x + y


@graph
def adding(a, b):  # type: ignore[no-untyped-def]
    return add(a, b)


@job
def small() -> None:
    one()
    free()


@input_manager(input_config_schema={"path": str})
def from_path(context):  # type: ignore[no-untyped-def]
    return context.config


@input_manager(input_config_schema={"path": Field(str, default_value="here")})
def from_here(context):  # type: ignore[no-untyped-def]
    return context.config


@op(ins={"x": In(input_manager_key="reader")})
def reads(x):  # type: ignore[no-untyped-def]
    return x


@graph
def reading(y):  # type: ignore[no-untyped-def]
    return reads(y)


# -- config of what loads inputs -------------------------------------------------------------------


@pytest.mark.parametrize("fed", [True, False])
def test_config_that_an_input_manager_requires_is_missed(fed: bool) -> None:
    """Whether something feeds the input or not, and told before anything runs."""

    @job(resource_defs={"reader": from_path})
    def reads_one() -> None:
        reads(free()) if fed else reads()

    assert problems(reads_one, {}) == [("missing_entry", "ops:reads:inputs")]
    given = {"ops": {"reads": {"inputs": {"x": {"path": "p"}}}}}
    assert resolved(reads_one, given).op("reads").inputs == {"x": {"path": "p"}}


def test_config_of_an_input_manager_inside_of_a_graph_is_missed_inside() -> None:
    """Once, where the op stands; the graph's own input is fed."""

    @job(resource_defs={"reader": from_path})
    def nested() -> None:
        reading(free())

    assert problems(nested, {}) == [("missing_entry", "ops:reading:ops:reads:inputs")]


def test_config_of_an_input_manager_for_an_asset_is_missed() -> None:
    """An asset's input is loaded by the same rule."""

    @asset(ins={"free_asset": AssetIn(input_manager_key="reader")})
    def down(free_asset):  # type: ignore[no-untyped-def]
        return free_asset

    @asset
    def free_asset():  # type: ignore[no-untyped-def]
        return 1

    of_assets = build_asset_job("of_assets", [free_asset, down], resource_defs={"reader": from_path})
    assert problems(of_assets, {}) == [("missing_entry", "ops:down:inputs")]
    assert [each.name for each in of_assets.asset_layer.nodes] == ["free_asset", "down"]


def test_defaults_of_an_input_managers_config_hold() -> None:
    """Where nothing is given."""

    @job(resource_defs={"reader": from_here})
    def reads_one() -> None:
        reads(free())

    assert resolved(reads_one, {}).op("reads").inputs == {"x": {"path": "here"}}


# -- ops -----------------------------------------------------------------------------------------


def test_defaults_stand_in_for_what_is_not_given() -> None:
    """Each op gets its config with defaults, and one that takes none has no entry."""
    found = resolved(small, {"ops": {"one": {"config": {"n": 3}}}})
    assert found.ops == {"one": OpConfig(config={"n": 3, "name": "none"})}
    assert found.op("free") == OpConfig()


def test_an_op_without_schema_takes_any_config() -> None:
    """What is given to it is handed over as it is."""
    assert resolved(small, {"ops": {"one": {"config": {"n": 3}}, "free": {"config": [1]}}}).op("free").config == [1]


def test_all_problems_are_told_at_once() -> None:
    """In sections, nodes, their entries and their config; the run config itself is never half taken."""
    found = problems(
        small,
        {
            "ops": {"one": {"config": {"n": "x", "nam": "y"}, "confi": 1}, "onee": {}, "free": 5},
            "resource": {},
            "resources": {"nowhere": {}},
            "loggers": {"consol": {}},
            "execution": {"conf": 1},
        },
    )
    assert {path for _kind, path in found} >= {
        "ops:one:config:n",
        "ops:one:config",
        "ops:one",
        "ops",
        "ops:free",
        "",
        "resources",
        "loggers",
        "execution",
    }
    assert len(found) == 9


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ({"opss": {}}, "ops"),
        ({"ops": {"on": {}}}, "one"),
        ({"ops": {"one": {"confg": {}}}}, "config"),
        ({"ops": {"one": {"config": {"n": 1, "nme": ""}}}}, "name"),
        ({"loggers": {"consol": {}}}, "console"),
        ({"resources": {"io_manger": {}}}, "io_manager"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(wrong: Any, near: str) -> None:
    """At every level, in the message of the error."""
    assert f'Did you mean "{near}"?' in message(small, wrong)


@pytest.mark.parametrize("wrong", [{"ops": []}, {"ops": {"one": 3}}, {"resources": 1}, {"loggers": []}, {"inputs": 4}])
def test_a_section_of_the_wrong_shape_is_refused(wrong: Any) -> None:
    """A list or number where names are expected is a problem, and not an error of ours."""
    assert "must be a dict" in message(small, wrong)


def test_run_config_that_is_no_dictionary_is_refused() -> None:
    """The message shows what was given."""
    with pytest.raises(InvalidConfigError, match=r"is 'ops' \(str\), which is no dictionary"):
        resolve_run_config(small, "ops", {})


def test_a_configured_op_maps_its_config() -> None:
    """The op gets what the function makes of the smaller config."""

    @configured(one, name="twice", config_schema={"n": int})
    def twice(given):  # type: ignore[no-untyped-def]
        return {"n": given["n"] * 2}

    @job
    def mapped() -> None:
        twice()

    assert resolved(mapped, {"ops": {"twice": {"config": {"n": 4}}}}).op("twice").config == {"n": 8, "name": "none"}
    assert problems(mapped, {}) == [("missing_entry", "ops:twice")]


# -- graphs --------------------------------------------------------------------------------------


@config_mapping(config_schema={"n": Field(int, default_value=3)})
def one_of(given):  # type: ignore[no-untyped-def]
    return {"one": {"config": {"n": given["n"]}}}


@graph(config=one_of)
def mapped_graph():  # type: ignore[no-untyped-def]
    one()


@job
def around() -> None:
    mapped_graph()


def test_config_of_nested_graphs_goes_by_names() -> None:
    """An op inside has its entry under the names of the graphs around it."""

    @graph
    def inner():  # type: ignore[no-untyped-def]
        one()

    @graph
    def outer():  # type: ignore[no-untyped-def]
        inner.alias("here")()

    @job
    def nested() -> None:
        outer()

    given = {"ops": {"outer": {"ops": {"here": {"ops": {"one": {"config": {"n": 1}}}}}}}}
    assert resolved(nested, given).op("outer.here.one").config == {"n": 1, "name": "none"}
    assert problems(nested, {}) == [("missing_entry", "ops:outer:ops:here:ops:one")]
    wrong = {"ops": {"outer": {"op": {}}}}
    assert 'Did you mean "ops"?' in message(nested, wrong)


def test_a_graph_with_a_mapping_takes_its_own_config_and_no_other() -> None:
    """Its nodes get what the mapping makes, by default too; config of its nodes is refused, and not dropped."""
    assert resolved(around, {}).op("mapped_graph.one").config == {"n": 3, "name": "none"}
    given = {"ops": {"mapped_graph": {"config": {"n": 9}}}}
    assert resolved(around, given).op("mapped_graph.one").config == {"n": 9, "name": "none"}
    inside = {"ops": {"mapped_graph": {"ops": {"one": {"config": {"n": 1}}}}}}
    assert problems(around, inside) == [("unexpected_entry", "ops:mapped_graph")]


def test_a_mapping_whose_config_is_wrong_is_told_alone() -> None:
    """What its nodes would lack for that reason is not told too."""
    assert problems(around, {"ops": {"mapped_graph": {"config": {"n": "x"}}}}) == [
        ("type_mismatch", "ops:mapped_graph:config:n")
    ]


def test_a_job_of_a_graph_with_a_mapping_takes_its_config_below_ops() -> None:
    """As the graph is the whole job; the nodes' own entries, and config at the root, are refused."""
    made = mapped_graph.to_job(name="made")
    assert resolved(made, {"ops": {"config": {"n": 9}}}).op("one").config == {"n": 9, "name": "none"}
    assert resolved(made, None).op("one").config == {"n": 3, "name": "none"}
    assert problems(made, {"config": {"n": 9}}) == [("unexpected_entry", "")]
    assert problems(made, {"ops": {"one": {"config": {"n": 1}}}}) == [("unexpected_entry", "ops")]


def test_a_job_with_a_mapping_takes_nothing_but_its_config() -> None:
    """The mapping makes the whole run config."""

    @config_mapping(config_schema={"n": int})
    def whole(given):  # type: ignore[no-untyped-def]
        return {"ops": {"one": {"config": {"n": given["n"] + 1}}}}

    @job(config=whole)
    def made() -> None:
        one()

    assert resolved(made, {"n": 1}).op("one").config == {"n": 2, "name": "none"}
    assert "ops" in message(made, {"ops": {"one": {"config": {"n": 1}}}})


# -- inputs --------------------------------------------------------------------------------------


@job
def adding_job() -> None:
    add()


@job
def nested_inputs() -> None:
    adding()


def test_an_input_without_a_parent_is_wanted_from_config() -> None:
    """Each one that is missing is told; defaults, order-only inputs and those of a manager are not wanted."""

    @op(ins={"after": In(Nothing), "loaded": In(input_manager_key="reader")})
    def others(loaded, given=4):  # type: ignore[no-untyped-def]
        return 1

    @job(resource_defs={"reader": IOManagerDefinition(lambda _context: None)})
    def calm() -> None:
        others()

    assert problems(adding_job, {}) == [("missing_entry", "ops:add:inputs"), ("missing_entry", "ops:add:inputs")]
    assert resolved(calm, {}).ops == {}


def test_an_input_given_in_config_is_checked_before_the_run() -> None:
    """A value of another type is refused with its path, and an unknown input with the nearest name."""
    assert dict(
        resolved(adding_job, {"ops": {"add": {"inputs": {"x": 1, "y": {"value": 2}}}}}).op("add").inputs
    ).keys() == {
        "x",
        "y",
    }
    assert ("type_mismatch", "ops:add:inputs:y") in problems(
        adding_job, {"ops": {"add": {"inputs": {"x": 1, "y": "q"}}}}
    )
    assert 'Did you mean "x"?' in message(adding_job, {"ops": {"add": {"inputs": {"x": 1, "y": 1, "xx": 1}}}})


def test_config_for_an_input_that_is_connected_is_refused() -> None:
    """It would be dropped without a word: the value comes from the parent."""

    @op
    def source() -> int:
        return 1

    @job
    def connected() -> None:
        add(source(), source())

    text = message(connected, {"ops": {"add": {"inputs": {"x": 1}}}})
    assert "'io_manager', which takes no config for inputs" in text


def test_inputs_of_a_graph_are_given_to_it_or_inside() -> None:
    """Where neither is, the graph's own input is told as missing, once."""
    given = {"ops": {"adding": {"inputs": {"a": 1, "b": 2}}}}
    assert dict(resolved(nested_inputs, given).op("adding").inputs) == {"a": 1, "b": 2}
    below = {"ops": {"adding": {"ops": {"add": {"inputs": {"x": 1, "y": 2}}}}}}
    assert dict(resolved(nested_inputs, below).op("adding.add").inputs) == {"x": 1, "y": 2}
    assert problems(nested_inputs, {}) == [
        ("missing_entry", "ops:adding:inputs"),
        ("missing_entry", "ops:adding:inputs"),
    ]
    half = {"ops": {"adding": {"inputs": {"a": 1}, "ops": {"add": {"inputs": {"y": 2}}}}}}
    assert dict(resolved(nested_inputs, half).op("adding").inputs) == {"a": 1}
    assert ("type_mismatch", "ops:adding:inputs:b") in problems(
        nested_inputs, {"ops": {"adding": {"inputs": {"a": 1, "b": "s"}}}}
    )


def test_inputs_of_a_job_are_given_at_the_root() -> None:
    """Values handed over with the job count; an unknown name is refused with the nearest."""
    made = adding.to_job(name="made")
    assert dict(resolved(made, {"inputs": {"a": 1, "b": 2}}).inputs) == {"a": 1, "b": 2}
    assert problems(made, {}) == [("missing_entry", "inputs"), ("missing_entry", "inputs")]
    assert resolved(adding.to_job(name="made", input_values={"a": 1, "b": 2}), {}).inputs == {}
    wrong = {"inputs": {"a": 1, "b": 2, "aa": 2}}
    assert 'Did you mean "a"?' in message(made, wrong)
    assert ("type_mismatch", "inputs:b") in problems(made, {"inputs": {"a": 1, "b": "s"}})


# -- managers ------------------------------------------------------------------------------------


MANAGER = IOManagerDefinition(
    lambda _context: None,
    input_config_schema={"rows": int},
    output_config_schema={"path": str, "mode": Field(str, default_value="w")},
)


@op
def give() -> int:
    return 1


@op
def take(x: int) -> int:
    return x


@job(resource_defs={"io_manager": MANAGER})
def stored() -> None:
    take(give())


def test_a_manager_says_what_config_its_inputs_and_outputs_carry() -> None:
    """It is checked, with defaults, before the run; missing config of an output is told."""
    given = {
        "ops": {
            "give": {"outputs": {"result": {"path": "p"}}},
            "take": {"outputs": {"result": {"path": "q"}}, "inputs": {"x": {"rows": 3}}},
        }
    }
    found = resolved(stored, given)
    assert found.op("give").outputs == {"result": {"path": "p", "mode": "w"}}
    assert found.op("take").inputs == {"x": {"rows": 3}}
    assert problems(stored, {}) == [("missing_entry", "ops:give:outputs"), ("missing_entry", "ops:take:outputs")]
    given["ops"]["take"]["inputs"]["x"] = {"rows": "many"}  # type: ignore[assignment]
    assert problems(stored, given) == [("type_mismatch", "ops:take:inputs:x:rows")]


def test_config_of_an_output_whose_manager_takes_none_is_refused() -> None:
    """And so is that of an output that there is not."""
    assert "'io_manager', which takes no config for outputs" in message(
        adding_job, {"ops": {"add": {"inputs": {"x": 1, "y": 2}, "outputs": {"result": 3}}}}
    )
    assert 'Did you mean "result"?' in message(
        adding_job, {"ops": {"add": {"inputs": {"x": 1, "y": 2}, "outputs": {"resul": 3}}}}
    )


# -- jobs of assets ------------------------------------------------------------------------------


def test_config_of_assets_goes_by_the_names_of_their_ops() -> None:
    """An asset that takes config gets it with defaults; an unknown name is told with the nearest."""

    @asset(config_schema={"n": Field(int, default_value=2)})
    def numbers(context):  # type: ignore[no-untyped-def]
        return 1

    @asset
    def plain(numbers):  # type: ignore[no-untyped-def]
        return 1

    made = build_asset_job("made", [numbers, plain])
    assert resolved(made, {}).ops == {"numbers": OpConfig(config={"n": 2})}
    assert resolved(made, {"ops": {"numbers": {"config": {"n": 5}}}}).op("numbers").config == {"n": 5}
    assert 'Did you mean "numbers"?' in message(made, {"ops": {"number": {}}})


def job_under_mapping(made: Any) -> Any:
    """Return a job whose config mapping returns *made*."""

    @job(config=config_mapping(lambda _: made))
    def mapped() -> None:
        one()

    return mapped


def test_a_config_mapping_of_a_job_may_return_a_run_config() -> None:
    """A RunConfig is taken as the dictionary that it stands for."""
    made = RunConfig(ops={"one": {"config": {"n": 4}}})
    assert resolved(job_under_mapping(made), {"any": 1}).op("one").config == {"n": 4, "name": "none"}


@pytest.mark.parametrize(("made", "told"), [(5, "5 (int)"), (None, "None (NoneType)")])
def test_a_config_mapping_that_returns_no_run_config_is_named_with_its_job(made: Any, told: str) -> None:
    """What it returned is told, and what it shall return."""
    text = message(job_under_mapping(made), {"any": 1})
    assert f"The config mapping of job 'mapped' returned {told}, which is no run config." in text
    assert "RunConfig" in text


def test_problems_tell_their_reason_and_their_place_step_by_step() -> None:
    """Old programs compare the reasons, and walk down the stack."""

    @op(config_schema={"numbers": [int], "either": Selector({"a": int, "b": int}), "x": int, "y": int})
    def many(context):  # type: ignore[no-untyped-def]
        return 1

    @job
    def wanting() -> None:
        many()

    with pytest.raises(InvalidConfigError) as caught:
        resolve_run_config(
            wanting, {"ops": {"many": {"config": {"numbers": [1, "x"], "either": {}, "q": 1}}}, "z": 1}, {}
        )

    found = {each.stack.entries: each.reason.name for each in caught.value.errors}  # type: ignore[attr-defined]
    below = tuple(EvaluationStackPathEntry(each) for each in ("ops", "many", "config"))
    numbers = (*below, EvaluationStackPathEntry("numbers"), EvaluationStackListItemEntry(1))
    assert found[numbers] == "RUNTIME_TYPE_MISMATCH"
    assert found[(*below, EvaluationStackPathEntry("either"))] == "SELECTOR_FIELD_ERROR"
    assert found[()] == "FIELD_NOT_DEFINED"
    assert {each.reason.name for each in caught.value.errors if each.path == ("ops", "many", "config")} == {  # type: ignore[attr-defined]
        "FIELD_NOT_DEFINED",
        "MISSING_REQUIRED_FIELDS",
    }


def test_a_truth_value_is_a_number_but_no_whole_number() -> None:
    """As in the reference."""

    @op(config_schema={"real": float, "whole": Field(int, default_value=1)})
    def numbers(context):  # type: ignore[no-untyped-def]
        return 1

    @job
    def numbering() -> None:
        numbers()

    given = resolved(numbering, {"ops": {"numbers": {"config": {"real": True}}}}).op("numbers").config["real"]
    assert (given, type(given)) == (1.0, float)
    assert problems(numbering, {"ops": {"numbers": {"config": {"real": 1, "whole": True}}}}) == [
        ("type_mismatch", "ops:numbers:config:whole")
    ]


def test_all_outputs_of_a_call_given_to_one_input_are_named() -> None:
    """The message tells the outputs of the op, and none of our classes."""

    @op(out={"left": Out(), "right": Out()})
    def branch():  # type: ignore[no-untyped-def]
        return 1, 2

    with pytest.raises(InvalidDefinitionError) as caught:

        @graph
        def wrong():  # type: ignore[no-untyped-def]
            adding(branch(), 1)

    assert "all outputs of 'branch' at once were given to input \"a\" of graph 'adding'" in str(caught.value)
    assert "adding(result.left)" in str(caught.value)
