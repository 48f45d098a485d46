"""Run or skip: each difference is a reason of its own, and the policy says which count."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.cache_policy import CACHE_TAG, CachePolicy, policy_in
from orrery.model.events.reuse import ConfigPart, InputPart, Provenance
from orrery.plan.decide import Decision, LastMade, Situation, decide
from orrery.plan.fingerprint.facts import Place

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
MADE = Provenance(
    code={"m:f": "aa", "m:g": "bb"},
    libraries={"numpy": "2.0"},
    config={"limit": ConfigPart("c1", "3"), "db.password": ConfigPart("p1", "***")},
    inputs={"up": InputPart("v1", "run-1", 1), "src": InputPart("s1", "run-0", 2)},
    format="Files",
)


def situation(now: Provenance = MADE, **changes: Any) -> Situation:
    """Return a situation in which only what is named changed."""
    last = LastMade(provenance=MADE, at=(NOW - timedelta(hours=3)).timestamp(), run_id="0123456789", data_version="d")
    given: dict[str, Any] = {"asset": "a", "last": last, "now": now, "policy": CachePolicy(), "value": "present"}
    return Situation(**{**given, **changes})


def made(**changes: Any) -> Provenance:
    """Return the provenance with changes."""
    return msgspec.structs.replace(MADE, **changes)


def told(decision: Decision) -> list[str]:
    """Return the kinds of the reasons."""
    return [each.kind for each in decision.reasons]


def test_what_did_not_change_is_skipped() -> None:
    """The reason says how old the value is, and which run made it."""
    decision = decide(situation(), NOW)
    assert decision.action == "skip"
    assert decision.told == "current: made 3 h ago by run 01234567"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"code": {"m:f": "aa", "m:g": "cc"}}, "code changed: m:g (m.py:4-9)"),
        ({"code": {"m:f": "aa"}}, "code changed: m:g is gone"),
        ({"code": {**MADE.code, "m:h": "dd"}}, "code changed: m:h is new"),
        ({"code": {**MADE.code, "m:L": "ee"}, "constants": {"m:L": "20"}}, "code changed: m:L is new"),
        ({"libraries": {"numpy": "2.1"}}, "library numpy changed: 2.0 to 2.1"),
        ({"code_version": "2"}, "code version changed: none to 2"),
        ({"config": {**MADE.config, "limit": ConfigPart("c2", "4")}}, "config changed: limit was 3, is 4"),
        ({"config": {"limit": MADE.config["limit"]}}, "config changed: db.password was ***, is not given"),
        (
            {"inputs": {**MADE.inputs, "up": InputPart("v2", "run-2xyz", 9)}},
            "input up changed by run run-2xyz: v1 to v2",
        ),
        ({"inputs": {"src": MADE.inputs["src"]}}, "input up is gone"),
        ({"resources": {"db": "x"}}, "resource db changed: none to x"),
        ({"format": "Tables"}, "stored otherwise: by Files before, by Tables now"),
        ({"salt": "s"}, "the policy has another salt"),
    ],
)
def test_each_difference_is_a_reason(changed: dict[str, Any], text: str) -> None:
    """One difference gives one reason."""
    decision = decide(situation(made(**changed), places={"m:g": Place("m.py", 4, 9)}), NOW)
    assert decision.action == "run"
    assert decision.told == text


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"last": None}, "never_materialized"),
        ({"last": LastMade(provenance=None, at=0.0, run_id="r")}, "nothing_recorded"),
        ({"policy": None}, "no_policy"),
        ({"policy": CachePolicy(always=True)}, "always"),
        ({"policy": CachePolicy(ttl=timedelta(hours=2))}, "expired"),
        ({"value": "missing"}, "value_missing"),
        ({"value": "damaged: 3 of 5 bytes"}, "value_damaged"),
        ({"is_forced": True}, "forced"),
        ({"obstacle": "it is multiplied"}, "not_reusable"),
    ],
)
def test_what_else_makes_it_run(given: dict[str, Any], kind: str) -> None:
    """Each by a reason of its own."""
    decision = decide(situation(**given), NOW)
    assert (decision.action, told(decision)) == ("run", [kind])


@pytest.mark.parametrize(
    ("changed", "policy"),
    [
        ({"code": {}}, CachePolicy(on_code="ignore")),
        ({"libraries": {}}, CachePolicy(on_code="ignore")),
        ({"config": {}}, CachePolicy(on_config="ignore")),
        ({"inputs": {**MADE.inputs, "src": InputPart("s2")}}, CachePolicy(sources="ignore")),
        ({}, CachePolicy(ttl=timedelta(hours=4))),
    ],
)
def test_a_policy_may_ignore_a_difference(changed: dict[str, Any], policy: CachePolicy) -> None:
    """Then the value is current."""
    decision = decide(situation(made(**changed), policy=policy, external=frozenset({"src"})), NOW)
    assert decision.action == "skip"


def test_ignoring_sources_does_not_ignore_assets_of_the_project() -> None:
    """Only what the project does not make."""
    now = made(inputs={**MADE.inputs, "up": InputPart("v2")})
    decision = decide(situation(now, policy=CachePolicy(sources="ignore"), external=frozenset({"src"})), NOW)
    assert told(decision) == ["input_changed"]


def test_what_is_above_and_runs_makes_the_decision_uncertain() -> None:
    """Its new version may turn out the same."""
    decision = decide(situation(running=("up",)), NOW)
    assert (decision.action, decision.is_certain, told(decision)) == ("run", False, ["upstream_will_run"])


def test_a_policy_survives_its_tag() -> None:
    """What an asset's tags carry is what was said."""
    policy = CachePolicy(ttl=60, on_code="ignore", salt="x")
    assert policy_in(policy.as_tags()) == policy
    with pytest.raises(InvalidDefinitionError, match="holds no cache policy"):
        policy_in({CACHE_TAG: "often"})


@pytest.mark.parametrize("wrong", [{"ttl": -1}, {"ttl": "1h"}, {"on_code": "maybe"}, {"verify": True}, {"salt": 3}])
def test_a_policy_refuses_what_it_does_not_know(wrong: dict[str, Any]) -> None:
    """And names the choices."""
    with pytest.raises(InvalidDefinitionError, match="CachePolicy"):
        CachePolicy(**wrong)
