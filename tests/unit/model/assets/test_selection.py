"""Selections: what each resolves to on one small project, and what is refused."""

import pickle
from dataclasses import dataclass

import pytest

from orrery.base.errors import InvalidDefinitionError, InvalidSubsetError, InvariantViolationError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetCheckNode, AssetNode
from orrery.model.assets.selection import AssetSelection, KeysAssetSelection


@dataclass(frozen=True)
class Column:
    """A column of a schema, as far as a selection looks."""

    name: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Schema:
    """A schema, as far as a selection looks."""

    columns: tuple[Column, ...]


def made(spec: AssetSpec, execution_set: str | None = None) -> AssetNode:
    """Return the node of a spec that the project makes."""
    return spec.as_node(is_materializable=True, execution_set=execution_set)


SCHEMA = Schema((Column("id", {"pii": "", "unit": "none"}),))
NODES = [
    AssetSpec("src", group_name="g1", tags={"t": "1"}).as_node(),
    AssetSpec(
        "ext", deps=["src"], group_name="g1", owners=["team:x"], kinds={"k1"}, metadata={"dagster/table_name": "db.t"}
    ).as_node(),
    made(
        AssetSpec(
            "a",
            deps=["src", "ext"],
            group_name="g1",
            owners=["team:x"],
            kinds={"k1", "k2"},
            tags={"t": "1", "e": ""},
            metadata={"dagster/table_name": "db.t", "dagster/column_schema": SCHEMA},
        )
    ),
    made(AssetSpec("b", deps=["a"], group_name="g1/sub", tags={"t": "2"})),
    made(AssetSpec(["p", "q", "c"], deps=["b"])),
    made(AssetSpec("m1", deps=["b"]), "m"),
    made(AssetSpec("m2", deps=["a"]), "m"),
    made(AssetSpec("m3", deps=["m1"]), "m"),
    made(AssetSpec("z", deps=[["p", "q", "c"], "m2"])),
    AssetSpec("obs").as_node(is_observable=True),
    made(AssetSpec("y", deps=["obs"])),
]
CHECKS = [
    AssetCheckNode(key=AssetCheckKey("m1", "mc"), execution_set="m"),
    AssetCheckNode(key=AssetCheckKey("a", "ch")),
    AssetCheckNode(key=AssetCheckKey("z", "ch2")),
]
GRAPH = AssetGraph(NODES, CHECKS)
S = AssetSelection
MADE = "a b m1 m2 m3 p/q/c y z"
EVERY = "a b ext m1 m2 m3 obs p/q/c src y z"


def assets_of(selection: AssetSelection, graph: AssetGraph = GRAPH) -> str:
    """Return the names that are selected, sorted."""
    return " ".join(sorted(key.to_user_string() for key in selection.resolve(graph)))


