"""The errors, under the path that programs import them from."""

from __future__ import annotations

from dagster._elsewhere import public_names_at
from dagster._names import RENAMED

__all__ = [name for name in RENAMED if name == "DagsterEventLogInvalidForRun" or name.endswith(("Error", "DidNotPass"))]

__getattr__ = public_names_at(__name__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
