"""How long each kind of event is kept."""

from __future__ import annotations

from typing import Any

import pytest

from orrery.base.errors import StorageError
from orrery.model.events.event import EventType
from orrery.model.records.upkeep import EVENT_GROUPS, Retention, group_of


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
    assert cutoffs["log_lines"] == 1_000_000_000.0 - 90 * 86_400


def test_settings_stand_over_the_defaults() -> None:
    """A number of days, or for ever."""
    retention = Retention.of_settings({"steps": "forever", "materializations": 0.5})
    cutoffs = retention.cutoffs(now=86_400.0)
    assert "steps" not in cutoffs
    assert cutoffs["materializations"] == 43_200.0
    assert retention.days["log_lines"] == 90


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([1], "is a mapping, not list"),
        ({"step": 1}, "write 'steps'"),
        ({"steps": -1}, "'retention: steps' is a number of days"),
        ({"steps": True}, "not True"),
        ({"steps": "soon"}, "not 'soon'"),
        ({"steps": float("nan")}, "not nan"),
    ],
)
def test_a_wrong_setting_is_told(settings: Any, words: str) -> None:
    """By its name."""
    with pytest.raises(StorageError) as told:
        Retention.of_settings(settings)
    assert words in str(told.value)
