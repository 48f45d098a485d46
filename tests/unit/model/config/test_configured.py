"""Facts of configured copies and config mappings."""

from __future__ import annotations

from typing import Any

import pytest

from orrery.base.errors import ConfigMappingFunctionError, InvalidConfigError, InvalidInvocationError
from orrery.definitions.parts.resource import ResourceDefinition, resource
from orrery.model.config.configured import NOTHING_GIVEN, ConfigMapping, config_mapping, configured
from orrery.model.config.pythonic import Config
from orrery.model.config.schema import Field


@resource(config_schema={"a": int, "b": Field(str, default_value="d")})
def configurable(context: Any) -> Any:
    """What is configured here."""
    return context.resource_config


class Simple(Config):
    n: int = 7


class Outer(Config):
    n: int


def config_of(definition: ResourceDefinition, given: Any = NOTHING_GIVEN) -> Any:
    return definition.resolve_config(given, subject="test", environment={})


def test_a_constant_fixes_the_config() -> None:
    assert config_of(configurable.configured({"a": 3})) == {"a": 3, "b": "d"}


def test_a_fixed_config_takes_no_other() -> None:
    with pytest.raises(InvalidConfigError, match='unexpected config entry "a"'):
        config_of(configurable.configured({"a": 3}), {"a": 4})


def test_a_wrong_constant_is_refused_at_once() -> None:
    with pytest.raises(InvalidConfigError, match="root:config:a"):
        configurable.configured({"a": "3"})


def test_a_function_computes_the_config_from_a_simpler_one() -> None:
    simpler = configurable.configured(lambda config: {"a": config}, config_schema=int)
    assert config_of(simpler, 4) == {"a": 4, "b": "d"}
    with pytest.raises(InvalidConfigError):
        config_of(simpler, "4")


def test_configured_copies_can_be_configured_again() -> None:
    once = configurable.configured(lambda config: {"a": config["n"]}, config_schema={"n": int})
    assert config_of(once.configured({"n": 5})) == {"a": 5, "b": "d"}


def test_what_a_function_gives_is_checked() -> None:
    with pytest.raises(InvalidConfigError, match="root:config:a"):
        config_of(configurable.configured(lambda config: {"a": str(config)}, config_schema=int), 4)


def test_a_function_that_raises_is_told_as_such() -> None:
    broken = configurable.configured(lambda config: 1 / 0, config_schema=int)
    with pytest.raises(ConfigMappingFunctionError) as caught:
        config_of(broken, 4)
    assert isinstance(caught.value.user_exception, ZeroDivisionError)


def test_the_original_is_untouched() -> None:
    configurable.configured({"a": 3})
    assert configurable.config_field.is_required


def test_the_decorator_makes_a_copy_of_a_function() -> None:
    @configured(configurable, config_schema={"n": int})
    def simpler(config: Any) -> Any:
        return {"a": config["n"] + 1}

    assert isinstance(simpler, ResourceDefinition)
    assert config_of(simpler, {"n": 1})["a"] == 2


def test_a_config_class_as_annotation_is_the_schema() -> None:
    @configured(configurable)
    def simpler(config: Simple) -> Any:
        return {"a": config.n}

    assert config_of(simpler)["a"] == 7


def test_a_config_object_may_be_the_constant() -> None:
    class Mine(Config):
        a: int

    assert config_of(configurable.configured(Mine(a=1))) == {"a": 1, "b": "d"}


def test_a_constant_has_no_schema_of_its_own() -> None:
    with pytest.raises(InvalidInvocationError):
        configurable.configured({"a": 1}, config_schema={"n": int})


def test_what_takes_no_config_cannot_be_configured() -> None:
    with pytest.raises(InvalidInvocationError):
        configured(3)  # type: ignore[type-var]


def test_apply_config_mapping_returns_problems() -> None:
    result = configurable.configured(lambda n: {"a": n}, config_schema=int).apply_config_mapping({"config": "x"})
    assert not result.success
    assert configurable.apply_config_mapping({"config": {"a": 1}}).value == {"config": {"a": 1, "b": "d"}}


class TestConfigMapping:
    def test_the_function_sees_the_resolved_config(self) -> None:
        mapping = ConfigMapping(lambda config: {"load": {"config": config}}, {"n": Field(int, default_value=3)})
        assert mapping.resolve_from_unvalidated_config({}) == {"load": {"config": {"n": 3}}}

    def test_the_function_may_see_it_as_it_was_given(self) -> None:
        mapping = ConfigMapping(lambda config: config, {"n": Field(int, default_value=3)}, False)
        assert mapping.resolve_from_unvalidated_config({}) == {}

    def test_the_schema_is_checked(self) -> None:
        mapping = ConfigMapping(lambda config: config, {"n": int})
        with pytest.raises(InvalidConfigError):
            mapping.resolve_from_unvalidated_config({"n": "x"})

    def test_the_decorator_takes_a_config_class(self) -> None:
        @config_mapping
        def mapping(config: Outer) -> Any:
            return {"load": {"config": {"n": config.n + 1}}}

        assert mapping.resolve_from_unvalidated_config({"n": 1}) == {"load": {"config": {"n": 2}}}

    def test_a_function_that_raises_is_told_as_such(self) -> None:
        with pytest.raises(ConfigMappingFunctionError):
            ConfigMapping(lambda config: 1 / 0).resolve_from_validated_config({})
