"""
The top-level name ``dagster_pipes`` over ``orrery_pipes``, so that existing external processes run unchanged.

Every public name of ``orrery_pipes`` is here under its own name.
"""

from __future__ import annotations

import orrery_pipes

# The release whose documented API these names follow, for programs that compare versions.
__version__ = "1.13.28"

_OURS = frozenset(orrery_pipes.__all__)

__all__ = ["__version__", *sorted(_OURS - {"__version__"})]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name not in _OURS:
        raise AttributeError(f"module 'dagster_pipes' has no attribute {name!r}", name=name)
    return getattr(orrery_pipes, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