def checks_of(selection: AssetSelection) -> str:
    """Return the checks that are selected, sorted."""
    return " ".join(sorted(key.to_user_string() for key in selection.resolve_checks(GRAPH)))


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (S.all(), MADE),
        (S.all(include_sources=True), EVERY),
        (S.assets("a", "src"), "a src"),
        (S.assets("p/q/c", AssetKey("a"), ["p", "q", "c"]), "a p/q/c"),
        (S.assets(AssetSpec("ext")), "ext"),
        (S.assets(), ""),
        (S.keys("a", "p/q/c"), "a p/q/c"),
        (S.groups("g1"), "a"),
        (S.groups("g1", include_sources=True), "a ext src"),
        (S.groups("g1/sub", "nope"), "b"),
        (S.groups(), ""),
        (S.tag("t", "1"), "a"),
        (S.tag("t", "1", include_sources=True), "a src"),
        (S.tag("t", ""), ""),
        (S.tag_string("t=2"), "b"),
        (S.tag_string("e"), "a"),
        (S.kind("k1"), "a"),
        (S.kind("k1", include_sources=True), "a ext"),
        (S.kind(None), "b m1 m2 m3 p/q/c y z"),
        (S.owner("team:x"), "a ext"),
        (S.owner(None) & S.groups("g1", include_sources=True), "src"),
        (S.key_prefixes(["p", "q"], "a"), "a p/q/c"),
        (S.key_prefixes("src"), ""),
        (S.key_prefixes("src", include_sources=True), "src"),
        (S.key_substring("q/c"), "p/q/c"),
        (S.assets("z").upstream(), "a b m2 p/q/c z"),
        (S.assets("z").upstream(1), "m2 p/q/c z"),
        (S.assets("z").upstream(0), "z"),
        (S.assets("z").upstream(depth=1, include_self=False), "m2 p/q/c"),
        (S.assets("ext").upstream(), ""),
        (S.assets("ext").upstream(0), ""),
        (S.assets("ext").downstream(1), "a ext"),
        (S.assets("src").downstream(include_self=False), "a b ext m1 m2 m3 p/q/c z"),
        (S.assets("b").upstream_source_assets(), "ext src"),
        (S.assets("y", "ext").upstream_source_assets(), "ext obs src"),
        (S.all().roots(), "a y"),
        (S.all(include_sources=True).roots(), "obs src"),
        (S.all().sinks(), "m3 y z"),
        (S.assets("a", "z").roots(), "a"),
        (S.assets("a", "z").sinks(), "z"),
        (S.assets("m2", "m3").roots(), "m2 m3"),
        (S.assets("a", "z").sources(), "a"),
        (S.assets("m1", "b").required_multi_asset_neighbors(), "b m1 m2 m3"),
        (S.all(include_sources=True).materializable(), MADE),
        (S.assets("a", "b") - S.assets("b"), "a"),
        (S.assets("a", "b") & S.assets("b", "z"), "b"),
        (S.assets("a") | S.assets("b") | S.assets("z"), "a b z"),
        (S.checks_for_assets("a").upstream(), ""),
        (S.from_string("key:p*"), "p/q/c"),
        (S.from_string("key:*c"), "p/q/c src"),
        (S.from_string("key:*"), EVERY),
        (S.from_string("not key:ext"), MADE),
        (S.from_string("not key:a", include_sources=True), EVERY.replace("a ", "", 1)),
        (S.from_string('group:"g1*"'), "a b"),
        (S.from_string("column:id"), "a"),
        (S.from_string("column:<null> and group:g1"), ""),
        (S.from_string("column_tag:pii"), "a"),
        (S.from_string("column_tag:unit=none"), "a"),
        (S.from_string("column_tag:unit"), ""),
        (S.from_string('table_name:"db.t"'), "a ext"),
        (S.from_string("+z"), "m2 p/q/c z"),
        (S.from_string("+key:z"), "a b m2 p/q/c z"),
        (S.from_string("owner:team:x and not kind:k2"), "ext"),
    ],
    ids=str,
)
def test_what_is_selected(selection: AssetSelection, names: str) -> None:
    """On the project above."""
    assert assets_of(selection) == names


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (S.all(), "a:ch m1:mc z:ch2"),
        (S.assets("a", "b"), "a:ch"),
        (S.assets("a").without_checks(), ""),
        (S.assets("a", "z") - S.checks(AssetCheckKey("a", "ch")), "z:ch2"),
        (S.assets("b") | S.checks(AssetCheckKey("z", "ch2")), "z:ch2"),
        (S.assets("a") & S.all_asset_checks(), "a:ch"),
        (S.checks_for_assets("a", "b"), "a:ch"),
        (S.checks(), ""),
        (S.all_asset_checks(), "a:ch m1:mc z:ch2"),
        (S.from_string('check:"a:ch" or check:"m1:*"'), "a:ch m1:mc"),
        (S.from_string("check:*"), "a:ch m1:mc z:ch2"),
    ],
    ids=str,
)
def test_which_checks_are_selected(selection: AssetSelection, names: str) -> None:
    """An asset brings its checks; checks bring no asset."""
    assert checks_of(selection) == names


def test_checks_alone_select_no_asset() -> None:
    """However they are named."""
    for selection in (S.all_asset_checks(), S.checks_for_assets("a"), S.checks(AssetCheckKey("a", "ch"))):
        assert assets_of(selection) == ""


