"""Functions of ops, assets, checks and hooks are called directly, as plain functions with their checks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import orrery as o


@o.op
def plus_one(x: int) -> int:
    return x + 1


@o.op
def with_context(context: o.OpExecutionContext, x: int) -> int:
    return x


class Limits(o.Config):
    low: int
    high: int = 9


class Shop(o.ConfigurableResource):  # type: ignore[misc]  # the public face is untyped here
    name: str


class Door(o.ConfigurableResource):  # type: ignore[misc]  # as above
    def setup_for_execution(self, context: Any) -> None:
        OPENED.append("open")

    def teardown_after_execution(self, context: Any) -> None:
        OPENED.append("close")


OPENED: list[str] = []


def message(error: pytest.ExceptionInfo[BaseException]) -> str:
    return str(error.value)


# -- arguments ---------------------------------------------------------------------------------------


def test_inputs_may_be_given_by_position_or_by_name() -> None:
    assert plus_one(1) == plus_one(x=1) == 2


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: plus_one(), 'No value provided for required input "x"'),
        (lambda: plus_one(1, 2), "Too many input arguments were provided for op 'plus_one'"),
        (lambda: plus_one(1, x=2), "Too many input arguments"),
        (lambda: plus_one(1, y=2), "no parameter 'y'"),
        (lambda: with_context(1), "no context was provided when invoking"),
        (lambda: with_context(), "no context was provided when invoking"),
        (lambda: with_context(x=1), "no value for 'context' was found"),
    ],
)
def test_wrong_arguments_are_refused_by_name(call: Callable[[], Any], told: str) -> None:
    with pytest.raises(o.InvalidInvocationError) as refused:
        call()
    assert told in message(refused)


def test_a_context_may_be_none_positional_or_named() -> None:
    context = o.build_op_context()
    assert with_context(None, 1) == with_context(context, 1) == with_context(context=context, x=1) == 1


def test_a_context_may_come_first_for_a_function_that_takes_none() -> None:
    assert plus_one(o.build_op_context(), 1) == 2


def test_defaults_of_inputs_hold() -> None:
    @o.op(ins={"y": o.In(default_value=5)})
    def add(x: int, y: int, z: int = 7) -> int:
        return x + y + z

    assert add(1) == 13


def test_nothing_inputs_take_no_value() -> None:
    @o.op(ins={"after": o.In(o.Nothing)})
    def late() -> int:
        return 1

    assert late() == 1
    with pytest.raises(o.InvalidInvocationError, match="nothing input 'after'"):
        late(after=1)
    with pytest.raises(o.InvalidInvocationError, match="nothing dependency"):
        late(1)


# -- types -------------------------------------------------------------------------------------------


def test_inputs_and_outputs_are_checked_against_their_types() -> None:
    @o.op
    def text(x: int) -> str:
        return x  # type: ignore[return-value]  # what is tested

    with pytest.raises(o.TypeCheckDidNotPass, match='output "result" - expected type "String"'):
        text(1)
    with pytest.raises(o.TypeCheckDidNotPass, match='input "x" - expected type "Int"'):
        text("a")


# -- results -----------------------------------------------------------------------------------------


def test_what_is_returned_comes_back_as_it_is() -> None:
    @o.op
    def wrapped() -> o.Output[int]:
        return o.Output(4, metadata={"rows": 1})

    @o.op(out={"a": o.Out(), "b": o.Out()})
    def two() -> tuple[int, int]:
        return 1, 2

    given = wrapped()
    assert isinstance(given, o.Output) and given.value == 4
    assert two() == (1, 2)


def test_a_generator_gives_its_items_and_is_checked_at_its_end() -> None:
    @o.op(out={"a": o.Out(int), "b": o.Out(is_required=False), "c": o.Out()})
    def some() -> Iterator[Any]:
        yield o.AssetMaterialization("seen")
        yield o.Output(1, "a")

    items = some()
    assert isinstance(next(items), o.AssetMaterialization)
    assert next(items).value == 1
    with pytest.raises(o.InvariantViolationError, match='did not return an output for non-optional output "c"'):
        next(items)


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([o.Output(1, "a"), o.Output(1, "a")], "multiple times"),
        ([1], "wrapped"),
        ([o.Output("x", "a")], "expected type"),
        ([o.Output(1, "b")], "does not exist"),
    ],
)
def test_wrong_items_of_a_generator_are_refused(items: list[Any], told: str) -> None:
    @o.op(out={"a": o.Out(int)})
    def some() -> Iterator[Any]:
        yield from items

    with pytest.raises(o.OrreryError, match=told):
        list(some())


def test_a_coroutine_function_gives_a_coroutine() -> None:
    @o.op
    async def later(x: int) -> int:
        await asyncio.sleep(0)
        return x

    assert asyncio.run(later(3)) == 3


def test_an_asynchronous_generator_gives_its_items() -> None:
    @o.op
    async def later() -> Any:
        yield o.Output(1)

    async def collect() -> list[Any]:
        return [each.value async for each in later()]

    assert asyncio.run(collect()) == [1]


def test_what_the_function_raises_is_raised() -> None:
    @o.op(retry_policy=o.RetryPolicy())
    def broken() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        broken()


# -- config ------------------------------------------------------------------------------------------


def test_config_comes_as_an_argument_or_from_the_context() -> None:
    @o.op
    def limits(config: Limits) -> tuple[int, int]:
        return config.low, config.high

    assert limits(Limits(low=1)) == limits(config={"low": 1}) == (1, 9)
    assert limits(o.build_op_context(op_config={"low": 2, "high": 3})) == (2, 3)
    with pytest.raises(o.InvalidConfigError, match="low"):
        limits()


def test_config_in_two_places_is_refused() -> None:
    @o.op
    def limits(context: Any, config: Limits) -> int:
        return config.low

    with pytest.raises(o.InvalidInvocationError, match="both context and kwargs"):
        limits(o.build_op_context(op_config={"low": 1}), config=Limits(low=2))


def test_config_by_schema_is_checked_and_gets_its_defaults() -> None:
    @o.op(config_schema={"n": o.Field(int, default_value=3)})
    def number(context: Any) -> Any:
        return context.op_config

    assert number(o.build_op_context()) == {"n": 3}
    with pytest.raises(o.InvalidConfigError, match="root:config:n"):
        number(o.build_op_context(op_config={"n": "x"}))
    assert o.configured(number, name="four")({"n": 4})(None) == {"n": 4}


# -- resources ---------------------------------------------------------------------------------------


def test_resources_come_as_arguments_or_from_the_context() -> None:
    @o.op
    def name(x: int, shop: Shop) -> tuple[int, str]:
        return x, shop.name

    assert name(1, Shop(name="a")) == name(1, shop=Shop(name="a")) == (1, "a")
    assert name(o.build_op_context(resources={"shop": Shop(name="b")}), 2) == (2, "b")
    with pytest.raises(o.InvalidInvocationError, match="both context and kwargs"):
        name(o.build_op_context(resources={"shop": Shop(name="b")}), 2, shop=Shop(name="c"))
    with pytest.raises(o.InvalidDefinitionError, match="'shop'"):
        name(1)


def test_a_resource_given_as_an_argument_is_open_for_the_call() -> None:
    @o.op
    def look(door: Door) -> list[str]:
        return list(OPENED)

    OPENED.clear()
    assert look(Door()) == ["open"]
    assert OPENED == ["open", "close"]


def test_a_resource_given_to_a_generator_is_open_until_its_end() -> None:
    @o.op
    def look(door: Door) -> Iterator[Any]:
        yield o.Output(list(OPENED))

    OPENED.clear()
    assert next(look(Door())).value == ["open"]


def test_a_context_with_a_resource_that_must_be_closed_stands_in_a_with_statement() -> None:
    @o.op(required_resource_keys={"door"})
    def look(context: Any) -> bool:
        return context.resources.door is not None

    with pytest.raises(o.InvariantViolationError, match="context manager scope"):
        look(o.build_op_context(resources={"door": Door()}))
    OPENED.clear()
    with o.build_op_context(resources={"door": Door()}) as context:
        assert look(context) and look(context)
        assert OPENED == ["open"]
    assert OPENED == ["open", "close"]


def test_resources_of_an_asset_are_opened_for_the_call_and_may_not_be_given_twice() -> None:
    @o.asset(resource_defs={"shop": Shop(name="own")})
    def name(shop: Shop) -> str:
        return shop.name

    assert name() == "own"
    with pytest.raises(o.InvalidInvocationError, match="both the definition and invocation context"):
        name(o.build_asset_context(resources={"shop": Shop(name="other")}))


def test_resources_take_config_from_the_context() -> None:
    @o.resource(config_schema={"z": int})
    def number(init: Any) -> int:
        return int(init.resource_config["z"])

    @o.op(required_resource_keys={"n"})
    def look(context: Any) -> int:
        return int(context.resources.n)

    context = o.build_op_context(resources={"n": number}, resources_config={"n": {"config": {"z": 4}}})
    assert look(context) == 4
    with pytest.raises(o.InvalidConfigError):
        o.build_op_context(resources={"n": number})


# -- assets and checks -------------------------------------------------------------------------------


def test_an_asset_is_called_with_its_upstream_values() -> None:
    @o.asset
    def orders(context: o.AssetExecutionContext, raw: int) -> tuple[str, int]:
        return context.asset_key.to_user_string(), raw

    assert orders(o.build_asset_context(), 1) == orders(None, raw=1) == ("orders", 1)
    assert orders(o.build_op_context(), raw=1) == ("orders", 1)


def test_results_of_assets_come_back_as_they_are() -> None:
    @o.asset
    def told() -> o.MaterializeResult[Any]:
        return o.MaterializeResult(metadata={"rows": 1})

    @o.multi_asset(specs=[o.AssetSpec("a"), o.AssetSpec("b")])
    def both() -> Iterator[Any]:
        yield o.MaterializeResult("a")
        yield o.MaterializeResult("b")

    assert told().metadata["rows"] in (1, o.MetadataValue.int(1))
    assert [each.asset_key.to_user_string() for each in both()] == ["a", "b"]


def test_an_asset_context_is_for_assets_alone() -> None:
    with pytest.raises(o.InvariantViolationError, match="can only be used to invoke an asset"):
        with_context(o.build_asset_context(), 1)


def test_a_check_is_called_with_its_asset() -> None:
    @o.asset_check(asset="orders")
    def positive(context: o.AssetCheckExecutionContext, orders: int) -> o.AssetCheckResult:
        return o.AssetCheckResult(passed=orders > 0, metadata={"specs": len(context.check_specs)})

    assert positive(o.build_asset_check_context(), 1).passed
    assert not positive(o.build_asset_check_context(), orders=0).passed


def test_a_partitioned_asset_sees_the_given_partition() -> None:
    @o.asset(partitions_def=o.StaticPartitionsDefinition(["p", "q"]))
    def parted(context: o.AssetExecutionContext) -> Any:
        return context.partition_keys, context.partition_key_range

    assert parted(o.build_asset_context(partition_key="p"))[0] == ["p"]
    both = o.PartitionKeyRange("p", "q")
    assert parted(o.build_asset_context(partition_key_range=both)) == (["p", "q"], both)
    with pytest.raises(o.OrreryError, match="zz"):
        parted(o.build_asset_context(partition_key="zz"))
    with pytest.raises(o.InvariantViolationError, match="non-partitioned"):
        parted(o.build_asset_context())


def test_the_window_of_a_daily_asset_is_known() -> None:
    @o.asset(partitions_def=o.DailyPartitionsDefinition("2024-01-01"))
    def daily(context: o.AssetExecutionContext) -> Any:
        return context.partition_time_window

    window = daily(o.build_asset_context(partition_key="2024-01-02"))
    assert (window.start.day, window.end.day) == (2, 3)


# -- the context afterwards --------------------------------------------------------------------------


def test_a_context_tells_afterwards_what_was_said_in_the_call() -> None:
    @o.op
    def speak(context: o.OpExecutionContext) -> int:
        context.add_output_metadata({"rows": 1})
        context.log_event(o.AssetMaterialization("seen"))
        return 1

    context = o.build_op_context()
    speak(context)
    assert context.get_output_metadata("result") == {"rows": 1}
    assert [type(each) for each in context.get_events()] == [o.AssetMaterialization]
    speak(context)
    assert len(context.get_events()) == 1


def test_a_context_serves_one_call_at_a_time() -> None:
    @o.asset
    def inner(context: Any) -> int:
        return 3

    @o.asset
    def outer(context: Any) -> int:
        return int(inner(context))

    context = o.build_asset_context()
    with pytest.raises(o.InvalidInvocationError, match="currently being used to execute outer"):
        outer(context)
    assert inner(context) == 3


@pytest.mark.parametrize("name", ["op", "run", "dagster_run", "job_def", "job_name", "node_handle", "repository_def"])
def test_what_only_a_run_knows_is_refused(name: str) -> None:
    @o.op
    def look(context: Any) -> Any:
        return getattr(context, name)

    with pytest.raises(o.InvalidPropertyError, match="not set on the context when an asset or op is directly invoked"):
        look(o.build_op_context())


def test_an_unbound_context_knows_what_it_was_given_and_no_op() -> None:
    context = o.build_op_context(op_config={"a": 1}, run_tags={"k": "v"}, partition_key="p", mapping_key="m")
    assert (context.op_config, context.run_tags, context.run_id) == ({"a": 1}, {"k": "v"}, "EPHEMERAL")
    assert (context.partition_key, context.get_mapping_key(), context.has_tag("k")) == ("p", "m", True)
    for name in ("op_def", "assets_def", "asset_key"):
        with pytest.raises(o.InvalidPropertyError):
            getattr(context, name)


def test_the_current_context_is_that_of_the_call() -> None:
    @o.asset
    def look(context: o.AssetExecutionContext) -> bool:
        return o.AssetExecutionContext.get() is context

    @o.op
    def each(context: o.OpExecutionContext) -> Iterator[Any]:
        yield o.Output(o.OpExecutionContext.get() is not None)

    assert look(o.build_asset_context())
    assert next(each(o.build_op_context())).value


# -- hooks and loggers -------------------------------------------------------------------------------


def test_a_hook_is_called_with_a_context() -> None:
    @o.failure_hook(required_resource_keys={"seen"})
    def note(context: o.HookContext) -> None:
        context.resources.seen.append((context.op.name, str(context.op_exception), context.job_name, context.run_id))

    seen: list[Any] = []
    context = o.build_hook_context(
        resources={"seen": seen}, op=plus_one, op_exception=ValueError("no"), job_name="j", run_id="r"
    )
    note(context)
    assert seen == [("plus_one", "no", "j", "r")]


def test_a_hook_refuses_wrong_calls() -> None:
    @o.success_hook(required_resource_keys={"s"})
    def hook(context: o.HookContext) -> None:
        return None

    with pytest.raises(o.InvalidInvocationError, match="expects one parameter"):
        hook()
    with pytest.raises(o.InvalidDefinitionError, match="'s' required by hook 'hook'"):
        hook(o.build_hook_context())


@pytest.mark.parametrize("name", ["op", "run_id", "job_name", "op_config", "step_key", "hook_def", "op_output_values"])
def test_a_hook_context_refuses_what_it_was_not_given(name: str) -> None:
    with pytest.raises(o.InvalidPropertyError):
        getattr(o.build_hook_context(), name)


def test_a_logger_is_made_with_a_checked_config() -> None:
    import logging

    @o.logger(config_schema={"level": str})
    def quiet(init: Any) -> logging.Logger:
        made = logging.Logger("quiet")
        made.setLevel(init.logger_config["level"])
        return made

    assert quiet(o.build_init_logger_context(logger_config={"level": "ERROR"})).level == logging.ERROR
    with pytest.raises(o.InvalidConfigError):
        quiet(o.build_init_logger_context(logger_config={"level": 3}))
