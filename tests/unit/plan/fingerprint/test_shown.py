"""What is recorded of constants for people to read, and what is not."""

from pathlib import Path
from typing import Any

import pytest

from orrery import Instance, asset, explain, materialize
from orrery.plan.fingerprint.reach import Reacher
from orrery.plan.fingerprint.shown import shown_constant, shown_value
from orrery.runtime.engine.code_facts import InstalledCode

LIMIT = [1]
API_TOKEN = [1]
WORDS: list[object] = []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (15, "15"),
        (1.5, "1.5"),
        (None, "None"),
        (True, "True"),
        ("2013-01-01", "'2013-01-01'"),
        ((15, 30), "(15, 30)"),
        ({"a": [1, 2]}, "{'a': [1, 2]}"),
        ("x" * 17, None),
        ("postgresql://me:mine@host/db", None),
        ("pg://me:mine@h", None),
        ("pg://me@h:5432", "'pg://me@h:5432'"),
        ({"password": 1}, None),
        ([["x" * 17]], None),
        ([[1]], "[[1]]"),
        ([[[1]]], None),
        (list(range(9)), None),
        (["0123456789abcdef"] * 8, None),
        (object(), None),
        ({1, 2}, None),
    ],
)
def test_short_plain_values_alone_are_shown(value: Any, shown: str | None) -> None:
    """Nothing long, nothing that may be a key or an address with a password, nothing with a form of its own."""
    assert shown_constant("module:LIMITS", value) == shown


@pytest.mark.parametrize("name", ["m:PASSWORD", "m:f.api_key", "m:Secrets", "m:ACCESS_KEY_ID"])
def test_secrets_are_not_shown(name: str) -> None:
    """By their names."""
    assert shown_constant(name, 1) is None


def test_what_comes_from_the_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is called: it may be a key."""
    monkeypatch.setenv("ORRERY_TEST_SOMETHING", "hunter2")

    @asset
    def reads() -> object:
        return WORDS

    WORDS[:] = ["hunter2", 1]
    function = reads.op._compute_fn.fn
    assert Reacher(InstalledCode()).reach(function).constants == {}
    WORDS[:] = ["hunter3", 1]
    assert Reacher(InstalledCode()).reach(function).constants == {f"{__name__}:WORDS": "['hunter3', 1]"}


def test_a_reason_tells_what_a_constant_was_and_is(tmp_path: Path) -> None:
    """What is secret changes, too, and is named alone; of functions their place is told."""

    @asset
    def limited() -> int:
        return LIMIT[0] + API_TOKEN[0]

    LIMIT[0], API_TOKEN[0] = 1, 1
    with Instance.local_temp(str(tmp_path)) as instance:
        result = materialize([limited], instance=instance)
        LIMIT[0], API_TOKEN[0] = 20, 5
        step = explain(limited, [limited], instance=instance)
        assert set(map(str, step.decision.reasons)) == {
            f"code changed: {__name__}:LIMIT was [1], is [20]",
            f"code changed: {__name__}:API_TOKEN",
        }
        (made,) = result.get_asset_materialization_events()
        assert made.event_specific_data.provenance.constants == {f"{__name__}:LIMIT": "[1]"}
        materialize([limited], instance=instance)
        assert explain(limited, [limited], instance=instance).decision.action == "skip"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("pg://me:mine@host:5432/db", '"pg://me:***@host:5432/db"'),
        ("see http://host:80/a@b", '"see http://host:80/a@b"'),
        ([{"host": "h", "password": "mine"}], '[{"host": "h", "password": "***"}]'),
        ([[{"api_key": ["mine"]}]], '[[{"api_key": "***"}]]'),
    ],
)
def test_secrets_inside_of_a_value_of_config_are_not_shown(value: Any, shown: str) -> None:
    """Nor is the password of an address, whatever the field is called."""
    assert shown_value(value) == shown
