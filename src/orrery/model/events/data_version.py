"""
Data versions: which content a value has, so that a consumer can tell whether it changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.base.records import Replaceable
from orrery.base.tags import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
    INPUT_EVENT_POINTER_TAG_PREFIX,
    NULL_EVENT_POINTER,
    canonical_tags,
)

__all__ = [
    "DataProvenance",
    "DataVersion",
    "DataVersionsByPartition",
    "data_provenance_of_tags",
    "data_version_of_tags",
]


class DataVersion(Replaceable, msgspec.Struct, frozen=True):
    """
    Name the content of a value; equal names mean equal content.

    Attributes:
        value: The name, for instance a digest or a revision.
    """

    value: str

    def __post_init__(self) -> None:
        given: object = self.value
        if not isinstance(given, str):
            raise InvalidDefinitionError(
                f"A data version is text, not {given!r} ({type(given).__name__}).",
                mend=f"write DataVersion({str(given)!r}).",
            )


class DataVersionsByPartition(Replaceable, msgspec.Struct, frozen=True):
    """
    The data version of each partition that was observed.

    Attributes:
        data_versions_by_partition: The versions, by partition key; may be given as text.
    """

    data_versions_by_partition: Mapping[str, DataVersion]

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(self, data_versions_by_partition: Mapping[str, str | DataVersion]) -> None: ...

    def __post_init__(self) -> None:
        given: Mapping[Any, Any] = self.data_versions_by_partition
        for key in given:
            if not isinstance(key, str):
                raise InvalidDefinitionError(
                    f"A partition key is text, not {key!r} ({type(key).__name__}).", mend=f"write {str(key)!r}."
                )
        kept = {key: each if isinstance(each, DataVersion) else DataVersion(each) for key, each in given.items()}
        msgspec.structs.force_setattr(self, "data_versions_by_partition", kept)


class DataProvenance(msgspec.Struct, frozen=True):
    """
    What a materialization was made from.

    Attributes:
        code_version: Version of the code that made it.
        input_data_versions: Data version of each input asset.
        input_storage_ids: Storage id of the event that told each input's version, if any.
        is_user_provided: Whether the user named the data version.
    """

    code_version: str
    input_data_versions: Mapping[AssetKey, DataVersion]
    input_storage_ids: Mapping[AssetKey, int | None]
    is_user_provided: bool

    @staticmethod
    def from_tags(tags: Mapping[str, str]) -> DataProvenance | None:
        """Return what the tags of a materialization tell; None if they tell no code version."""
        tags = canonical_tags(tags)
        code_version = tags.get(CODE_VERSION_TAG)
        if code_version is None:
            return None
        versions: dict[AssetKey, DataVersion] = {}
        pointers: dict[AssetKey, int | None] = {}
        version_prefix, pointer_prefix = f"{INPUT_DATA_VERSION_TAG_PREFIX}/", f"{INPUT_EVENT_POINTER_TAG_PREFIX}/"
        for name, value in tags.items():
            if name.startswith(version_prefix):
                versions[AssetKey.from_user_string(name[len(version_prefix) :])] = DataVersion(value)
            elif name.startswith(pointer_prefix):
                key = AssetKey.from_user_string(name[len(pointer_prefix) :])
                pointers[key] = None if value == NULL_EVENT_POINTER else int(value)
        return DataProvenance(
            code_version=code_version,
            input_data_versions=versions,
            input_storage_ids=pointers,
            is_user_provided=tags.get(DATA_VERSION_IS_USER_PROVIDED_TAG) == "true",
        )

    def has_input_asset(self, key: AssetKey) -> bool:
        """Tell whether *key* is among the inputs."""
        return key in self.input_data_versions

    @property
    def input_logical_versions(self) -> Mapping[AssetKey, DataVersion]:
        """Return the versions of the inputs, under their former name."""
        return self.input_data_versions


def data_version_of_tags(tags: Mapping[str, str] | None) -> DataVersion | None:
    """Return the data version that the tags of an event tell, if any."""
    if not tags:
        return None
    value = tags.get(DATA_VERSION_TAG)
    if value is None:
        value = canonical_tags(tags).get(DATA_VERSION_TAG)
    return None if value is None else DataVersion(value)


def data_provenance_of_tags(tags: Mapping[str, str] | None) -> DataProvenance | None:
    """Return what the tags of an event tell of what its value was made from, if anything."""
    return None if not tags else DataProvenance.from_tags(tags)
