"""
The metadata entry: the form that metadata had before it was a mapping.
"""

from __future__ import annotations

from dataclasses import dataclass

from orrery.base.errors import InvalidMetadataError
from orrery.base.metadata.normalize import RawMetadataValue, normalize_metadata
from orrery.base.metadata.values import AnyMetadataValue

__all__ = ["MetadataEntry"]


@dataclass(frozen=True, slots=True, init=False)
class MetadataEntry:
    """
    One metadata value with its name; a mapping of values by name has replaced it.

    Args:
        label: The name.
        description: What it means.
        entry_data: The value, raw or a metadata value.
        value: The same under its newer name; give one of the two.
    """

    label: str
    description: str | None
    entry_data: AnyMetadataValue

    def __init__(
        self,
        label: str,
        description: str | None = None,
        entry_data: RawMetadataValue | None = None,
        value: RawMetadataValue | None = None,
    ) -> None:
        if (entry_data is None) == (value is None):
            raise InvalidMetadataError(
                f"Metadata entry '{label}' has {'no' if value is None else 'two'} values.",
                mend="give value= and not entry_data=.",
            )
        raw = entry_data if value is None else value
        put = object.__setattr__
        put(self, "label", label)
        put(self, "description", description)
        put(self, "entry_data", normalize_metadata({label: raw})[label])

    @property
    def value(self) -> AnyMetadataValue:
        """Return the metadata value."""
        return self.entry_data
