"""Composing graphs: what calls write down, and what is said of mistakes, with the line."""

import re
from typing import Any

import pytest

from orrery.base.errors import CyclicDependencyError, InvalidDefinitionError, InvariantViolationError
from orrery.definitions.decorators.graph import graph, job
from orrery.definitions.decorators.op import op
from orrery.definitions.graphs.dependency import (
    DependencyDefinition,
    DependencyKind,
    MultiDependencyDefinition,
    NodeInvocation,
)
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.parts.inputs_outputs import DynamicOut, GraphOut, In, Out


@op
def one() -> int:
    return 1


@op
def take(x):  # type: ignore[no-untyped-def]
    return x


@op(out={"left": Out(), "right": Out()})
def two():  # type: ignore[no-untyped-def]
    return 1, 2


@op(out=DynamicOut())
def fan():  # type: ignore[no-untyped-def]
    yield


def refused(function: Any, error: type[Exception] = InvalidDefinitionError) -> str:
    """Return what is said when the function is composed into a job."""
    with pytest.raises(error) as caught:
        job(function)
    return str(caught.value)


def line_of(function: Any, offset: int) -> str:
    """Return how a line of the function is told."""
    return f'("{function.__code__.co_filename}", line {function.__code__.co_firstlineno + offset})'


# -- what calls write down -----------------------------------------------------------------------


def test_uses_of_one_op_are_numbered() -> None:
    """The first keeps the name of the op; a name that an alias took is left out."""

    @job
    def small() -> None:
        one()
        one.alias("one_2")()
        one()
        one()

    assert [node.name for node in small.nodes] == ["one", "one_2", "one_3", "one_4"]


def test_outputs_are_had_by_place_and_by_name() -> None:
    """A call with several outputs answers with all of them."""

    @job
    def small() -> None:
        both = two()
        take.alias("by_name")(both.right)
        take.alias("by_place")(both[0])
        left, _right = both
        take.alias("unpacked")(left)

    given = {name: inputs["x"][0][0].output for name, inputs in small.dependency_structure.items() if inputs}
    assert given == {"by_name": "right", "by_place": "left", "unpacked": "left"}


def test_a_list_of_outputs_and_inputs_is_a_fan_in_in_its_order() -> None:
    """Inputs of the graph may stand in it, each at its place."""

    @graph
    def mixed(a, b):  # type: ignore[no-untyped-def]
        return take([one(), b, one(), a])

    sources, kind = mixed.sources_for("take")["x"]
    assert kind is DependencyKind.FAN_IN
    assert [(each.node, each.output) for each in sources] == [
        ("one", "result"),
        (None, "b"),
        ("one_2", "result"),
        (None, "a"),
    ]


def test_a_use_carries_its_tags_over_those_of_the_op() -> None:
    """And the definition itself stays as it was."""
    tagged = op(name="tagged", tags={"a": "1", "b": "1"})(lambda: 1)

    @job
    def small() -> None:
        tagged.tag({"b": "2"}).alias("here")()

    assert small.get_node_named("here").tags == {"a": "1", "b": "2"}
    assert tagged.tags == {"a": "1", "b": "1"}


def test_a_graph_gives_the_outputs_that_it_returns() -> None:
    """One value is the output ``result``; a dictionary names several."""

    @graph
    def single():  # type: ignore[no-untyped-def]
        return one()

    @graph(out={"a": GraphOut(), "b": GraphOut()})
    def several():  # type: ignore[no-untyped-def]
        both = two()
        return {"b": both.left, "a": both.right}

    assert list(single.output_dict) == ["result"]
    assert {each.graph_output_name: each.maps_from for each in several.output_mappings} == {
        "a": ("two", "right"),
        "b": ("two", "left"),
    }


def test_a_map_in_a_graph_makes_its_output_dynamic() -> None:
    """Whoever uses the graph maps or collects it in turn."""

    @graph
    def mapped():  # type: ignore[no-untyped-def]
        return fan().map(take)

    @job
    def small() -> None:
        take.alias("all")(mapped().collect())

    assert mapped.output_dict["result"].is_dynamic
    assert small.dependency_structure["all"]["x"][1] is DependencyKind.COLLECT


def test_a_graph_may_be_written_as_dependencies() -> None:
    """The same graph, without a function."""
    made = GraphDefinition(
        "made",
        node_defs=[one, take],
        dependencies={
            NodeInvocation("one", alias="first"): {},
            NodeInvocation("take", alias="second"): {"x": MultiDependencyDefinition([DependencyDefinition("first")])},
        },
    )
    assert [node.name for node in made.nodes_in_topological_order] == ["first", "second"]


# -- mistakes ------------------------------------------------------------------------------------


