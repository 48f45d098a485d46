"""
From a local source file to its place in source control.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import PurePath, PurePosixPath

from orrery.base.errors import InvalidDefinitionError

__all__ = ["AnchorBasedFilePathMapping", "FilePathMapping"]


class FilePathMapping(ABC):
    """Translate paths of local files into paths inside a source control repository."""

    __slots__ = ()

    @abstractmethod
    def convert_to_source_control_path(self, local_path: PurePath) -> str:
        """Return the path of the local file *local_path* inside the repository."""


class AnchorBasedFilePathMapping(FilePathMapping):
    """
    Translate by one file whose place is known on both sides.

    Attributes:
        local_file_anchor: The file (or folder) on this machine.
        file_anchor_path_in_repository: The same file in the repository.

    >>> mapping = AnchorBasedFilePathMapping(PurePath("/src/app/defs.py"), "code/app/defs.py")
    >>> mapping.convert_to_source_control_path(PurePath("/src/app/assets/one.py"))
    'code/app/assets/one.py'
    """

    __slots__ = ("file_anchor_path_in_repository", "local_file_anchor")

    local_file_anchor: PurePath
    file_anchor_path_in_repository: str

    def __init__(self, local_file_anchor: PurePath, file_anchor_path_in_repository: str) -> None:
        self.local_file_anchor = local_file_anchor
        self.file_anchor_path_in_repository = file_anchor_path_in_repository

    def convert_to_source_control_path(self, local_path: PurePath) -> str:
        """
        Return the path of the local file *local_path* inside the repository.

        Raises:
            InvalidDefinitionError: The way from the anchor to the file leaves the repository.
        """
        anchor, path = PurePath(self.local_file_anchor).parts, PurePath(local_path).parts
        shared = 0
        for ours, theirs in zip(anchor, path, strict=False):
            if ours != theirs:
                break
            shared += 1
        up = len(anchor) - shared
        remote = PurePosixPath(self.file_anchor_path_in_repository).parts
        if shared == 0 or up > len(remote):
            raise InvalidDefinitionError(
                f"'{local_path}' lies outside the repository that holds '{self.local_file_anchor}'"
                f" at '{self.file_anchor_path_in_repository}'.",
                mend="choose an anchor whose repository holds every file.",
            )
        return str(PurePosixPath(*remote[: len(remote) - up], *path[shared:]))
