"""
The settings of an instance: a small YAML file in its directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orrery.base.errors import StorageError

__all__ = ["read_settings"]


def read_settings(path: str) -> Mapping[str, Any]:
    """
    Return the settings in the file *path*; none if there is no such file.

    Raises:
        StorageError: The file is no YAML, or holds no mapping.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
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
        raise StorageError(f"The settings {path} are no YAML: {error}.", mend="correct the file.") from error
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise StorageError(
            f"The settings {path} hold {type(settings).__name__}, not a mapping.", mend="write 'name: value' lines."
        )
    return settings
