"""Text that UTF-8 cannot say, and so no record and no file: halves of surrogate pairs, as in names that Python could not decode."""

from __future__ import annotations

__all__ = ["without_half_pairs"]


def without_half_pairs(text: str) -> str:
    r"""
    Return *text* with ``?`` in the place of each half of a surrogate pair: the same where there is none.

    >>> without_half_pairs("caf\udce9"), without_half_pairs("café")
    ('caf?', 'café')
    """
    return text if text.isascii() else text.encode(errors="replace").decode()
