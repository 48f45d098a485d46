"""
Write entries in a compact form from now on; those that are there stay as they are, and are read.

Earlier releases could not read the new ones, and refuse the database by this revision.
"""

from __future__ import annotations

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Change no table."""
