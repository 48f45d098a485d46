"""Laws of selections: the algebra is that of sets, up and down are closures, and text keeps the meaning."""

from hypothesis import given
from hypothesis import strategies as st

from orrery.base.errors import InvalidSubsetError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetCheckNode, AssetNode
from orrery.model.assets.selection import AssetSelection

S = AssetSelection
NAMES = [AssetKey(parts) for parts in (["a"], ["b"], ["a", "b"], ["a/b"], ["c*"], ['d"'], ["e\\"], ["f", "g"])]


# Strategies are made once: to make them for each node takes most of the time.
ORDERS = st.permutations(range(len(NAMES)))
PARENTS = [
    st.just([]),
    *(st.lists(st.integers(0, place - 1), unique=True, max_size=3) for place in range(1, len(NAMES))),
]
TAGS = st.dictionaries(st.sampled_from("tu"), st.sampled_from(["", "v"]), max_size=2)
OWNERS = st.sets(st.sampled_from(["team:x", "team:y"])).map(tuple)
DETAILS = st.tuples(
    st.booleans(), st.sampled_from(["g", "g/h", "i"]), TAGS, st.booleans(), OWNERS, st.sampled_from([None, "m", "n"])
)
CHECKED = st.sets(st.sampled_from(NAMES)).map(sorted)


@st.composite
def projects(draw: st.DrawFn) -> AssetGraph:
    """Return a graph of all names, in any order, with any edges, groups, tags, kinds, owners and checks."""
    keys = [NAMES[place] for place in draw(ORDERS)]
    nodes = []
    for place, key in enumerate(keys):
        above = draw(PARENTS[place])
        is_made, group, tags, has_kind, owners, execution_set = draw(DETAILS)
        nodes.append(
            AssetNode(
                key=key,
                parent_keys=tuple(keys[other] for other in above),
                group_name=group,
                tags=tags | ({"orrery/kind/k": ""} if has_kind else {}),
                owner_names=owners,
                is_materializable=is_made,
                execution_set=execution_set if is_made else None,
            )
        )
    checks = [AssetCheckNode(key=AssetCheckKey(key, "c")) for key in draw(CHECKED)]
    return AssetGraph([nodes[place] for place in draw(ORDERS)], checks)


PLAIN = st.one_of(
    st.just(S.all()),
    st.lists(st.sampled_from(NAMES), max_size=3).map(lambda keys: S.assets(*keys)),
    st.sampled_from([S.groups("g"), S.groups("g", "i"), S.groups("g*"), S.groups()]),
    st.sampled_from([S.tag("t", "v"), S.tag("u", ""), S.kind("k"), S.kind(None), S.owner("team:x"), S.owner(None)]),
    st.sampled_from([S.key_prefixes("a"), S.key_prefixes(["a", "b"], "f"), S.key_substring("/"), S.key_prefixes()]),
    st.sampled_from([S.from_string(text) for text in ("key:a*", "key:*b", "key:a/b", r'key:"c\*"', 'key:"*"')]),
    st.sampled_from(
        [S.all_asset_checks(), S.checks_for_assets(NAMES[0]), S.checks_for_assets(*NAMES), S.checks_for_assets()]
    ),
)
DEPTHS = st.none() | st.integers(0, 3)


def _built_on(children: st.SearchStrategy[AssetSelection]) -> st.SearchStrategy[AssetSelection]:
    return st.one_of(
        st.tuples(children, children).map(lambda both: both[0] | both[1]),
        st.tuples(children, children).map(lambda both: both[0] & both[1]),
        st.tuples(children, children).map(lambda both: both[0] - both[1]),
        st.tuples(children, DEPTHS, st.booleans()).map(lambda given: given[0].upstream(given[1], given[2])),
        st.tuples(children, DEPTHS, st.booleans()).map(lambda given: given[0].downstream(given[1], given[2])),
        children.map(S.roots),
        children.map(S.sinks),
        children.map(S.materializable),
        children.map(S.upstream_source_assets),
        children.map(S.required_multi_asset_neighbors),
        children.map(S.without_checks),
    )


SELECTIONS = st.recursive(PLAIN, _built_on, max_leaves=8)


@given(projects(), SELECTIONS, SELECTIONS)
def test_the_algebra_is_that_of_sets(graph: AssetGraph, one: AssetSelection, other: AssetSelection) -> None:
    """For assets and for checks."""
    for resolve in (lambda each: set(each.resolve(graph)), lambda each: set(each.resolve_checks(graph))):
        assert resolve(one | other) == resolve(one) | resolve(other)
        assert resolve(one & other) == resolve(one) & resolve(other)
        assert resolve(one - other) == resolve(one) - resolve(other)


