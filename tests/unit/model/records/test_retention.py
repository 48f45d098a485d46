"""How long each kind of event is kept."""

from __future__ import annotations

from typing import Any

import pytest

from orrery.base.errors import StorageError
from orrery.model.events.event import EventType
from orrery.model.records.upkeep import EVENT_GROUPS, SWEEP_EVERY_SECONDS, Cutoff, Retention, Sweep, group_of, sweep_due


def test_every_kind_belongs_to_one_group() -> None:
    """Also one of a newer release."""
    grouped = [kind for kinds in EVENT_GROUPS.values() for kind in kinds]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {None, *(kind.value for kind in EventType)}
    assert group_of("STEP_TELEPATHY") == "steps"


def test_what_was_made_is_kept_for_ever_by_default() -> None:
    """And so are the changes of runs."""
    cutoffs = Retention.of_settings(None).cutoffs(now=1_000_000_000.0)
    assert not {"materializations", "runs"} & cutoffs.keys()
    assert cutoffs["log_lines"] == Cutoff(before=1_000_000_000.0 - 90 * 86_400)


def test_settings_stand_over_the_defaults() -> None:
    """A number of days, or for ever."""
    retention = Retention.of_settings({"steps": "forever", "materializations": 0.5})
    cutoffs = retention.cutoffs(now=86_400.0)
    assert "steps" not in cutoffs
    assert cutoffs["materializations"] == Cutoff(before=43_200.0)
    assert retention.days["log_lines"] == 90


def test_settings_say_how_many_are_kept() -> None:
    """Beside how long, or instead of it."""
    settings = {
        "steps": {"most": 7},
        "runs": {"most": 5},
        "checks": {"days": "forever", "most": 3},
        "plans": {"days": 1},
    }
    cutoffs = Retention.of_settings(settings).cutoffs(now=86_400.0)
    assert cutoffs["steps"] == Cutoff(before=86_400.0 * (1 - 180), most=7)
    assert (cutoffs["runs"], cutoffs["checks"]) == (Cutoff(most=5), Cutoff(most=3))
    assert cutoffs["plans"] == Cutoff(before=0.0)


@pytest.mark.parametrize(
    ("settings", "is_automatic"),
    [(None, False), ({}, True), ({"steps": 1}, True), ({"automatic": False}, False), ({"automatic": True}, True)],
)
def test_nothing_is_deleted_by_itself_unless_the_settings_speak_of_it(settings: Any, is_automatic: bool) -> None:
    assert Retention.of_settings(settings).is_automatic is is_automatic


def test_a_clock_that_was_set_back_puts_the_next_sweep_off_by_an_hour_at_most() -> None:
    assert sweep_due(Sweep(began=100_000.0), now=100_000.0 - SWEEP_EVERY_SECONDS) == Sweep(began=96_400.0, after=0)
    assert sweep_due(Sweep(began=100_000.0), now=99_000.0) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([1], "is a mapping, not list"),
        ({"step": 1}, "write 'steps'"),
        ({"steps": -1}, "'retention: steps' is a number of days"),
        ({"steps": True}, "not True"),
        ({"steps": "soon"}, "not 'soon'"),
        ({"steps": float("nan")}, "not nan"),
        ({"steps": {"moist": 3}}, "'retention: steps: moist'"),
        ({"steps": {"most": -1}}, "'retention: steps: most' is a number from 0"),
        ({"steps": {"most": True}}, "not True"),
        ({"automatic": "no"}, "'retention: automatic' is true or false"),
    ],
)
def test_a_wrong_setting_is_told(settings: Any, words: str) -> None:
    """By its name."""
    with pytest.raises(StorageError) as told:
        Retention.of_settings(settings)
    assert words in str(told.value)
