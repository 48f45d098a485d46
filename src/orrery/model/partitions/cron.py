"""
Cron strings as sets of wall-clock times, with arithmetic instead of walks.

A :class:`Cron` knows nothing of zones: it numbers the minutes of an ideal calendar that match, so
that "how many before" and "which is number *n*" are answered without stepping from one to the next.
``grid.py`` lays this calendar over the instants of a zone.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from functools import lru_cache

from orrery.base.errors import InvalidDefinitionError

__all__ = ["Cron", "parse_cron"]

_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = {n: i + 1 for i, n in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}
_WEEKDAYS = {n: i for i, n in enumerate("sun mon tue wed thu fri sat".split())}
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_LAST_YEAR = 9999


class _Field:
    """One field of a cron string: its bounds, and how its values are called."""

    __slots__ = ("high", "low", "name", "names")

    def __init__(self, name: str, low: int, high: int, names: dict[str, int] | None = None) -> None:
        self.name, self.low, self.high, self.names = name, low, high, names or {}

    def number(self, text: str) -> int:
        value = self.names.get(text)
        if value is None:
            if not text.isdecimal():
                raise ValueError(f"'{text}' is no {self.name}")
            value = int(text)
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.name} {value} lies outside {self.low}-{self.high}")
        return value

    def values(self, part: str) -> set[int]:
        span, slash, step_text = part.partition("/")
        step = 1
        if slash:
            if not step_text.isdecimal() or int(step_text) == 0:
                raise ValueError(f"step '{step_text}' of the {self.name} is no number above zero")
            step = int(step_text)
        if span == "*":
            # In the field of weekdays 7 is a second name of Sunday, no eighth day.
            return set(range(self.low, (6 if self.name == "weekday" else self.high) + 1, step))
        first_text, dash, last_text = span.partition("-")
        first = self.number(first_text)
        if not dash:
            return set(range(first, self.high + 1, step)) if slash else {first}
        last = self.number(last_text)
        if first <= last:
            return set(range(first, last + 1, step))
        if self.name == "weekday":
            last_day = 6
            return {(day - 7 if day > last_day else day) for day in range(first, last + 8, step)}
        span_length = self.high - self.low + 1
        return {(v - self.low) % span_length + self.low for v in range(first, last + span_length + 1, step)}


_MINUTE, _HOUR = _Field("minute", 0, 59), _Field("hour", 0, 23)
_DAY, _MONTH, _WEEKDAY = _Field("day", 1, 31), _Field("month", 1, 12, _MONTHS), _Field("weekday", 0, 7, _WEEKDAYS)


class Cron:
    """
    Number the wall-clock minutes that a cron string matches.

    Wall-clock seconds count from 1970-01-01 00:00 on the wall, of no zone.

    Attributes:
        text: The cron string as it was written.
        minutes, hours: Matching minutes of the hour and hours of the day, sorted.
        days, months, weekdays: Matching days (0 stands for the last), months and weekdays (Sunday is 0).
        every_hour: Whether each hour matches: such a schedule follows real time through clock changes.
        every_day: Whether each day matches.
        begins_days: Whether the hour after midnight is the only one that matches.
    """

    __slots__ = (
        "_by_year",
        "_day_restricted",
        "_nth_weekdays",
        "_per_week",
        "_times",
        "_weekday_restricted",
        "_weekly",
        "begins_days",
        "days",
        "every_day",
        "every_hour",
        "hours",
        "minutes",
        "months",
        "text",
        "weekdays",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        fields = _ALIASES.get(text.strip().lower(), text).lower().split()
        if len(fields) != 5:
            raise ValueError(f"it has {len(fields)} fields and not 5 (minute, hour, day, month, weekday)")
        minute, hour, day, month, weekday = fields
        self.minutes = tuple(sorted(_union(_MINUTE, minute)))
        self.hours = tuple(sorted(_union(_HOUR, hour)))
        self.months = frozenset(_union(_MONTH, month))
        self.days = frozenset(_days(day))
        self.weekdays, self._nth_weekdays = _weekdays(weekday)
        # As written: "1-31" names all days, and so any of them is enough beside a weekday.
        self._day_restricted = day not in ("*", "?")
        self._weekday_restricted = weekday not in ("*", "?")
        self.every_hour = len(self.hours) == 24
        any_day = not self._day_restricted and not self._weekday_restricted
        any_day = any_day or (self._day_restricted and self.days >= set(range(1, 32)))
        any_day = any_day or (self._weekday_restricted and len(self.weekdays) == 7)
        self.every_day = any_day and len(self.months) == 12
        self.begins_days = self.hours == (0,)
        self._times = [h * 3600 + m * 60 for h in self.hours for m in self.minutes]
        self._weekly = not self._day_restricted and len(self.months) == 12 and not self._nth_weekdays
        self._by_year: dict[int, tuple[int, tuple[int, ...]]] = {}
        # Day 0 of the epoch was a Thursday, which is weekday 4: places within a week that begins there.
        self._per_week = sorted((day - 4) % 7 for day in self.weekdays)
        if not self._weekly and not any(self._days_of_year(year) for year in range(2000, 2029)):
            raise ValueError("it never comes: no year has such a day")

    @property
    def ticks_per_day(self) -> int:
        """Return how many minutes match on a day that matches."""
        return len(self._times)

    def count_before(self, wall: int) -> int:
        """Return how many matching minutes lie before *wall*, counted from the epoch; below zero before it."""
        day, second = divmod(wall, 86400)
        before = self._days_before(day) * len(self._times)
        if second and self._matches_day(day):
            before += bisect_left(self._times, second)
        return before

    def at(self, number: int) -> int:
        """Return the wall-clock second of the matching minute before which *number* others lie."""
        day_number, place = divmod(number, len(self._times))
        return self._day_at(day_number) * 86400 + self._times[place]

    def walls(self, first: int, stop: int, less: int = 0) -> list[int]:
        """Return the wall-clock seconds of the matching minutes *first* to before *stop*, each *less* so many; as `at` numbers them."""
        if first >= stop:
            return []
        day, skip = divmod(first, len(self._times))
        last = (stop - 1) // len(self._times)
        days = range(day, last + 1) if self.every_day else self._days_between(day, last)
        midnights = [each * 86400 - less for each in days]
        return [midnight + second for midnight in midnights for second in self._times][skip : skip + stop - first]

    def matches(self, wall: int) -> bool:
        """Tell whether a tick stands at exactly this wall-clock second."""
        return self.at(self.count_before(wall)) == wall

    # Days: 0 is 1970-01-01. Three cases: all days, some weekdays, anything else (by the year).

    def _matches_day(self, day: int) -> bool:
        if self.every_day:
            return True
        return self._days_before(day + 1) > self._days_before(day)

    def _days_before(self, day: int) -> int:
        if self.every_day:
            return day
        if self._weekly:
            week, place = divmod(day, 7)
            return week * len(self._per_week) + bisect_left(self._per_week, place)
        year = date.fromordinal(day + _EPOCH_ORDINAL).year
        before, days = self._year(year)
        return before + bisect_left(days, day)

    def _day_at(self, number: int) -> int:
        if self.every_day:
            return number
        if self._weekly:
            week, place = divmod(number, len(self._per_week))
            return week * 7 + self._per_week[place]
        # Guess the year from the mean, then walk: cached years make each step a look-up.
        year = min(max(1970 + number // self._mean_per_year(), 1), _LAST_YEAR)
        while True:
            before, days = self._year(year)
            if number < before:
                year -= 1
            elif number >= before + len(days):
                year += 1
            else:
                return days[number - before]
            if not 1 <= year <= _LAST_YEAR:
                raise OverflowError(f"cron schedule '{self.text}' has no such tick within the calendar")

    def _days_between(self, first: int, last: int) -> list[int]:
        if self._weekly:
            week, skip = divmod(first, len(self._per_week))
            weeks = range(week, last // len(self._per_week) + 1)
            return [7 * each + place for each in weeks for place in self._per_week][skip : skip + last + 1 - first]
        found: list[int] = []
        ends = date.fromordinal(self._day_at(last) + _EPOCH_ORDINAL).year
        for year in range(date.fromordinal(self._day_at(first) + _EPOCH_ORDINAL).year, ends + 1):
            before, days = self._year(year)
            found.extend(days[max(first - before, 0) : last + 1 - before])
        return found

    def _mean_per_year(self) -> int:
        return max(1, (self._year(2028)[0] - self._year(2000)[0]) // 28)

    def _year(self, year: int) -> tuple[int, tuple[int, ...]]:
        known = self._by_year.get(year)
        if known is not None:
            return known
        if not self._by_year:
            self._by_year[1970] = (0, self._days_of_year(1970))
        first, last = min(self._by_year), max(self._by_year)
        while last < year:
            before, days = self._by_year[last]
            last += 1
            self._by_year[last] = (before + len(days), self._days_of_year(last))
        while first > year:
            before, _ = self._by_year[first]
            first -= 1
            days = self._days_of_year(first)
            self._by_year[first] = (before - len(days), days)
        return self._by_year[year]

    def _days_of_year(self, year: int) -> tuple[int, ...]:
        found: list[int] = []
        for month in sorted(self.months):
            first = date(year, month, 1).toordinal() - _EPOCH_ORDINAL
            last = (date(year, month + 1, 1) if month < 12 else date(year, 12, 31)).toordinal() - _EPOCH_ORDINAL
            length = last - first + (month == 12)
            by_day = {length if day == 0 else day for day in self.days if day <= length}
            by_weekday = self._month_weekdays(first, length)
            if self._day_restricted and self._weekday_restricted:
                chosen = by_day | by_weekday
            elif self._weekday_restricted:
                chosen = by_weekday
            else:
                chosen = by_day
            found.extend(first + day - 1 for day in sorted(chosen))
        return tuple(found)

    def _month_weekdays(self, first: int, length: int) -> set[int]:
        chosen: set[int] = set()
        starts = (first + 4) % 7  # the weekday of the first of the month; day 0 of the epoch is a 4
        for weekday in self.weekdays:
            chosen.update(range((weekday - starts) % 7 + 1, length + 1, 7))
        for weekday, nth in self._nth_weekdays:
            days = range((weekday - starts) % 7 + 1, length + 1, 7)
            if nth == 0:
                chosen.add(days[-1])
            elif nth <= len(days):
                chosen.add(days[nth - 1])
        return chosen

    def __repr__(self) -> str:
        return f"Cron({self.text!r})"


def _union(field: _Field, text: str) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        values |= field.values(part)
    return values


def _days(text: str) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        if part == "l":
            values.add(0)
        elif part == "?":
            values.update(range(1, 32))
        else:
            values |= _DAY.values(part)
    return values


def _weekdays(text: str) -> tuple[frozenset[int], tuple[tuple[int, int], ...]]:
    """Return the plain weekdays, and pairs of a weekday and which of the month it is (0: the last)."""
    plain: set[int] = set()
    nth: list[tuple[int, int]] = []
    for part in text.split(","):
        name, sharp, number = part.partition("#")
        if part == "?":
            plain.update(range(7))
        elif sharp:
            if number not in ("1", "2", "3", "4", "5", "l"):
                raise ValueError(f"'#{number}' is none of #1 to #5")
            nth.append((_WEEKDAY.number(name) % 7, 0 if number == "l" else int(number)))
        elif len(part) > 1 and part[0] == "l":
            nth.append((_WEEKDAY.number(part[1:]) % 7, 0))
        else:
            plain |= {day % 7 for day in _WEEKDAY.values(part)}
    return frozenset(plain), tuple(nth)


@lru_cache(maxsize=512)
def _parsed(text: str) -> Cron:
    return Cron(text)


def parse_cron(text: str, *, where: str) -> Cron:
    """
    Return the cron schedule *text*; the same value for the same text.

    Five fields: minute, hour, day, month, weekday. Lists, ranges (also over the end), steps, names
    of months and weekdays, ``?``, ``L`` (last day), ``5#2`` (second Friday), ``L5`` (last Friday)
    and the names ``@hourly`` ... ``@yearly``. If both day and weekday are restricted, either may match.

    Args:
        text: The cron string.
        where: Whose schedule it is, as the message should say it.

    Raises:
        InvalidDefinitionError: The string is no cron schedule, or never comes; the message says why.

    >>> parse_cron("30 2 * * *", where="an example").ticks_per_day
    1
    """
    if not isinstance(text, str):
        raise InvalidDefinitionError(
            f"Found invalid cron schedule {text!r} for {where}: it is not text.", mend='write "0 0 * * *".'
        )
    try:
        return _parsed(text)
    except ValueError as error:
        raise InvalidDefinitionError(
            f"Found invalid cron schedule '{text}' for {where}: {error}.",
            mend='write five fields, as in "0 0 * * *": minute, hour, day, month, weekday.',
        ) from error
