"""The errors, under the path that programs import them from."""

from __future__ import annotations

import dagster
from dagster._names import RENAMED

__all__ = [name for name in RENAMED if name == "DagsterEventLogInvalidForRun" or name.endswith(("Error", "DidNotPass"))]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'dagster._core.errors' has no attribute {name!r}", name=name)
    return getattr(dagster, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
