"""The spec of an asset check."""

import pickle
from types import SimpleNamespace

import pytest

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.assets.check_spec import AssetCheckSpec


def test_a_spec_is_about_an_asset_in_any_form() -> None:
    definition = SimpleNamespace(key=AssetKey(["a", "b"]))
    for asset in (["a", "b"], AssetKey(["a", "b"]), definition):
        assert AssetCheckSpec("c", asset=asset).key == AssetCheckKey(["a", "b"], "c")


def test_what_is_not_said_of_a_check() -> None:
    spec = AssetCheckSpec("c", asset="a")
    assert (spec.description, spec.additional_deps, spec.blocking, spec.metadata) == (None, (), False, {})
    assert spec.automation_condition is spec.partitions_def is None


def test_dependencies_take_keys_and_definitions_and_edges() -> None:
    edge = SimpleNamespace(asset_key=AssetKey("d"), partition_mapping="last", metadata={})
    spec = AssetCheckSpec("c", asset="a", additional_deps=["b", SimpleNamespace(key=AssetKey("k")), edge])
    assert spec.additional_dep_keys == (AssetKey("b"), AssetKey("k"), AssetKey("d"))
    assert spec.additional_deps[2] is edge


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: AssetCheckSpec(1, asset="a"), "name of an asset check"),
        (lambda: AssetCheckSpec("", asset="a"), "name of an asset check"),
        (lambda: AssetCheckSpec("c", asset=1), "asset key"),
        (lambda: AssetCheckSpec("c", asset="a", additional_deps=["a"]), "its own asset"),
        (lambda: AssetCheckSpec("c", asset="a", additional_deps=["b", "b"]), "twice"),
        (lambda: AssetCheckSpec("c", asset="a", additional_deps="b"), "a list"),
        (lambda: AssetCheckSpec("c", asset="a", blocking=1), "'blocking'"),
        (lambda: AssetCheckSpec("c", asset="a", description=1), "description"),
        (lambda: AssetCheckSpec("c", asset="a", metadata=[1]), "metadata"),
    ],
)
def test_a_wrong_argument_is_named(wrong: object, says: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=says):
        wrong()


def test_the_identifier_is_a_name_for_any_check() -> None:
    assert AssetCheckSpec("c", asset=["a", "b"]).get_python_identifier() == "a__b_c"
    odd = [AssetCheckSpec(name, asset="a/b").get_python_identifier() for name in ("a b", "a-b", "é", "a/b")]
    assert all(name.isidentifier() for name in odd)
    assert len(set(odd)) == len(odd)


def test_changed_copies_keep_the_rest() -> None:
    spec = AssetCheckSpec("c", asset="a", blocking=True, metadata={"x": object}, additional_deps=["b"])
    assert spec.replace_key(AssetCheckKey("k", "d")).key == AssetCheckKey("k", "d")
    assert spec.replace_key(AssetCheckKey("k", "d")).blocking
    changed = spec.with_metadata({"y": 1})
    assert (changed.metadata, changed.additional_deps) == ({"y": 1}, spec.additional_deps)


def test_specs_are_values() -> None:
    spec = AssetCheckSpec("c", asset="a", metadata={"x": [1]}, additional_deps=["b"])
    assert spec == AssetCheckSpec("c", asset="a", metadata={"x": [1]}, additional_deps=["b"])
    assert len({spec, AssetCheckSpec("c", asset="a")}) == 2
    assert pickle.loads(pickle.dumps(spec)) == spec
