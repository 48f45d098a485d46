"""The skeleton of run config: valid as it is, valid with all that is optional, and safe to read."""

import enum
import re
from typing import Any, Literal

import pydantic
import pytest
import yaml

from orrery import (
    Any as AnyValue,
)
from orrery import (
    Config,
    ConfigMapping,
    Field,
    In,
    JobDefinition,
    Map,
    Nothing,
    Out,
    Selector,
    Shape,
    StringSource,
    asset,
    define_asset_job,
    graph,
    in_process_executor,
    io_manager,
    job,
    logger,
    op,
    resource,
)
from orrery.definitions.project.definitions import Definitions
from orrery.plan.config_skeleton import skeleton
from orrery.plan.run_config import resolve_run_config


def uncommented(text: str) -> str:
    """Take what is optional in."""
    return re.sub(r"^(\s*)#(?! )", r"\1", text, flags=re.MULTILINE)


def check(made: JobDefinition) -> tuple[Any, Any]:
    """Return the least and the whole config of the skeleton; both must be accepted."""
    text = skeleton(made)
    least, whole = yaml.safe_load(text) or {}, yaml.safe_load(uncommented(text)) or {}
    resolve_run_config(made, least)
    resolve_run_config(made, whole)
    return least, whole


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Place(Config):
    host: str = pydantic.Field(description="Where it listens.")
    port: int = 5432


class Settings(Config):
    count: int = pydantic.Field(description="How many rows.\nAt least one.")
    names: list[str] = []
    place: Place
    other: Place | None = None
    colour: Colour = Colour.RED
    share: float | None = None


def test_a_config_class_is_told_with_descriptions_types_and_defaults() -> None:
    @op
    def load(config: Settings) -> None: ...

    @job
    def nightly() -> None:
        load()

    assert check(nightly) == (
        {"ops": {"load": {"config": {"count": 0, "place": {"host": "..."}}}}},
        {
            "ops": {
                "load": {
                    "config": {
                        "count": 0,
                        "names": [],
                        "place": {"host": "...", "port": 5432},
                        "other": {"host": "...", "port": 5432},
                        "colour": "RED",
                        "share": None,
                    }
                }
            }
        },
    )
    text = skeleton(nightly)
    assert (
        "      # How many rows.\n      # At least one.\n      # Int or {env: NAME}, required\n      count: 0\n" in text
    )
    assert '# one of RED, BLUE, optional\n      #colour: "RED"\n' in text


def test_every_section_is_told() -> None:
    @resource(config_schema={"path": StringSource, "retries": Field(int, default_value=3)})
    def store(_context: Any) -> None: ...

    @io_manager(
        config_schema={"base": Field(str, default_value="/data")},
        output_config_schema={"name": str},
        input_config_schema={"rows": Field(int, is_required=False)},
    )
    def manager(_context: Any) -> None: ...

    @logger(config_schema={"level": Field(str, default_value="INFO")})
    def lines(_context: Any) -> Any: ...

    @op(ins={"start": In(int, description="Where to begin."), "loaded": In(AnyValue, input_manager_key="files")})
    def first(start: int, loaded: Any, step: int = 2) -> int:
        return start

    @op(ins={"order": In(Nothing)}, out=Out(io_manager_key="files"), required_resource_keys={"store"})
    def second(value: int) -> None: ...

    @job(
        resource_defs={"store": store, "files": manager},
        logger_defs={"lines": lines},
        executor_def=in_process_executor,
    )
    def all_of_it() -> None:
        second(first())

    least, whole = check(all_of_it)
    assert least == {
        "ops": {"first": {"inputs": {"start": 0}}, "second": {"outputs": {"result": {"name": "..."}}}},
        "resources": {"store": {"config": {"path": "..."}}},
    }
    assert whole["ops"]["first"]["inputs"] == {"start": 0, "step": 0, "loaded": {"rows": 0}}
    assert whole["resources"]["files"] == {"config": {"base": "/data"}}
    assert whole["loggers"] == {"lines": {"config": {"level": "INFO"}}}


