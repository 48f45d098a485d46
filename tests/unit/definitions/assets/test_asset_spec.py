"""What a user says of an asset, a dependency, an input and an output."""

import pickle

import pytest

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.assets.asset_spec import AssetDep, AssetSpec, coerce_asset_deps, trusted_spec
from orrery.model.partitions.periods import DailyPartitionsDefinition

DAILY = DailyPartitionsDefinition("2024-01-01")


class Several:
    """A definition of several assets, as far as dependencies look."""

    def __init__(self, *names: str) -> None:
        self.keys = [AssetKey(name) for name in names]

    def asset_nodes(self) -> list[object]:
        """Mark it as a definition of assets."""
        return []

    @property
    def key(self) -> AssetKey:
        """Return the only key."""
        return self.keys[0]


def dep_names(spec: AssetSpec) -> list[str]:
    """Return the names of the upstream assets."""
    return [dep.asset_key.to_user_string() for dep in spec.deps]


def test_a_bare_spec_has_empty_collections() -> None:
    """Not None."""
    spec = AssetSpec("a")
    assert (spec.deps, spec.metadata, spec.owners, spec.tags, spec.kinds) == ([], {}, [], {}, set())
    assert (spec.group_name, spec.code_version, spec.skippable, spec.is_virtual) == (None, None, False, False)


def test_a_string_is_one_part_of_a_key() -> None:
    """As everywhere for keys."""
    assert AssetSpec("a/b").key == AssetKey(["a/b"])
    assert AssetSpec(["a", "b"]).key == AssetKey(["a", "b"])


def test_deps_are_taken_in_every_form() -> None:
    """Keys, names, parts, specs, definitions (all assets of each), dependencies."""
    spec = AssetSpec("a", deps=["b", AssetKey("c"), ["d", "e"], AssetSpec("f"), Several("g", "h"), AssetDep("i")])
    assert dep_names(spec) == ["b", "c", "d/e", "f", "g", "h", "i"]


def test_an_upstream_asset_named_twice_the_same_is_one_dep() -> None:
    """Saying it twice adds nothing."""
    assert dep_names(AssetSpec("a", deps=["b", "c", "b"])) == ["b", "c"]


def test_an_upstream_asset_named_in_two_ways_is_refused() -> None:
    """Nobody could tell which partition mapping counts."""
    with pytest.raises(InvariantViolationError, match="deps of asset 'a' name asset 'b' more than once"):
        AssetSpec("a", deps=[AssetDep("b", metadata={"x": 1}), "b"])


@pytest.mark.parametrize("deps", ["bc", AssetKey("b"), 3, {"b": 1}], ids=repr)
def test_deps_must_be_a_sequence(deps: object) -> None:
    """A string is not taken apart into letters."""
    with pytest.raises(InvalidDefinitionError, match="not a sequence of assets"):
        AssetSpec("a", deps=deps)


def test_one_dependency_is_on_one_asset() -> None:
    """A definition of several is ambiguous; its assets are told."""
    with pytest.raises(InvalidDefinitionError, match="it defines 'g', 'h'"):
        AssetDep(Several("g", "h"))
    assert AssetDep(Several("g")).asset_key == AssetKey("g")
    with pytest.raises(InvalidDefinitionError, match="is no asset"):
        AssetDep(3)


@pytest.mark.parametrize("owner", ["team:web", "team:a b", "ann@example.com", "ann.b+c@sub.example.co"])
def test_owners_are_teams_or_addresses(owner: str) -> None:
    """Either is kept as given."""
    assert AssetSpec("a", owners=[owner]).owners == [owner]


@pytest.mark.parametrize("owner", ["web", "team:", "a@b", "TEAM:web", "", 3])
def test_other_owners_are_refused_with_the_mend(owner: object) -> None:
    """The asset and the owner are named."""
    with pytest.raises(InvalidDefinitionError, match=r"Asset 'a' has the owner .*(?s:.)*write 'team:"):
        AssetSpec("a", owners=[owner])


@pytest.mark.parametrize("group", ["marketing", "marketing/web", "G_1"])
def test_group_names_are_segments(group: str) -> None:
    """Joined by slashes."""
    assert AssetSpec("a", group_name=group).group_name == group


@pytest.mark.parametrize("group", ["a b", "", "a-b", "a//b", "/a", "été", "a\n", 3])
def test_other_group_names_are_refused(group: object) -> None:
    """Empty ones too."""
    with pytest.raises(InvalidDefinitionError, match="group"):
        AssetSpec("a", group_name=group)


def test_kinds_are_kept_as_tags() -> None:
    """And are told apart from the others again."""
    spec = AssetSpec("a", tags={"x": "y"}, kinds={"dbt"})
    assert spec.tags == {"x": "y", "orrery/kind/dbt": ""}
    assert spec.kinds == {"dbt"}
    assert AssetSpec("a", tags={"dagster/kind/dbt": ""}).kinds == {"dbt"}


