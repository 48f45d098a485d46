"""
Names that were probably meant to be others: one slip of the finger away from a known one.

Stricter than :func:`orrery.base.errors.nearest`, for where a name may just as well be right: one letter more, less or
other, or two letters turned; never a digit, as ``orders_1`` and ``orders_2`` are meant to differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

__all__ = ["slips"]

_LEAST_LETTERS = 4


def slips(names: Iterable[str], known: Iterable[str]) -> Mapping[str, str]:
    """
    Return, for each of *names* that is one slip away from a known name, that name.

    Takes time in proportion to the letters of both, not to their product.

    >>> slips(["ordes", "raw_orders", "orders_2"], ["orders", "orders_1"])
    {'ordes': 'orders'}
    """
    wanted = [name for name in names if len(name) >= _LEAST_LETTERS]
    if not wanted:
        return {}
    near: dict[str, str] = {}
    for name in known:
        for form in _forms(name):
            near.setdefault(form, name)
    found: dict[str, str] = {}
    for name in wanted:
        for form in _forms(name):
            meant = near.get(form)
            if meant is not None and meant != name and _digits(meant) == _digits(name):
                found[name] = meant
                break
    return found


def _forms(name: str) -> Iterator[str]:
    """Return the name, and each form of it without one letter: names one slip apart share one."""
    yield name
    for at in range(len(name)):
        yield name[:at] + name[at + 1 :]


def _digits(name: str) -> str:
    return "".join(letter for letter in name if letter.isdigit())