def test_nested_graphs_and_config_mappings_are_told() -> None:
    @op(config_schema={"depth": int})
    def deep(value: int) -> int:
        return value

    @graph
    def inner(value: int) -> int:
        return deep(value)

    @graph(config=ConfigMapping(lambda given: {"deep": {"config": {"depth": given["level"]}}}, {"level": int}))
    def mapped(value: int) -> int:
        return deep(value)

    @job
    def nested() -> None:
        mapped(inner())

    least, _ = check(nested)
    assert least == {
        "ops": {
            "inner": {"ops": {"deep": {"config": {"depth": 0}}}, "inputs": {"value": 0}},
            "mapped": {"config": {"level": 0}},
        }
    }


def test_a_job_whose_config_is_mapped_shows_the_outer_config() -> None:
    @op(config_schema={"depth": int})
    def deep() -> None: ...

    @job(config=ConfigMapping(lambda given: {"ops": {"deep": {"config": {"depth": given["level"]}}}}, {"level": int}))
    def mapped() -> None:
        deep()

    assert check(mapped)[0] == {"level": 0}


def test_assets_are_told_by_their_ops_with_the_resources_they_need() -> None:
    @resource(config_schema={"path": str})
    def used(_context: Any) -> None: ...

    @resource(config_schema={"path": str})
    def unused(_context: Any) -> None: ...

    @asset(required_resource_keys={"used"})
    def orders(config: Place) -> None: ...

    @asset
    def report(orders: Any) -> None: ...

    made = Definitions(
        [orders, report], resources={"used": used, "unused": unused}, jobs=[define_asset_job("nightly")]
    ).resolve_job_def("nightly")
    assert check(made)[0] == {
        "ops": {"orders": {"config": {"host": "..."}}},
        "resources": {"used": {"config": {"path": "..."}}},
    }


def test_one_choice_of_a_selector_stands_there_and_the_others_are_told() -> None:
    @op(config_schema={"mode": Selector({"fast": {"level": int}, "slow": Shape({"naps": int}), "idle": bool})})
    def works() -> None: ...

    @job
    def chosen() -> None:
        works()

    assert check(chosen)[0] == {"ops": {"works": {"config": {"mode": {"fast": {"level": 0}}}}}}
    assert "# one of fast, slow, idle:" in skeleton(chosen)
    assert "# or slow: { naps: Int }" in skeleton(chosen)


def test_the_default_of_a_secret_is_not_told() -> None:
    @op(config_schema={"password": Field(str, default_value="geheim", is_secret=True)})
    def logs_in() -> None: ...

    @job
    def secret() -> None:
        logs_in()

    assert "geheim" not in skeleton(secret)
    assert "secret" in skeleton(secret)
    check(secret)


@pytest.mark.parametrize("odd", ["a\nops: {}", "a\r\nb: c", "x\u2028y: 1", "x\x85y: 1", "\x1b[2J", "\ud800"])
def test_no_description_can_become_config(odd: str) -> None:
    @op(config_schema={"n": Field(int, description=odd)})
    def works() -> None: ...

    @job
    def described() -> None:
        works()

    assert check(described)[0] == {"ops": {"works": {"config": {"n": 0}}}}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\ud800-\udfff]", skeleton(described))


@pytest.mark.parametrize("name", ["n", "yes", "null", "a b", "a: b", "#x", "1", "-", "", "é"])
def test_every_name_of_a_field_is_quoted_where_it_must_be(name: str) -> None:
    @op(config_schema={name: int})
    def works() -> None: ...

    @job
    def named() -> None:
        works()

    assert check(named)[0] == {"ops": {"works": {"config": {name: 0}}}}


def test_a_job_that_takes_nothing_says_so() -> None:
    @op
    def plain() -> None: ...

    @job
    def nothing() -> None:
        plain()

    assert skeleton(nothing) == "# Job nothing takes no config.\n{}\n"
    check(nothing)


def test_where_all_is_optional_the_text_is_no_config_at_all() -> None:
    @op(config_schema={"n": Field(int, default_value=1)})
    def works() -> None: ...

    @job
    def easy() -> None:
        works()

    least, whole = check(easy)
    assert (least, whole) == ({}, {"ops": {"works": {"config": {"n": 1}}}})
    assert "Everything is optional" in skeleton(easy)


