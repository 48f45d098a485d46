"""Records tell wrong arguments in their own words, and are otherwise as before."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

import orrery as og
from orrery.base.records import refuse_unknown


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: og.MarkdownMetadataValue(md_st="x"), "write 'md_str' for 'md_st'"),
        (lambda: og.PythonArtifactMetadataValue("m"), r"write PythonArtifactMetadataValue\(module, name\)"),
        (lambda: og.NullMetadataValue(1), r"too many positional arguments"),
        (lambda: og.AssetSpec("a", group="g"), "write 'group_name' for 'group'"),
        (lambda: og.InputMapping("a"), "missing a required argument: 'mapped_node_name'"),
        (lambda: og.load_assets_from_modules([], groupname="x"), "write 'group_name' for 'groupname'"),
    ],
)
def test_a_wrong_argument_is_told_with_what_to_write(make: object, told: str) -> None:
    """It is a TypeError, too, as Python's own would be."""
    with pytest.raises(og.WrongArgumentsError, match=told) as caught:
        make()  # type: ignore[operator]
    assert isinstance(caught.value, TypeError)


def test_an_error_about_a_value_is_left_as_it_is() -> None:
    with pytest.raises(og.InvalidMetadataError, match="is text"):
        og.MarkdownMetadataValue(3)


def test_fields_come_first_in_the_signature() -> None:
    assert next(iter(inspect.signature(og.MarkdownMetadataValue).parameters)) == "md_str"
    assert next(iter(inspect.signature(og.GraphIn).parameters)) == "description"


def test_records_are_copied_and_pickled() -> None:
    value = og.MetadataValue.md("# Title")
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
    spec = og.AssetSpec("a", metadata={"m": value})
    assert copy.copy(spec) == spec


def test_what_is_unknown_and_near_to_nothing_is_to_be_left_out() -> None:
    with pytest.raises(og.WrongArgumentsError, match="leave it out"):
        refuse_unknown("load", {"xyz": 1}, ["group_name"])
