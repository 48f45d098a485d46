"""
Sets of whole numbers as bits of one big integer.

Partitions that can be numbered are held so: a set of 100,000 takes 12 kB, and union, difference
and intersection are single operations on integers. Numbers may be negative, for partitions before
the start of their definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["IndexSet"]

_RUN = re.compile(r"1+")
_FLAGS_TO_DIGITS = bytes([48, 49]) + bytes(254)


class IndexSet:
    """
    Hold a set of whole numbers; immutable.

    Attributes:
        base: The smallest member; zero if the set is empty.
        bits: Bit *i* stands for the number ``base + i``; bit 0 is set unless the set is empty.

    >>> list(IndexSet.of([5, 3, 4]) | IndexSet.of_range(8, 10))
    [3, 4, 5, 8, 9]
    """

    __slots__ = ("_bytes", "_length", "base", "bits")

    base: int
    bits: int
    _bytes: bytes | None
    _length: int

    def __init__(self, base: int = 0, bits: int = 0) -> None:
        if not bits:
            base = 0
        elif not bits & 1:
            zeros = (bits & -bits).bit_length() - 1
            base += zeros
            bits >>= zeros
        self.base = base
        self.bits = bits
        self._bytes = None
        self._length = -1

    @classmethod
    def of(cls, indexes: Iterable[int]) -> IndexSet:
        """Return the set of these numbers, given in any order."""
        members = indexes if isinstance(indexes, list) else list(indexes)
        if not members:
            return EMPTY
        base = min(members)
        if len(members) == 1:
            return cls(base, 1)
        flags = bytearray(max(members) - base + 1)
        if base:
            for index in members:
                flags[index - base] = 1
        else:
            for index in members:
                flags[index] = 1
        return cls.of_flags(flags, base)

    @classmethod
    def of_flags(cls, flags: bytes | bytearray, base: int = 0) -> IndexSet:
        """Return the set of the positions, counted from *base*, at which *flags* holds 1 and not 0."""
        if not flags:
            return EMPTY
        return cls(base, int(flags[::-1].translate(_FLAGS_TO_DIGITS), 2))

    @classmethod
    def of_range(cls, start: int, stop: int) -> IndexSet:
        """Return the set of the numbers from *start* to before *stop*."""
        return cls(start, (1 << (stop - start)) - 1) if stop > start else EMPTY

    @classmethod
    def of_runs(cls, runs: Iterable[tuple[int, int]]) -> IndexSet:
        """Return the set of the numbers in these half-open ranges, which may overlap."""
        kept = [run for run in runs if run[1] > run[0]]
        if not kept:
            return EMPTY
        if len(kept) == 1:
            return cls.of_range(*kept[0])
        base = min(start for start, _ in kept)
        flags = bytearray(max(stop for _, stop in kept) - base)
        for start, stop in kept:
            if stop - start == 1:
                flags[start - base] = 1
            else:
                flags[start - base : stop - base] = b"\1" * (stop - start)
        return cls.of_flags(flags, base)

    @classmethod
    def of_bytes(cls, base: int, data: bytes) -> IndexSet:
        """Return the set whose bits are *data*, lowest byte first."""
        return cls(base, int.from_bytes(data, "little"))

    def to_bytes(self) -> bytes:
        """Return the bits, lowest byte first."""
        if self._bytes is None:
            self._bytes = self.bits.to_bytes((self.bits.bit_length() + 7) // 8, "little")
        return self._bytes

    @property
    def stop(self) -> int:
        """Return the number after the greatest member."""
        return self.base + self.bits.bit_length()

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield the longest half-open ranges of members, in order."""
        if not self.bits:
            return
        base = self.base
        if len(self) == self.bits.bit_length():
            yield base, base + len(self)
            return
        for match in _RUN.finditer(format(self.bits, "b")[::-1]):
            start, stop = match.span()
            yield base + start, base + stop

    def __len__(self) -> int:
        if self._length < 0:
            self._length = self.bits.bit_count()
        return self._length

    def __bool__(self) -> bool:
        return self.bits != 0

    def __contains__(self, index: int) -> bool:
        offset = index - self.base
        if offset < 0:
            return False
        data = self.to_bytes() if self._bytes is None else self._bytes
        return (offset >> 3) < len(data) and bool(data[offset >> 3] >> (offset & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        for start, stop in self.runs():
            yield from range(start, stop)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, IndexSet):
            return self.base == other.base and self.bits == other.bits
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.base, self.bits))

    def __repr__(self) -> str:
        shown = ", ".join(f"{start}" if stop - start == 1 else f"{start}-{stop - 1}" for start, stop in self.runs())
        return f"IndexSet({{{shown}}})"

    def __or__(self, other: IndexSet) -> IndexSet:
        if not other.bits:
            return self
        if not self.bits:
            return other
        base = min(self.base, other.base)
        return IndexSet(base, self.bits << (self.base - base) | other.bits << (other.base - base))

    def __and__(self, other: IndexSet) -> IndexSet:
        base = max(self.base, other.base)
        return IndexSet(base, self.bits >> (base - self.base) & other.bits >> (base - other.base))

    def __sub__(self, other: IndexSet) -> IndexSet:
        shift = other.base - self.base
        taken = other.bits << shift if shift >= 0 else other.bits >> -shift
        return IndexSet(self.base, self.bits & ~taken)

    def isdisjoint(self, other: IndexSet) -> bool:
        """Tell whether no number is in both sets."""
        return not (self & other).bits

    def clipped(self, start: int, stop: int) -> IndexSet:
        """Return the members from *start* to before *stop*."""
        if start <= self.base and self.stop <= stop:
            return self
        return self & IndexSet.of_range(start, stop)


EMPTY = IndexSet()