def test_limits_of_config_classes_stand_beside_the_type() -> None:
    """The example value need not keep them; the comment says what does."""

    class Bounds(Config):
        rows: int = pydantic.Field(gt=0, le=9)
        name: str = pydantic.Field(default="quick", pattern="^q", min_length=1)

    @op
    def bounded(config: Bounds) -> None: ...

    @job
    def bounding() -> None:
        bounded()

    text = skeleton(bounding)
    assert "# Int or {env: NAME}, required, > 0, <= 9\n" in text
    assert "optional, length >= 1, matches ^q\n" in text or "optional, matches ^q, length >= 1\n" in text


@pytest.mark.parametrize("value", [1e-05, 1e300, -2.5e-300, 1e16, 0.1, 5e-324, float("inf"), float("-inf")])
def test_a_number_is_written_so_that_yaml_reads_it_as_that_number(value: float) -> None:
    @op(config_schema={"share": Field(float, default_value=value)})
    def works() -> None: ...

    @job
    def easy() -> None:
        works()

    assert check(easy)[1] == {"ops": {"works": {"config": {"share": value}}}}


def test_the_text_of_a_default_and_the_keys_of_a_map_come_back_as_they_were() -> None:
    odd = {"😀\x7f\u2028\\": '😀\x7f\x85\n"é', "yes": "null"}

    @op(
        config_schema={
            "names": Field(Map(str, str), default_value=odd),
            "rows": Field(Map(int, bool), default_value={7: True}),
        }
    )
    def works() -> None: ...

    @job
    def easy() -> None:
        works()

    assert check(easy)[1] == {"ops": {"works": {"config": {"names": odd, "rows": {7: True}}}}}


FIXED = {"ops": {"works": {"config": {"x": 1, "mode": {"slow": 2.5e-07}, "place": {"host": "here"}}}}}


@op(
    config_schema={
        "x": int,
        "mode": Selector({"fast": int, "slow": float}),
        "place": Shape({"host": str, "port": Field(int, default_value=80)}),
    }
)
def works() -> None: ...


@op(config_schema={"y": int})
def other() -> None: ...


def test_what_the_job_fixes_need_not_be_given_and_shows_what_it_is_fixed_at() -> None:
    @job(config=FIXED)
    def ready() -> None:
        works()

    least, whole = check(ready)
    assert least == {}
    assert whole == {
        "ops": {"works": {"config": {"x": 1, "mode": {"slow": 2.5e-07}, "place": {"host": "here", "port": 80}}}}
    }
    assert "# Int, fixed by the job\n      #x: 1\n" in skeleton(ready)
    assert "Everything is optional" in skeleton(ready)


def test_what_the_job_leaves_open_is_required_beside_what_it_fixes() -> None:
    @graph
    def both() -> None:
        works()
        other()

    least, whole = check(both.to_job(config=FIXED))
    assert least == {"ops": {"other": {"config": {"y": 0}}}}
    assert whole["ops"]["works"]["config"]["x"] == 1


def test_a_secret_that_the_job_fixes_is_not_told() -> None:
    @op(config_schema={"password": Field(str, is_secret=True)})
    def logs_in() -> None: ...

    @job(config={"ops": {"logs_in": {"config": {"password": "geheim"}}}})
    def secret() -> None:
        logs_in()

    assert "geheim" not in skeleton(secret)
    assert check(secret)[0] == {}


class Circle(Config):
    kind: Literal["circle"] = "circle"
    n: int = 3


class Square(Config):
    kind: Literal["square"] = "square"
    side: float


class Draws(Config):
    shape: Circle | Square = pydantic.Field(discriminator="kind")


def test_the_chosen_branch_of_a_union_is_yaml_with_all_its_lines() -> None:
    @op
    def draws(config: Draws) -> None: ...

    @job
    def drawing() -> None:
        draws()

    least, whole = check(drawing)
    assert least == whole == {"ops": {"draws": {"config": {"shape": {"circle": {"n": 3}}}}}}
    assert "# Int or {env: NAME}, optional\n" in skeleton(drawing)


def test_a_branch_where_nothing_has_a_default_tells_in_words_what_it_may_hold() -> None:
    @op(config_schema={"mode": Selector({"fast": {"n": Field(int, is_required=False)}, "slow": int})})
    def works() -> None: ...

    @job
    def chosen() -> None:
        works()

    assert check(chosen)[0] == {"ops": {"works": {"config": {"mode": {"fast": {}}}}}}
    assert '# may hold: "n" (Int)\n' in skeleton(chosen)
