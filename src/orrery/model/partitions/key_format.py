"""
How instants become partition keys, and keys instants.

Formats are those of ``strftime``. The usual ones (year, month, day, hour, minute, second, each with
its full width) are written and read by slices, a hundred thousand in a few milliseconds; all
others go through :mod:`datetime`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from orrery.model.partitions.zones import Zone

__all__ = ["KeyFormat", "key_format_of", "offset_text"]

_DAY = 86400
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # a time on the wall, of no zone
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_TIME_DIRECTIVES = frozenset("HIMSp")
_HAS_HOUR = frozenset("HIcXsT")
_HAS_MINUTE = frozenset("McXsT")
_HAS_DAY = frozenset("dejcxsDFuwaA")


def offset_text(seconds: int) -> str:
    """
    Return an offset from UTC as ``%z`` writes it.

    >>> offset_text(-5 * 3600)
    '-0500'
    """
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{sign}{hours:02d}{minutes:02d}{f'{left:02d}' if left else ''}"


def _tokens(fmt: str) -> list[str] | None:
    """Return directives (as ``%Y``) and literal characters, or None if there is a directive with flags."""
    tokens: list[str] = []
    position = 0
    while position < len(fmt):
        if fmt[position] != "%":
            tokens.append(fmt[position])
            position += 1
        else:
            token = fmt[position : position + 2]
            if len(token) < 2 or not (token[1].isalpha() or token[1] == "%"):
                return None
            tokens.append(token)
            position += 2
    return tokens


class KeyFormat:
    """
    Write and read keys in one format.

    Attributes:
        text: The format.
        has_offset: Whether keys carry the offset from UTC themselves.
    """

    __slots__ = ("_date_part", "_fields", "_literals", "_time_part", "_time_texts", "_width", "has_offset", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        tokens = _tokens(text)
        directives = [token[1] for token in tokens or [] if token[0] == "%"]
        self.has_offset = "%z" in text
        self._fields: dict[str, slice] | None = None
        self._literals: list[tuple[int, str]] = []
        self._width = 0
        self._date_part: str | None = None
        self._time_part = ""
        self._time_texts: dict[int, str] = {}
        if tokens is None:
            return
        self._split_at_time(tokens)
        known = set(directives) <= _WIDTHS.keys() and len(set(directives)) == len(directives)
        if known and {"Y", "m", "d"} <= set(directives):
            fields, position = {}, 0
            for token in tokens:
                if token[0] == "%":
                    width = _WIDTHS[token[1]]
                    fields[token[1]] = slice(position, position + width)
                    position += width
                else:
                    self._literals.append((position, token))
                    position += 1
            self._fields, self._width = fields, position

    def _split_at_time(self, tokens: list[str]) -> None:
        """Split the format into what depends on the day alone and what on the time of day alone, if it can be."""
        allowed = _TIME_DIRECTIVES | frozenset("YmdjyBbaAuw%")
        if any(token[0] == "%" and token[1] not in allowed for token in tokens):
            return
        is_time = [token[0] == "%" and token[1] in _TIME_DIRECTIVES for token in tokens]
        if True in is_time:
            place = is_time.index(True)
            if any(
                token[0] == "%" and not time and token != "%%"
                for token, time in list(zip(tokens, is_time, strict=True))[place:]
            ):
                return
        else:
            place = len(tokens)
        self._date_part, self._time_part = "".join(tokens[:place]), "".join(tokens[place:])

    def tells_apart(self, *, hours: bool, minutes: bool, days: bool) -> bool:
        """Tell whether keys differ for each hour, minute of the hour and day, as far as asked for."""
        tokens = _tokens(self.text)
        if tokens is None:
            return True
        directives = {token[1] for token in tokens if token[0] == "%"}
        return (
            (not hours or bool(directives & _HAS_HOUR))
            and (not minutes or bool(directives & _HAS_MINUTE))
            and (not days or bool(directives & _HAS_DAY))
        )

    def write(self, instant: int, zone: Zone) -> str:
        """Return the key of an instant (seconds since the epoch)."""
        if self._date_part is None:
            return (_EPOCH_UTC + timedelta(seconds=instant)).astimezone(zone.info).strftime(self.text)
        return self._write_wall(instant + zone.offset_at(instant))

    def _write_wall(self, wall: int) -> str:
        day, second = divmod(wall, _DAY)
        return self._date_text(day) + self._time_text(second)

    def _date_text(self, day: int) -> str:
        found = date.fromordinal(day + _EPOCH_ORDINAL)
        if self._date_part == "%Y-%m-%d" or (self._date_part == "%Y-%m-%d-" and self._time_part):
            return found.isoformat() + ("-" if self._date_part[-1] == "-" else "")
        return found.strftime(self._date_part or "")

    def _time_text(self, second: int) -> str:
        if not self._time_part:
            return ""
        text = self._time_texts.get(second)
        if text is None:
            text = self._time_texts[second] = (_EPOCH + timedelta(seconds=second)).strftime(self._time_part)
        return text

    def write_all(self, instants: Sequence[int], zone: Zone) -> list[str]:
        """Return the keys of instants, which are sorted."""
        if not instants:
            return []
        if self._date_part is None:
            return [self.write(instant, zone) for instant in instants]
        changes = list(zone.changes(instants[0], instants[-1]))
        offset, keys, start = zone.offset_at(instants[0]), list[str](), 0
        for change in changes:
            stop = bisect_right(instants, change.at - 1, lo=start)
            self._write_stretch(keys, instants[start:stop], offset)
            offset, start = change.after, stop
        self._write_stretch(keys, instants[start:], offset)
        return keys

    def _write_stretch(self, keys: list[str], instants: Sequence[int], offset: int) -> None:
        if not self._time_part:
            keys.extend([self._date_text((instant + offset) // _DAY) for instant in instants])
            return
        last_day, prefix = None, ""
        texts = self._time_texts
        for instant in instants:
            day, second = divmod(instant + offset, _DAY)
            if day != last_day:
                prefix, last_day = self._date_text(day), day
            text = texts.get(second)
            keys.append(prefix + (self._time_text(second) if text is None else text))

    def read(self, key: str, zone: Zone, *, later: bool) -> int:
        """
        Return the instant that a key names, in seconds since the epoch.

        A key may end in an offset from UTC (``-0500``), to tell two times apart that look alike. Without
        one, a time that is shown twice is the earlier, or the *later*.

        Raises:
            ValueError: The key does not have this format.
        """
        fields, width = self._fields, self._width
        if fields is not None and key.isascii():
            length = len(key)
            if length == width:
                wall = self._read_wall(key, fields)
                if wall is not None:
                    return zone.instant_of_wall(wall, later=later)
            elif length == width + 5 and key[width] in "+-" and key[width + 1 :].isdigit():
                wall = self._read_wall(key, fields)
                if wall is not None:
                    offset = int(key[width + 1 : width + 3]) * 3600 + int(key[width + 3 :]) * 60
                    return wall - (offset if key[width] == "+" else -offset)
        return self._read_slowly(key, zone, later=later)

    def _read_wall(self, key: str, fields: dict[str, slice]) -> int | None:
        for position, literal in self._literals:
            if key[position] != literal:
                return None
        try:
            # int() also takes "+1" and " 1"; a key that is written so is refused when it is written back.
            seconds = (
                date(int(key[fields["Y"]]), int(key[fields["m"]]), int(key[fields["d"]])).toordinal() - _EPOCH_ORDINAL
            ) * _DAY
            if "H" in fields:
                hour = int(key[fields["H"]])
                minute = int(key[fields["M"]]) if "M" in fields else 0
                second = int(key[fields["S"]]) if "S" in fields else 0
                if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
                    return None
                seconds += hour * 3600 + minute * 60 + second
        except ValueError:
            return None
        return seconds

    def _read_slowly(self, key: str, zone: Zone, *, later: bool) -> int:
        try:
            parsed = datetime.strptime(key, self.text)  # noqa: DTZ007  # a time on the wall, of no zone
        except ValueError:
            if self.has_offset:
                raise
            parsed = datetime.strptime(key, f"{self.text}%z")
        if parsed.tzinfo is not None:
            return (parsed - _EPOCH_UTC) // timedelta(seconds=1)
        return zone.instant_of_wall((parsed - _EPOCH) // timedelta(seconds=1), later=later)


@lru_cache(maxsize=256)
def key_format_of(text: str) -> KeyFormat:
    """Return the format; the same value for the same text."""
    return KeyFormat(text)
