"""
The settings of an instance: a small YAML file in its directory.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orrery.api.wiring.dagster_settings import in_our_words
from orrery.base.errors import StorageError, nearest_hint

__all__ = ["KNOWN", "check_overrides", "read_settings"]

KNOWN: Mapping[str, tuple[str, ...] | None] = {
    "cache": None,
    "compute_logs": ("enabled",),
    "concurrency": ("pools", "runs"),
    "python_logs": ("managed_python_loggers", "python_log_level", "level"),
    "retention": None,
    "run_coordinator": None,
    "run_launcher": None,
    "storage": None,
    "values": ("allow_unsigned", "key"),
}
"""Each entry that may stand in the file, with those below it; None where whoever reads it checks those."""


def read_settings(path: str) -> Mapping[str, Any]:
    """
    Return the settings in the file *path*; none if there is no such file.

    Raises:
        StorageError: The file is no YAML, holds no mapping, or has an entry that nobody knows.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        theirs = Path(path).with_name("dagster.yaml")
        if theirs.exists():
            warnings.warn(
                f"The settings in {theirs} are not read: Orrery's are in {Path(path).name}. To use them here, too, copy the file "
                "to that name; the records need a database of their own.",
                stacklevel=2,
            )
        return {}
    except NotADirectoryError as error:
        raise StorageError(
            f"The directory for records, {Path(path).parent}, is a file, or lies below one.",
            mend="take the file away, or name another place in ORRERY_HOME.",
        ) from error
    except OSError as error:
        raise StorageError(
            f"The settings {path} cannot be read: {error.strerror}.", mend="give yourself the right to read it."
        ) from error
    import yaml  # 15 ms, and most homes have no such file

    try:
        settings = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # What the parser says is in the message; told as its cause, it would stand there once more, between its frames.
        raise StorageError(f"The settings {path} are no YAML: {_fault(error)}.", mend="correct the file.") from None
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise StorageError(
            f"The settings {path} hold {type(settings).__name__}, not a mapping.", mend="write 'name: value' lines."
        )
    settings = in_our_words(settings, f"The settings {path}")
    _refuse_unknown(settings, f"The settings {path} have")
    return settings


def check_overrides(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return the settings that a program gives, without those that only a Dagster instance has: these are told by a warning.

    Raises:
        StorageError: One is known to nobody.
    """
    kept = in_our_words(overrides, "The settings that were given (overrides=)")
    _refuse_unknown(kept, "The settings that were given (overrides=) have")
    return kept


def _fault(error: Any) -> str:
    """Return what is wrong, and where, in one line."""
    what, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if what is None or mark is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {what}"


def _refuse_unknown(settings: Mapping[Any, Any], place: str) -> None:
    for key, value in settings.items():
        if key not in KNOWN:
            raise StorageError(
                f"{place} '{key}', which nobody knows.",
                mend=nearest_hint(str(key), KNOWN, noun="setting"),
            )
        known = KNOWN[key]
        if known is None or value is None:
            continue
        if not isinstance(value, Mapping):
            raise StorageError(
                f"{place} '{key}: {value}', where a mapping is expected.",
                mend=f"write '{key}: {{{known[0]}: ...}}'.",
            )
        for below in value:
            if below not in known:
                raise StorageError(
                    f"{place} '{key}: {below}', which nobody knows.",
                    mend=nearest_hint(str(below), known, noun="setting"),
                )
