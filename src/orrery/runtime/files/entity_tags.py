"""
What a store elsewhere calls the bytes that it holds: a tag that changes with them, told without reading them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["entity_tag", "tag_in"]

_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "checksum")


def entity_tag(fs: Any, path: str) -> str | None:
    """
    Return the tag of what lies at *path* now; None if the store tells none.

    Args:
        fs: A file system of fsspec.
        path: The path on it.
    """
    fs.invalidate_cache(fs._parent(path))
    try:
        found = fs.info(path)
    except (FileNotFoundError, PermissionError, NotImplementedError):
        return None  # a directory in a store that has none, one who writes and may not look, a store that tells nothing
    return tag_in(found)


def tag_in(info: Mapping[str, Any]) -> str | None:
    """
    Return the tag in what a file system of fsspec tells of a file; None if there is none.

    >>> tag_in({"size": 3, "ETag": '"5f36"'})
    '5f36'
    """
    for name in _TAGS:
        if info.get(name):
            return str(info[name]).strip('"')
    return None
