"""Data versions: as values, by partition, and as tags of an event tell them."""

import pytest

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.model.events.data_version import (
    DataProvenance,
    DataVersion,
    DataVersionsByPartition,
    data_provenance_of_tags,
    data_version_of_tags,
)


def test_versions_by_partition_may_be_given_as_text() -> None:
    given = DataVersionsByPartition({"a": "x", "b": DataVersion("y")})
    assert given.data_versions_by_partition == {"a": DataVersion("x"), "b": DataVersion("y")}


@pytest.mark.parametrize("wrong", [{"a": 1}, {1: "a"}])
def test_versions_by_partition_are_text(wrong: dict[object, object]) -> None:
    with pytest.raises(InvalidDefinitionError):
        DataVersionsByPartition(wrong)


def test_provenance_is_read_from_tags_under_either_prefix() -> None:
    tags = {
        "dagster/code_version": "1",
        "dagster/input_data_version/a/b": "x",
        "orrery/input_event_pointer/a/b": "3",
        "orrery/input_event_pointer/c": "NULL",
        "orrery/data_version_is_user_provided": "true",
    }
    assert DataProvenance.from_tags(tags) == DataProvenance(
        code_version="1",
        input_data_versions={AssetKey(["a", "b"]): DataVersion("x")},
        input_storage_ids={AssetKey(["a", "b"]): 3, AssetKey("c"): None},
        is_user_provided=True,
    )


def test_without_a_code_version_there_is_no_provenance() -> None:
    assert DataProvenance.from_tags({"orrery/data_version": "1"}) is None
    assert data_provenance_of_tags(None) is None
    assert data_provenance_of_tags({"orrery/code_version": "1"}) == DataProvenance("1", {}, {}, False)


def test_the_version_of_a_value_is_read_from_tags() -> None:
    assert data_version_of_tags({"dagster/data_version": "1"}) == DataVersion("1")
    assert data_version_of_tags({"team": "x"}) is None
    assert data_version_of_tags(None) is None
