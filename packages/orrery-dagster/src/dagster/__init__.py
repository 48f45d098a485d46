"""
The top-level name ``dagster`` over Orrery, so that existing projects run unchanged.

Every public name of Orrery is here under its own name; those that carry the product's prefix are
here under that prefix too (the table in ``_names.py``): ``dagster.DagsterInstance`` *is*
``orrery.Instance``. Nothing is defined here, so both spellings of a thing may be mixed in one program.

Installed by the distribution ``orrery-dagster``, which takes the place of the distribution
``dagster``: an environment has one or the other.

>>> import dagster
>>> dagster.AssetKey("a") == dagster.AssetKey(["a"])
True
"""

from __future__ import annotations

import orrery
from dagster._elsewhere import find_public_names
from dagster._names import RENAMED
from orrery.base.errors import nearest

# The release whose documented API these names follow, for programs that compare versions.
__version__ = "1.13.28"

_OURS = frozenset(orrery.__all__)
_THEIRS = {name: ours for name, ours in RENAMED.items() if ours in _OURS}

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    "__version__",
    *sorted((_OURS - {"__version__"} - set(_THEIRS.values())) | set(_THEIRS)),
]


find_public_names()


def __getattr__(name: str) -> object:
    ours = _THEIRS.get(name, name)
    if ours not in _OURS:
        raise AttributeError(_unknown(name), name=name)
    value: object = getattr(orrery, ours)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _unknown(name: str) -> str:
    what = f"module 'dagster' has no attribute {name!r}"
    near = None if name.startswith("__") else nearest(name, __all__)
    return f"{what}\n  Try: write '{near}', the nearest name that exists." if near else what
