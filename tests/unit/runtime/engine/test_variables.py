"""Environment variables that resources want are missed before anything runs, all at once, by resource and field."""

from typing import Any

import pytest

from orrery import (
    ConfigurableResource,
    Definitions,
    EnvVar,
    Instance,
    InvalidConfigError,
    asset,
    materialize,
)
from orrery.runtime.engine.variables import problems_of_variables


class Database(ConfigurableResource[Any]):
    password: str
    port: int = 5432


class Shop(ConfigurableResource[Any]):
    database: Database
    token: str = "none"


CALLED: list[str] = []


@asset
def orders(shop: Shop) -> str:
    CALLED.append("orders")
    return shop.database.password


@asset
def users() -> int:
    return 1


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    CALLED.clear()
    for name in ("SHOP_TOKEN", "SHOP_PASSWORD", "SHOP_PORT"):
        monkeypatch.delenv(name, raising=False)


def shop() -> Shop:
    database = Database(password=EnvVar("SHOP_PASSWORD"), port=EnvVar.int("SHOP_PORT"))
    return Shop(token=EnvVar("SHOP_TOKEN"), database=database)


def test_no_run_is_recorded_and_nothing_runs() -> None:
    with Instance.ephemeral() as instance:
        with pytest.raises(InvalidConfigError):
            materialize([orders], resources={"shop": shop()}, instance=instance)
        assert instance.get_runs() == []
    assert CALLED == []


def test_all_of_them_are_told_by_resource_and_field_of_whatever_depth() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        materialize([orders], resources={"shop": shop()})
    message = str(caught.value)
    assert "resource 'shop'" in message
    assert '"SHOP_TOKEN" which is not set, for the value at path root:resources:shop:config:token' in message
    assert (
        '"SHOP_PASSWORD" which is not set, for the value at path root:resources:shop:config:database:password'
        in message
    )
    assert "set the environment variable 'SHOP_PORT' to a value" in message


def test_a_text_that_does_not_fit_is_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "t")
    monkeypatch.setenv("SHOP_PASSWORD", "secret")
    monkeypatch.setenv("SHOP_PORT", "many")
    with pytest.raises(InvalidConfigError, match='"SHOP_PORT" cannot be coerced'):
        materialize([orders], resources={"shop": shop()})


def test_what_is_set_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "t")
    monkeypatch.setenv("SHOP_PASSWORD", "secret")
    monkeypatch.setenv("SHOP_PORT", "1")
    assert materialize([orders], resources={"shop": shop()}).output_for_node("orders") == "secret"


def test_a_resource_that_no_step_needs_is_not_asked() -> None:
    assert materialize([users], resources={"shop": shop()}).success


def test_a_resource_that_is_held_and_provided_is_told_once() -> None:
    database = Database(password=EnvVar("SHOP_PASSWORD"))
    resources = {"database": database, "shop": Shop(database=database)}
    definitions = Definitions(resources=resources).get_repository_def().resource_definitions()
    problems = problems_of_variables(definitions, definitions, None, {})
    assert [problem.path for problem in problems] == [("resources", "database", "config", "password")]