@pytest.mark.parametrize("selection", [S.assets("orders", "bb"), S.from_string("key:bb"), S.assets("bb").upstream()])
def test_an_unknown_key_is_refused_with_the_nearest_name(selection: AssetSelection) -> None:
    """Whichever way it was named, and not if missing keys are allowed."""
    graph = AssetGraph([made(AssetSpec("orders")), made(AssetSpec("b_b"))])
    with pytest.raises(InvalidSubsetError, match=r"names asset 'bb'(?s:.)*write 'b_b'"):
        selection.resolve(graph)
    assert AssetKey("bb") not in selection.resolve(graph, allow_missing=True)


def test_an_unknown_check_is_refused_with_the_nearest_name() -> None:
    """As for assets."""
    with pytest.raises(InvalidSubsetError, match=r"names asset check 'a:chh'(?s:.)*write 'a:ch'"):
        S.checks(AssetCheckKey("a", "chh")).resolve_checks(GRAPH)
    assert S.checks(AssetCheckKey("a", "chh")).resolve_checks(GRAPH, allow_missing=True) == set()


def test_a_pattern_that_matches_nothing_selects_nothing() -> None:
    """A wildcard is a question, not a name."""
    assert assets_of(S.from_string("key:nope*")) == ""


ODD = [["a/b"], ["a", "b"], ["a*"], ['say "hi"'], ["back\\slash"], ["x:y"], [""], ["a\\/b"], ["new\nline"], ["not a"]]


@pytest.mark.parametrize("parts", ODD, ids=repr)
def test_any_key_is_written_so_that_only_it_is_read_back(parts: list[str]) -> None:
    """Slashes, stars, quotes and backslashes inside a part are told from those of the language."""
    graph = AssetGraph([AssetNode(key=AssetKey(each)) for each in ODD])
    written = str(KeysAssetSelection((AssetKey(parts),)))
    assert S.from_string(written).resolve(graph) == {AssetKey(parts)}


@pytest.mark.parametrize("parts", ODD, ids=repr)
def test_any_check_is_written_so_that_only_it_is_read_back(parts: list[str]) -> None:
    """The same for checks, whose names may be odd as well."""
    names = ["c", "*", "a:b", "\\", '"', "a*"]
    graph = AssetGraph([], [AssetCheckNode(key=AssetCheckKey(AssetKey(key), name)) for key in ODD for name in names])
    for name in names:
        key = AssetCheckKey(AssetKey(parts), name)
        assert S.from_string(str(S.checks(key))).resolve_checks(graph) == {key}


def test_a_slash_in_a_part_is_found_by_those_who_do_not_know() -> None:
    """Where no key has these parts, the key that looks the same is meant."""
    graph = AssetGraph([AssetNode(key=AssetKey("a/b"))])
    assert S.from_string("key:a/b").resolve(graph) == {AssetKey("a/b")}
    with pytest.raises(InvalidSubsetError, match=r"the slash belongs to a part"):
        S.assets("a/b").resolve(graph)


def test_coercion_takes_what_people_give() -> None:
    """Strings, keys, specs, selections, and lists of any of them."""
    assert str(S.from_coercible("group:g1")) == 'group:"g1"'
    assert str(S.from_coercible(["+a", "key:b"])) == '1+key:"a" or key:"b"'
    assert S.from_coercible(["a", "p/q/c"]) == S.assets("a", "p/q/c")
    assert S.from_coercible([AssetKey("a"), AssetSpec("b")]) == S.assets("a", "b")
    assert S.from_coercible(AssetKey("a")) == S.assets("a")
    assert S.from_coercible(AssetSpec("a")) == S.assets("a")
    assert S.from_coercible(S.all()) == S.all()
    assert S.from_coercible([S.all(), "a"]) == S.all() | S.assets("a")
    assert S.from_coercible([]) == S.assets()
    assert S.from_coercible(AssetCheckKey("a", "ch")) == S.checks(AssetCheckKey("a", "ch"))


class OnlyChecks:
    """A definition of checks, as far as a selection looks."""

    def asset_nodes(self) -> tuple[AssetNode, ...]:
        """Return no asset."""
        return ()

    def check_nodes(self) -> list[AssetCheckNode]:
        """Return the checks."""
        return CHECKS[:1]


def test_a_definition_of_checks_selects_its_checks() -> None:
    """Alone or in a list, and never nothing."""
    assert checks_of(S.from_coercible(OnlyChecks())) == "m1:mc"
    assert checks_of(S.from_coercible(["b", OnlyChecks()])) == "m1:mc"


