"""
Partition keys: what a key may be, ranges of keys, and keys of several dimensions.

A key is text. What it may look like as a file is decided elsewhere (``base/names.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from orrery.base.errors import InvalidDefinitionError
from orrery.base.text import without_half_pairs

__all__ = [
    "FORBIDDEN_IN_KEYS",
    "MULTI_KEY_DELIMITER",
    "MultiPartitionKey",
    "PartitionDimensionKey",
    "PartitionKeyRange",
    "PartitionKeys",
    "check_partition_keys",
    "join_dimension_keys",
    "split_dimension_keys",
]

MULTI_KEY_DELIMITER = "|"

# "..." separates the ends of a range where people type one; the others break lines of records.
FORBIDDEN_IN_KEYS = ("...", "\a", "\b", "\f", "\n", "\r", "\t", "\v", "\0")
_FORBIDDEN = re.compile(r"\.\.\.|[\a\b\f\n\r\t\v\0]")


class PartitionKeyRange(NamedTuple):
    """
    Name the partitions from one key to another, both included, in the order of their definition.

    Attributes:
        start: First key.
        end: Last key.

    >>> PartitionKeyRange("a", "c").end
    'c'
    """

    start: str
    end: str


class PartitionKeys(list[str]):
    """
    Hold the keys of a definition, in order: a list that nobody may change.

    Definitions keep it and give it out without a copy, so that asking for 100,000 keys again costs
    nothing. Copy it with ``list(keys)`` to change it.
    """

    __slots__ = ()

    def _refuse(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError("These partition keys are shared and cannot be changed.\n  Try: change a copy, list(keys).")

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse

    def __reduce__(self) -> tuple[type[list[str]], tuple[list[str]]]:
        return list, (list(self),)


def check_partition_keys(keys: Iterable[object], *, where: str) -> None:
    """
    Refuse keys that cannot be stored and shown, naming the key.

    Args:
        keys: What was given as keys.
        where: Who gave them, as the message should say it.

    Raises:
        InvalidDefinitionError: A key is not text, is empty, holds one of :data:`FORBIDDEN_IN_KEYS`,
            or cannot be written as UTF-8.
    """
    kept: list[Any] = list(keys)
    # All at once first: a million keys are judged in a few milliseconds.
    if set(map(type, kept)) <= {str} and "" not in kept:
        joined = "\x1e".join(kept)
        if joined.isascii() and not _FORBIDDEN.search(joined):
            return
    for key in kept:
        if not isinstance(key, str):
            raise InvalidDefinitionError(
                f"A partition key of {where} is {key!r} ({type(key).__name__}), not text.",
                mend=f"write {str(key)!r}.",
            )
        if not key:
            raise InvalidDefinitionError(
                f"A partition key of {where} is empty.", mend="name the partition with at least one character."
            )
        found = _FORBIDDEN.search(key)
        if found is not None:
            raise InvalidDefinitionError(
                f"Partition key {key!r} of {where} holds {found.group()!r}, which no partition key may hold.",
                mend=f"write {_FORBIDDEN.sub('_', key)!r}.",
            )
        sound = without_half_pairs(key)
        if sound != key:
            raise InvalidDefinitionError(
                f"Partition key {key!r} of {where} holds half of a surrogate pair, which no file can hold.",
                mend=f"write {sound!r}.",
            )


_ODD_PART = re.compile(r"(\\*)(\||\Z)")


def _escape(part: str) -> str:
    if "|" not in part and not part.endswith("\\"):
        return part
    return _ODD_PART.sub(lambda m: m.group(1) * 2 + ("\\|" if m.group(2) else ""), part)


def join_dimension_keys(parts: Iterable[str]) -> str:
    r"""
    Join the keys of the dimensions to one text, reversibly.

    ``|`` stands between them. A ``|`` inside a part gets a backslash, and backslashes before it or
    at the end of a part are doubled; other parts stand as they are.

    >>> print(join_dimension_keys(["a", "b"]), join_dimension_keys(["a|b", "c"]))
    a|b a\|b|c
    """
    return MULTI_KEY_DELIMITER.join(map(_escape, parts))


def split_dimension_keys(text: str) -> list[str]:
    r"""
    Return the keys that :func:`join_dimension_keys` joined.

    >>> split_dimension_keys(r"a\|b|c")
    ['a|b', 'c']
    """
    if "\\" not in text:
        return text.split(MULTI_KEY_DELIMITER)
    parts: list[str] = []
    current: list[str] = []
    position = 0
    for match in _ODD_PART.finditer(text):
        if match.start() < position:
            continue
        slashes, delimiter = match.groups()
        current.append(text[position : match.start()])
        current.append("\\" * (len(slashes) // 2))
        if len(slashes) % 2:
            current.append(delimiter or "\\")
            if not delimiter:
                parts.append("".join(current))
        else:
            parts.append("".join(current))
            current = []
        position = match.end()
        if not delimiter:
            break
    return parts


class PartitionDimensionKey(NamedTuple):
    """
    Pair the name of a dimension with one of its keys.

    Attributes:
        dimension_name: Name of the dimension.
        partition_key: Key within it.
    """

    dimension_name: str
    partition_key: str


class MultiPartitionKey(str):
    """
    Name a partition of several dimensions: text that also knows its parts.

    As text, the keys stand in the order of the dimensions' names with ``|`` between them.

    Args:
        keys_by_dimension: One key for each dimension.

    Raises:
        InvalidDefinitionError: A name or a key is not text.

    >>> MultiPartitionKey({"region": "eu", "date": "2024-01-01"})
    '2024-01-01|eu'
    """

    __slots__ = ("_pairs",)

    _pairs: tuple[PartitionDimensionKey, ...]

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> MultiPartitionKey:
        """Join the keys of the dimensions."""
        given: Mapping[Any, Any] = keys_by_dimension
        for name, key in given.items():
            if not isinstance(name, str) or not isinstance(key, str):
                raise InvalidDefinitionError(
                    f"Dimension {name!r} of a multi-partition key has the key {key!r}: both must be text.",
                    mend=f"write {{{str(name)!r}: {str(key)!r}}}.",
                )
        names = sorted(keys_by_dimension)
        return cls.of(names, [keys_by_dimension[name] for name in names])

    @classmethod
    def of(cls, names: Sequence[str], keys: Sequence[str]) -> MultiPartitionKey:
        """Make the key of *keys*, which stand for the dimensions *names*, sorted by name."""
        return cls.of_pairs(join_dimension_keys(keys), tuple(map(PartitionDimensionKey, names, keys)))

    @classmethod
    def of_pairs(cls, text: str, pairs: tuple[PartitionDimensionKey, ...]) -> MultiPartitionKey:
        """Make the key of its joined text and its parts, which must say the same."""
        self = str.__new__(cls, text)
        self._pairs = pairs
        return self

    @property
    def dimension_keys(self) -> list[PartitionDimensionKey]:
        """Return the parts with their dimensions, sorted by name."""
        return list(self._pairs)

    @property
    def keys_by_dimension(self) -> dict[str, str]:
        """Return the key of each dimension by its name."""
        return dict(self._pairs)

    def __getnewargs__(self) -> tuple[dict[str, str]]:  # type: ignore[override]  # str pickles its text, we our parts
        return (self.keys_by_dimension,)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return MultiPartitionKey, (self.keys_by_dimension,)
