"""Tags: what each form takes, and how the aliases of system tags are kept."""

import pytest

from orrery.base import tags
from orrery.base.errors import InvalidDefinitionError
from orrery.base.tags import (
    canonical_tag,
    kinds_as_tags,
    kinds_of_tags,
    normalize_definition_tags,
    normalize_event_tags,
    normalize_run_tags,
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("dagster/priority", "orrery/priority"),
        (".dagster/repository", ".orrery/repository"),
        ("orrery/priority", "orrery/priority"),
        ("team", "team"),
        ("not-dagster/x", "not-dagster/x"),
    ],
)
def test_aliases_of_system_tags_become_ours(given: str, kept: str) -> None:
    assert canonical_tag(given) == kept


def test_every_constant_is_its_own_canonical_name() -> None:
    constants = [value for name, value in vars(tags).items() if name.endswith("_TAG")]
    assert len(constants) > 20
    assert all(canonical_tag(value) == value and "orrery/" in value for value in constants)


def test_values_of_definition_tags_become_json() -> None:
    given = {"a": 1, "b": {"x": [1]}, "c": None, "d": True, "e": 1.5, "f": "text", "dagster/priority": 3}
    assert normalize_definition_tags(given) == {
        "a": "1",
        "b": '{"x": [1]}',
        "c": "null",
        "d": "true",
        "e": "1.5",
        "f": "text",
        "orrery/priority": "3",
    }


def test_definition_tags_hold_any_text() -> None:
    given = {"a b": "é" * 1000, "x" * 70: "!"}
    assert normalize_definition_tags(given) == normalize_run_tags(given) == given


@pytest.mark.parametrize(("wrong", "right"), [({"a": "\udc80"}, "'a': '\\?'"), ({"\udc80": "a"}, "'\\?': 'a'")])
def test_a_tag_that_no_record_can_hold_is_refused(wrong: dict[str, str], right: str) -> None:
    """And whichever of the two is wrong, the mend has it right."""
    with pytest.raises(InvalidDefinitionError, match=rf"half of a surrogate pair(?s:.*)write {right}\."):
        normalize_run_tags(wrong)


@pytest.mark.parametrize("wrong", [{1: "a"}, {"a": object()}, {"a": {1: 2}}, {"a": float("nan")}, ["a"], "a"])
def test_what_json_cannot_say_is_no_definition_tag(wrong: object) -> None:
    with pytest.raises(InvalidDefinitionError, match="Try: "):
        normalize_definition_tags(wrong)


@pytest.mark.parametrize("given", [{"a": "b"}, {"a": ""}, {"a/b": "c"}, {"a.b-c_d": "e.f-g_h"}, {"x" * 63: "y" * 63}])
def test_the_strict_form_is_taken(given: dict[str, str]) -> None:
    assert normalize_event_tags(given) == given


@pytest.mark.parametrize("key", ["a b", "a/b/c", "/a", "a/", "", "é", "x" * 64, "a\n"])
def test_names_outside_the_strict_form_are_refused(key: str) -> None:
    with pytest.raises(InvalidDefinitionError, match="invalid tag keys"):
        normalize_event_tags({key: "v"})


@pytest.mark.parametrize("value", ["b c", "é", "x" * 64, "a/b", "a:b", "a\n"])
def test_values_outside_the_strict_form_are_refused(value: str) -> None:
    with pytest.raises(InvalidDefinitionError, match="Invalid tag value"):
        normalize_event_tags({"k": value})


@pytest.mark.parametrize("wrong", [{1: "a"}, {"a": 1}, ["a"]])
def test_event_tags_are_text(wrong: object) -> None:
    with pytest.raises(InvalidDefinitionError, match="Try: "):
        normalize_event_tags(wrong)


def test_system_tags_may_be_longer_than_the_strict_form() -> None:
    given = {"dagster/input_data_version/a/b/c": "f" * 64}
    assert normalize_event_tags(given) == {"orrery/input_data_version/a/b/c": "f" * 64}


def test_kinds_are_kept_as_tags() -> None:
    assert kinds_of_tags(kinds_as_tags(["parquet", "python"])) == {"parquet", "python"}
    assert kinds_of_tags({"dagster/kind/s3": "", "team": "x"}) == {"s3"}


def test_no_tags_are_an_empty_mapping() -> None:
    assert normalize_event_tags(None) == normalize_definition_tags(None) == {}
