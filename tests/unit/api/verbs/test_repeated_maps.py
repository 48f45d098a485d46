"""A run that repeats what failed of a map: each one alone, and what is collected in the order of the dynamic output."""

from typing import Any

import pytest

from orrery import (
    ConfigurableResource,
    DynamicOut,
    DynamicOutput,
    Instance,
    ReexecutionOptions,
    execute_job,
    job,
    op,
    reconstructable,
    resource,
    validate_run_config,
)

failing: set[Any] = set()


@op(out=DynamicOut())
def several():
    for number in range(4):
        yield DynamicOutput(number, f"m{number}")


@op(out=DynamicOut())
def parts(number):
    for part in range(2):
        yield DynamicOutput((number, part), f"p{part}")


@op
def leaf(value):
    if value in failing:
        raise ValueError(value)
    return value


@op
def after(value):
    return value


@op
def total(values):
    if "total" in failing:
        raise ValueError("total")
    return values


@op
def grand_total(values):
    return values


@job
def one_level():
    total(several().map(lambda each: after(leaf(each))).collect())


@job
def two_levels():
    grand_total(several().map(lambda each: total(parts(each).map(leaf).collect())).collect())


def repeated(of: Any, instance: Instance, run_id: str, output_of: str | None = None) -> tuple[str, list[str], Any]:
    """Repeat what failed; return the new run, the steps that it began, and what a node gave."""
    options = ReexecutionOptions.from_failure(run_id, instance)
    with execute_job(reconstructable(of), instance, reexecution_options=options) as result:
        began = sorted(event.step_key for event in result.all_events if event.event_type_value == "STEP_START")
        return result.run_id, began, result.output_for_node(output_of) if output_of else None


@pytest.fixture(autouse=True)
def nothing_fails() -> Any:
    failing.clear()
    yield
    failing.clear()


def test_what_follows_a_mapped_step_that_succeeded_is_not_repeated(tmp_path: Any) -> None:
    """And what is collected stands in the order of the dynamic output, whenever each was made."""
    instance = Instance.local_temp(str(tmp_path))
    failing.update({0, 2})
    first = execute_job(reconstructable(one_level), instance)
    failing.clear()
    _run_id, began, value = repeated(one_level, instance, first.run_id, "total")
    assert began == ["after[m0]", "after[m2]", "leaf[m0]", "leaf[m2]", "total"]
    assert value == [0, 1, 2, 3]


def test_the_order_holds_over_several_repetitions(tmp_path: Any) -> None:
    """Values of three runs come together in one list."""
    instance = Instance.local_temp(str(tmp_path))
    failing.update({0, 2})
    first = execute_job(reconstructable(one_level), instance)
    failing.clear()
    failing.add("total")
    second, _began, _value = repeated(one_level, instance, first.run_id)
    failing.clear()
    _run_id, began, value = repeated(one_level, instance, second, "total")
    assert began == ["total"]
    assert value == [0, 1, 2, 3]


def test_a_map_inside_a_map_repeats_one_step_and_what_collects_it(tmp_path: Any) -> None:
    """The other branches are taken as they were made."""
    instance = Instance.local_temp(str(tmp_path))
    failing.add((1, 0))
    first = execute_job(reconstructable(two_levels), instance)
    failing.clear()
    _run_id, began, value = repeated(two_levels, instance, first.run_id, "grand_total")
    assert began == ["grand_total", "leaf[m1][p0]", "total[m1]"]
    assert value == [[(n, 0), (n, 1)] for n in range(4)]


class Place(ConfigurableResource):
    """A resource that must be told where."""

    url: str


@resource(config_schema={"key": str})
def keyed(init_context):
    return init_context.resource_config["key"]


@op(required_resource_keys={"keyed"})
def needy():
    return 1


@op
def plain():
    return 1


@job(resource_defs={"keyed": keyed, "place": Place.configure_at_launch()})
def with_unused_resources():
    plain()


@job(resource_defs={"keyed": keyed})
def with_a_needy_op():
    plain()
    needy()


def test_a_resource_that_nothing_needs_wants_no_config() -> None:
    """Nor one that only an op needs which a selection leaves out."""
    assert with_unused_resources.execute_in_process().success
    assert validate_run_config(with_unused_resources, {})
    assert with_a_needy_op.execute_in_process(op_selection=["plain"]).success
    with pytest.raises(Exception, match="resources:keyed"):
        with_a_needy_op.execute_in_process()
