"""Paths beside the user's own source files."""

from __future__ import annotations

import os.path

__all__ = ["file_relative_path"]


def file_relative_path(dunderfile: str, relative_path: str) -> str:
    """
    Return the path of a file that lies beside a source file, whatever the working folder.

    Args:
        dunderfile: ``__file__`` of the source file.
        relative_path: Path from the folder of the source file.

    >>> file_relative_path("/project/assets.py", "data/prices.csv")
    '/project/data/prices.csv'
    """
    return os.path.join(os.path.dirname(dunderfile), relative_path)
