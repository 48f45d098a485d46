"""An asset is fresh exactly until the instant that was told, if nothing updates it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from orrery.model.automation.update_age import UpdateAge, judge_update_age, spoken_duration, ticks_around

CRONS = st.sampled_from([None, "0 0 * * *", "*/7 * * * *", "30 2 * * *", "0 9 * * 1", "@hourly"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
INSTANTS = st.floats(1.5e9, 1.9e9)
DELTAS = st.integers(0, 10 * 86400).map(lambda seconds: timedelta(seconds=seconds))


def judged(last: float, now: float, delta: timedelta, cron: str | None, zone: str) -> UpdateAge:
    return judge_update_age(last_update=last, now=now, lower_bound_delta=delta, deadline_cron=cron, timezone=zone)


@given(INSTANTS, st.floats(0, 20 * 86400), DELTAS, CRONS, ZONES)
def test_what_is_fresh_stays_so_until_it_was_said_to(
    last: float, age: float, delta: timedelta, cron: str | None, zone: str
) -> None:
    found = judged(last, last + age, delta, cron, zone)
    assert found.is_fresh == (found.fresh_until is not None)
    if found.fresh_until is None:
        return
    if cron is None:
        assert judged(last, found.fresh_until, delta, cron, zone).is_fresh
        assert not judged(last, found.fresh_until + 1, delta, cron, zone).is_fresh
    else:
        assert judged(last, found.fresh_until - 0.5, delta, cron, zone).is_fresh
        again = judged(last, found.fresh_until, delta, cron, zone)
        assert again.is_fresh == (last >= found.fresh_until - delta.total_seconds())


@given(INSTANTS, CRONS.filter(bool), ZONES)
def test_an_instant_lies_between_its_ticks(instant: float, cron: str, zone: str) -> None:
    latest, following = ticks_around(cron, zone, instant)
    assert latest <= instant < following
    assert ticks_around(cron, zone, latest) == (latest, following)


@given(st.integers(0, 10_000_000))
def test_a_duration_in_words_counts_up_to_itself(seconds: int) -> None:
    sizes = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
    parts = [part.split() for part in spoken_duration(seconds).split(", ")]
    assert sum(int(count) * sizes[unit.rstrip("s")] for count, unit in parts) == seconds