def test_a_mistake_is_told_with_its_line() -> None:
    """The line of the call in the user's function, not one of ours."""

    def wrong() -> None:
        one()
        take(5)

    text = refused(wrong)
    assert line_of(wrong, 2) in text
    assert "Must be the output from a previous call or an input of the graph" in text


def test_an_op_that_was_not_called_is_told_so() -> None:
    """The mend names the call."""

    def wrong() -> None:
        take(one)

    assert "call it first: one()" in refused(wrong)


def test_a_value_is_not_there_while_a_graph_is_composed() -> None:
    """Iterating over an output, or indexing it, is refused with the line."""

    def iterating() -> None:
        for _each in one():
            pass

    def indexing() -> None:
        take(one()[0])

    def indexing_many() -> None:
        take(fan()[0])

    assert line_of(iterating, 1) in refused(iterating, InvariantViolationError)
    assert "values exist when the job runs" in refused(indexing, InvariantViolationError)
    assert "map a function over it, or collect it" in refused(indexing_many, InvariantViolationError)


def test_a_dynamic_output_is_not_taken_as_it_is() -> None:
    """The mend names map and collect."""

    def wrong() -> None:
        take(fan())

    text = refused(wrong)
    assert "must be passed through map or collect" in text
    assert "result.map(take)" in text


def test_a_map_gives_outputs_of_calls() -> None:
    """Anything else that its function returns is refused."""

    def wrong() -> None:
        fan().map(lambda _each: 5)

    assert "returned 5, which is no output of a node" in refused(wrong)


def test_an_unknown_input_or_output_is_told_with_the_nearest() -> None:
    """By keyword, and as an attribute of several outputs."""

    def wrong_input() -> None:
        take(xx=one())

    def wrong_output() -> None:
        take(two().lefd)

    assert re.search(r"invalid argument 'xx'[\s\S]*'x'", refused(wrong_input))
    with pytest.raises(AttributeError, match="Its outputs: left, right"):
        job(wrong_output)


def test_one_alias_and_one_name_stand_for_one_thing() -> None:
    """An alias that is used twice, and two ops of one name, are refused."""
    other = op(name="one")(lambda: 2)

    def twice() -> None:
        one.alias("here")()
        one.alias("here")()

    def two_of_a_name() -> None:
        one()
        other()

    assert "the alias 'here' is used twice" in refused(twice)
    assert "two different definitions are called 'one'" in refused(two_of_a_name)


def test_an_input_of_a_graph_that_nobody_takes_is_refused() -> None:
    """It would be asked for in vain."""
    with pytest.raises(InvalidDefinitionError, match="unmapped input 'b'"):

        @graph
        def wrong(a, b):  # type: ignore[no-untyped-def]
            return take(a)


def test_nodes_that_depend_on_themselves_are_named() -> None:
    """A graph that is written as dependencies may run in a circle; its members are told."""
    links = [op(name=name)(lambda x: x) for name in ("a", "b", "c")]
    with pytest.raises(CyclicDependencyError, match=r"'a'[\s\S]*'b'[\s\S]*'c'"):
        GraphDefinition(
            "circle",
            node_defs=links,
            dependencies={
                "a": {"x": DependencyDefinition("c")},
                "b": {"x": DependencyDefinition("a")},
                "c": {"x": DependencyDefinition("b")},
            },
        )


@pytest.mark.parametrize(
    ("dependencies", "said"),
    [
        ({"take": {"x": DependencyDefinition("on")}}, "'one'"),
        ({"take": {"xx": DependencyDefinition("one")}}, "'x'"),
        ({"take": {"x": DependencyDefinition("one", "resul")}}, "'result'"),
        ({"tak": {}}, "'take'"),
    ],
)
def test_a_dependency_on_what_is_not_there_is_told_with_the_nearest(dependencies: Any, said: str) -> None:
    """Node, input, output, and the node that depends."""
    with pytest.raises(InvalidDefinitionError) as caught:
        GraphDefinition("made", node_defs=[one, take], dependencies=dependencies)
    assert said in str(caught.value).partition("Try:")[2]


@pytest.mark.parametrize("default", ["s", None])
def test_a_default_of_an_input_that_is_not_of_its_type_is_refused_where_it_is_written(default: Any) -> None:
    """It would fail in each run otherwise; a default of the type is taken."""
    with pytest.raises(InvalidDefinitionError, match=r"The default of input 'x' is .* which is no Int\."):
        op(name="wrong", ins={"x": In(int, default_value=default)})(lambda x: x)
    assert op(name="right", ins={"x": In(int, default_value=1)})(lambda x: x).input_dict["x"].default_value == 1