def test_selections_travel_between_processes() -> None:
    """What comes out equals what went in."""
    selection = (S.groups("g").upstream(2) | S.assets("a")) - S.from_string("roots(key:a*)")
    assert pickle.loads(pickle.dumps(selection)) == selection


@pytest.mark.parametrize("wrong", [3, None, {"a": 1}, b"a", object()], ids=lambda wrong: type(wrong).__name__)
def test_coercion_refuses_what_names_no_asset(wrong: object) -> None:
    """With a word on what may be given."""
    with pytest.raises(InvalidDefinitionError, match="is no selection of assets"):
        S.from_coercible(wrong)


def test_operators_take_selections_only() -> None:
    """A string beside an operator is a slip."""
    for combine in (lambda: S.all() | "a", lambda: S.all() & None, lambda: S.all() - ["a"]):
        with pytest.raises(InvalidDefinitionError, match="where an AssetSelection should"):
            combine()


@pytest.mark.parametrize("depth", [-1, "2", 1.5, True])
def test_a_depth_is_a_number_of_steps(depth: object) -> None:
    """Nothing else."""
    with pytest.raises(InvalidDefinitionError, match="depth of a selection"):
        S.all().upstream(depth)


def test_wrong_members_are_refused() -> None:
    """What is no asset, no check, and no tag."""
    with pytest.raises(InvalidDefinitionError, match="is no asset"):
        S.assets(3)
    with pytest.raises(InvalidDefinitionError, match="is no asset check"):
        S.checks("a")
    with pytest.raises(InvalidDefinitionError, match="more than one '='"):
        S.tag_string("a=b=c")


def test_selections_are_values() -> None:
    """Equal if built the same, hashable, immutable, flat."""
    assert S.assets("a") | (S.assets("b") | S.assets("c")) == (S.assets("a") | S.assets("b")) | S.assets("c")
    assert len({S.groups("g").upstream(2), S.groups("g").upstream(2)}) == 1
    with pytest.raises(AttributeError):
        S.all().include_sources = True


def test_attributes_from_outside_are_kept_but_not_resolved_here() -> None:
    """A code location or a status is not told by definitions."""
    selection = S.from_string('code_location:"web" or status:failed')
    assert str(selection) == 'code_location:"web" or status:"failed"'
    with pytest.raises(InvariantViolationError, match="'code_location:' selects by what"):
        selection.resolve(GRAPH)


def test_definitions_resolve_without_a_graph() -> None:
    """A list of definitions is a project too."""
    assert S.all(include_sources=True).resolve([AssetSpec("a"), AssetSpec("b")]) == {AssetKey("a"), AssetKey("b")}


def test_tags_of_the_other_prefix_are_the_same_tags() -> None:
    """A system tag under its alias selects what it names."""
    graph = AssetGraph([made(AssetSpec("a", kinds={"dbt"}))])
    assert assets_of(S.tag("dagster/kind/dbt", ""), graph) == "a"


def test_parentheses_stand_where_they_are_needed() -> None:
    """Around operands that are compound, and nowhere else."""
    both = S.assets("a") & S.groups("g")
    assert both.needs_parentheses_when_operand()
    assert both.operand_to_selection_str() == '(key:"a" and group:"g")'
    assert not S.all().upstream().needs_parentheses_when_operand()
    assert str(S.all().upstream()) == "+(*)"
    assert str(S.assets("a").upstream(2, include_self=False)) == '2+key:"a" and not key:"a"'
    assert str(S.all() - (S.assets("a") | S.assets("b"))) == 'not (key:"a" or key:"b")'


def test_a_selection_that_can_be_written_is_its_own_record() -> None:
    """Nothing needs the graph to be written down."""
    selection = (S.groups("g").upstream() | S.assets("a")) - S.all().roots() & S.kind("k")
    assert selection.to_serializable_asset_selection(GRAPH) == selection


def test_what_excludes_itself_is_held_together_when_taken_away() -> None:
    """Not everything upstream *and* not the asset, but not what is upstream without the asset."""
    selection = S.all() - S.assets("z").upstream(include_self=False)
    assert str(selection) == 'not (+key:"z" and not key:"z")'
    assert assets_of(S.from_string(str(selection))) == assets_of(selection) == "m1 m3 y z"