@pytest.mark.parametrize(
    "tags", [{"a b": "x"}, {"a": "x y"}, {"a": 1}, {1: "a"}, {"x" * 64: ""}, {"a": "y" * 64}, ["b"]], ids=repr
)
def test_tags_out_of_form_are_refused_with_the_asset(tags: object) -> None:
    """Names and values have strict forms."""
    with pytest.raises(InvalidDefinitionError, match="'a'"):
        AssetSpec("a", tags=tags)


@pytest.mark.parametrize(
    "arguments",
    [
        {"description": 1},
        {"code_version": 1},
        {"skippable": None},
        {"metadata": 3},
        {"metadata": {1: 2}},
        {"kinds": "dbt"},
        {"kinds": [1]},
        {"owners": "team:x"},
    ],
    ids=repr,
)
def test_values_of_the_wrong_type_are_refused(arguments: dict[str, object]) -> None:
    """Each names the argument or what it belongs to."""
    with pytest.raises(InvalidDefinitionError, match=f"{next(iter(arguments))}.*asset 'a'|asset 'a'.*"):
        AssetSpec("a", **arguments)


def test_an_argument_that_does_not_exist_is_a_type_error() -> None:
    """As for any function."""
    with pytest.raises(TypeError, match="foo"):
        AssetSpec("a", foo=1)


def test_replacing_keeps_what_is_not_given() -> None:
    """None is a value; leaving out is not."""
    spec = AssetSpec("a", deps=["x"], description="d", group_name="g", owners=["team:o"], metadata={"m": 1})
    changed = spec.replace_attributes(key="b", description=None)
    assert (changed.key, changed.description, changed.group_name) == (AssetKey("b"), None, "g")
    assert dep_names(changed) == ["x"]
    assert spec.replace_attributes() == spec


def test_tags_and_kinds_are_replaced_apart() -> None:
    """New tags leave the kinds, new kinds leave the tags."""
    spec = AssetSpec("a", tags={"x": "1"}, kinds={"k"})
    assert spec.replace_attributes(tags={"y": "2"}).tags == {"y": "2", "orrery/kind/k": ""}
    assert spec.replace_attributes(kinds={"z"}).tags == {"x": "1", "orrery/kind/z": ""}
    assert spec.replace_attributes(kinds=None).tags == {"x": "1"}
    assert spec.replace_attributes(tags=None, kinds=None).tags == {}


def test_merging_adds_and_the_given_wins() -> None:
    """Deps, owners and kinds add up; entries of mappings are overwritten."""
    spec = AssetSpec("a", deps=["x"], owners=["team:o"], tags={"t": "1", "u": "1"}, kinds={"k"}, metadata={"m": 0})
    merged = spec.merge_attributes(
        deps=["x", "y"], owners=["team:o", "team:p"], tags={"t": "2"}, kinds={"z"}, metadata={"m": 1}
    )
    assert dep_names(merged) == ["x", "y"]
    assert merged.owners == ["team:o", "team:p"]
    assert (merged.tags["t"], merged.tags["u"]) == ("2", "1")
    assert merged.kinds == {"k", "z"}
    assert merged.metadata == {"m": 1}


def test_an_io_manager_key_is_kept_in_metadata() -> None:
    """Beside what was there."""
    assert AssetSpec("a", metadata={"x": 1}).with_io_manager_key("p").metadata == {
        "x": 1,
        "dagster/io_manager_key": "p",
    }


def test_partition_mappings_are_those_of_the_deps() -> None:
    """Only those that were given."""
    spec = AssetSpec("a", deps=["x", AssetDep("y", partition_mapping="all")])
    assert spec.partition_mappings == {AssetKey("y"): "all"}
    assert spec.as_node().partition_mappings == {AssetKey("y"): "all"}


def test_specs_are_values() -> None:
    """Equal by content, hashable, immutable, and whole after a journey."""
    spec = AssetSpec("a", deps=[AssetDep("x", partition_mapping="m")], tags={"t": "1"}, owners=["team:o"])
    assert spec == AssetSpec("a", deps=[AssetDep("x", partition_mapping="m")], tags={"t": "1"}, owners=["team:o"])
    assert spec != AssetSpec("a")
    assert len({spec, AssetSpec("a"), AssetSpec("a")}) == 2
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert pickle.loads(pickle.dumps(spec)).as_node().source == spec.as_node().source
    with pytest.raises(AttributeError, match="immutable"):
        spec.key = AssetKey("b")
    with pytest.raises(AttributeError, match="immutable"):
        del spec.key


def test_lists_that_are_given_back_are_the_readers_own() -> None:
    """Changing them changes no spec."""
    spec = AssetSpec("a", deps=["x"], owners=["team:o"])
    spec.deps.clear()
    spec.owners.clear()
    assert dep_names(spec) == ["x"]
    assert spec.owners == ["team:o"]