@given(projects(), SELECTIONS)
def test_what_is_written_means_the_same_when_read(graph: AssetGraph, selection: AssetSelection) -> None:
    """For assets and for checks, however it was built."""
    read = S.from_string(str(selection))
    assert read.resolve(graph) == selection.resolve(graph)
    assert read.resolve_checks(graph) == selection.resolve_checks(graph)


@given(projects(), SELECTIONS)
def test_downstream_is_a_closure(graph: AssetGraph, selection: AssetSelection) -> None:
    """It keeps what it is given, and doing it twice adds nothing."""
    once = selection.downstream().resolve(graph)
    assert selection.resolve(graph) <= once
    assert selection.downstream().downstream().resolve(graph) == once
    assert once == selection.resolve(graph) | {
        key for start in selection.resolve(graph) for key in graph.get_descendants(start)
    }


@given(projects(), SELECTIONS, st.integers(0, 3), st.integers(0, 3))
def test_steps_down_add_up(graph: AssetGraph, selection: AssetSelection, first: int, second: int) -> None:
    """First some, then more, is all at once."""
    stepwise = selection.downstream(first).downstream(second)
    assert stepwise.resolve(graph) == selection.downstream(first + second).resolve(graph)


@given(projects(), SELECTIONS)
def test_up_and_down_are_each_others_reverse(graph: AssetGraph, selection: AssetSelection) -> None:
    """What is made upstream of a selection has some of the selection downstream."""
    chosen = selection.resolve(graph)
    above = selection.upstream().resolve(graph)
    for key in graph.materializable_asset_keys:
        assert (key in above) == bool(graph.get_descendants(key, include_self=True) & chosen)


@given(projects(), SELECTIONS)
def test_not_to_include_oneself_takes_oneself_away(graph: AssetGraph, selection: AssetSelection) -> None:
    """In both directions."""
    for direction in (S.upstream, S.downstream):
        with_self, without = direction(selection), direction(selection, include_self=False)
        assert without.resolve(graph) == with_self.resolve(graph) - selection.resolve(graph)


@given(projects(), SELECTIONS)
def test_roots_and_sinks_bound_a_selection(graph: AssetGraph, selection: AssetSelection) -> None:
    """Nothing chosen is above a root or below a sink, and every chosen asset lies between the two."""
    chosen = selection.resolve(graph)
    roots, sinks = selection.roots().resolve(graph), selection.sinks().resolve(graph)
    assert all(not graph.get_ancestors(root) & chosen for root in roots)
    assert all(not graph.get_descendants(sink) & chosen for sink in sinks)
    assert all(graph.get_ancestors(key, include_self=True) & roots for key in chosen)
    assert all(graph.get_descendants(key, include_self=True) & sinks for key in chosen)


@given(projects(), SELECTIONS)
def test_neighbours_that_run_together_are_a_closure(graph: AssetGraph, selection: AssetSelection) -> None:
    """Whole sets or none."""
    whole = selection.required_multi_asset_neighbors().resolve(graph)
    assert selection.resolve(graph) <= whole
    assert graph.with_required_neighbors(whole) == whole


@given(projects())
def test_the_order_of_a_graph_has_every_parent_before_its_child(graph: AssetGraph) -> None:
    """And every asset once."""
    place = {key: number for number, key in enumerate(graph.assets)}
    assert len(place) == len(graph)
    assert all(place[parent] < place[key] for key in graph.assets for parent in graph.get_parents(key))


WORDS = [
    "a",
    "b",
    "2",
    "and",
    "or",
    "not",
    "key",
    "tag",
    "roots",
    '"a b"',
    "*",
    "+",
    "(",
    ")",
    ":",
    "=",
    " ",
    "<null>",
    '"',
]


@given(projects(), st.lists(st.sampled_from(WORDS), max_size=10).map("".join))
def test_any_text_is_refused_with_a_mend_or_means_the_same_when_written(graph: AssetGraph, text: str) -> None:
    """No text breaks the reader, and what was read survives writing."""
    try:
        selection = S.from_string(text)
    except InvalidSubsetError as error:
        refusal = str(error)
    else:
        refusal = ""
        read = S.from_string(str(selection))
        assert read.resolve(graph, allow_missing=True) == selection.resolve(graph, allow_missing=True)
    assert not refusal or ("cannot be read" in refusal and "Try: " in refusal)
