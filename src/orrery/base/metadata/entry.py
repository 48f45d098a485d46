"""
The metadata entry: the form that metadata had before it was a mapping.
"""

from __future__ import annotations

import msgspec

from orrery.base.errors import InvalidMetadataError
from orrery.base.metadata.normalize import RawMetadataValue, normalize_metadata

__all__ = ["MetadataEntry"]


_put = msgspec.structs.force_setattr


class MetadataEntry(msgspec.Struct, frozen=True):
    """
    One metadata value with its name; a mapping of values by name has replaced it.

    Attributes:
        label: The name.
        description: What it means.
        entry_data: The metadata value; may be given raw.
        value: The same under its newer name; give one of the two.
    """

    label: str
    description: str | None = None
    entry_data: RawMetadataValue | None = None
    value: RawMetadataValue | None = None

    def __post_init__(self) -> None:
        if (self.entry_data is None) == (self.value is None):
            raise InvalidMetadataError(
                f"Metadata entry '{self.label}' has {'no' if self.value is None else 'two'} values.",
                mend="give value= and not entry_data=.",
            )
        raw = self.entry_data if self.value is None else self.value
        typed = normalize_metadata({self.label: raw})[self.label]
        _put(self, "entry_data", typed)
        _put(self, "value", typed)
