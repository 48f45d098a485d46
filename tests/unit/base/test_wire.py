"""The stored form of what records hold."""

import msgspec
import pytest

from orrery.base.keys import AssetKey
from orrery.base.wire import from_wire, to_wire
from orrery.model.partitions import MultiPartitionKey


def test_a_key_of_several_dimensions_is_stored_as_its_text() -> None:
    """As it stands in events of runs that make such a partition."""
    key = MultiPartitionKey({"day": "2024-01-01", "region": "a|b"})
    encoded = msgspec.json.encode({"partition": key, "asset": AssetKey(["a", "b"])}, enc_hook=to_wire)
    found = msgspec.json.decode(encoded)
    assert found == {"partition": str(key), "asset": ["a", "b"]}
    assert from_wire(AssetKey, found["asset"]) == AssetKey(["a", "b"])


def test_what_has_no_stored_form_is_told() -> None:
    with pytest.raises(TypeError, match="no stored form"):
        msgspec.json.encode(object(), enc_hook=to_wire)