def test_a_trusted_spec_equals_the_checked_one() -> None:
    """The fast way and the careful way make the same value."""
    fast = trusted_spec(
        AssetKey("a"), (AssetKey("b"),), group_name="g", tags={"t": "1"}, owners=("team:o",), source=("f.py", 1)
    )
    assert fast == AssetSpec("a", deps=["b"], group_name="g", tags={"t": "1"}, owners=["team:o"])
    assert fast.as_node().location == "f.py:1"
    assert fast.as_node().parent_keys == (AssetKey("b"),)
    assert fast.deps == [AssetDep("b")]


def test_a_bare_spec_is_an_external_asset() -> None:
    """With the default group if none is named."""
    (node,) = AssetSpec("a", deps=["b"]).asset_nodes()
    assert node.is_external
    assert not node.is_executable
    assert node.group_name == "default"
    assert node.parent_keys == (AssetKey("b"),)
    assert AssetSpec("a").check_nodes() == ()


def test_an_input_loads_the_asset_of_its_name_unless_told_otherwise() -> None:
    """By key or by prefix."""
    assert AssetIn().resolve_key("x") == AssetKey("x")
    assert AssetIn("a").resolve_key("x") == AssetKey("a")
    assert AssetIn(key_prefix=["p", "q"]).resolve_key("x") == AssetKey(["p", "q", "x"])
    assert AssetIn(AssetSpec("a")).key == AssetKey("a")


def test_an_input_has_a_key_or_a_prefix() -> None:
    """Not both."""
    with pytest.raises(InvalidDefinitionError, match="both the key"):
        AssetIn(key="a", key_prefix="p")


def test_inputs_are_coerced_from_what_names_an_asset() -> None:
    """A dependency brings its partition mapping along."""
    assert AssetIn.from_coercible("a") == AssetIn("a")
    assert AssetIn.from_coercible(AssetKey("a")) == AssetIn("a")
    assert AssetIn.from_coercible(AssetDep("a", partition_mapping="m")) == AssetIn("a", partition_mapping="m")
    assert AssetIn.from_coercible(AssetIn("a")) == AssetIn("a")
    with pytest.raises(InvalidDefinitionError):
        AssetIn.from_coercible(1)


def test_an_output_makes_the_asset_of_its_name_unless_told_otherwise() -> None:
    """By key or by prefix, not both."""
    assert AssetOut().key is None
    assert AssetOut().resolve_key("x") == AssetKey("x")
    assert AssetOut(key_prefix="p").resolve_key("x") == AssetKey(["p", "x"])
    assert AssetOut(key=["a", "b"]).resolve_key("x") == AssetKey(["a", "b"])
    with pytest.raises(InvalidDefinitionError, match="both the key"):
        AssetOut(key="a", key_prefix="p")


def test_an_output_says_all_of_its_asset() -> None:
    """Its spec has the key, the deps and the tags that its function adds."""
    out = AssetOut(group_name="g", tags={"a": "own"}, kinds={"k"}, owners=["team:o"], code_version="1")
    spec = out.to_spec(AssetKey("x"), [AssetDep("u")], additional_tags={"a": "added", "b": "c"}, partitions_def=DAILY)
    assert spec.tags == {"a": "own", "b": "c", "orrery/kind/k": ""}
    assert (spec.key, spec.group_name, spec.partitions_def) == (AssetKey("x"), "g", DAILY)
    assert dep_names(spec) == ["u"]


def test_an_output_from_a_spec_takes_all_but_deps() -> None:
    """An output depends on what its function depends on."""
    out = AssetOut.from_spec(AssetSpec("k", group_name="g", partitions_def=DAILY), is_required=False)
    assert (out.key, out.group_name, out.is_required) == (AssetKey("k"), "g", False)
    assert out.to_spec(AssetKey("k"), []).partitions_def == DAILY
    with pytest.raises(InvalidDefinitionError, match="which has deps"):
        AssetOut.from_spec(AssetSpec("k", deps=["g"]))


def test_an_output_is_an_output_of_its_op() -> None:
    """With the same IO manager, metadata and necessity."""
    out = AssetOut(io_manager_key="p", is_required=False, metadata={"m": 1}, description="d", code_version="1").to_out()
    assert (out.io_manager_key, out.is_required, out.metadata, out.description) == ("p", False, {"m": 1}, "d")


def test_inputs_outputs_and_deps_are_values() -> None:
    """Equal by content, immutable, and whole after a journey."""
    for value in (
        AssetDep("a", metadata={"x": 1}),
        AssetIn("a", metadata={"x": 1}),
        AssetOut(key="a", tags={"t": "1"}),
    ):
        assert pickle.loads(pickle.dumps(value)) == value
        assert hash(value) == hash(pickle.loads(pickle.dumps(value)))
        with pytest.raises(AttributeError, match="immutable"):
            value.metadata = {}


def test_coerced_deps_name_nobody_if_nobody_is_known() -> None:
    """The error still says what is wrong."""
    with pytest.raises(InvalidDefinitionError, match=r"^The deps are 'b'"):
        coerce_asset_deps("b")
