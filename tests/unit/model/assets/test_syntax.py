"""The language of selections: every text, how it is read, and what is said if it cannot be."""

import pytest

from orrery.base.errors import InvalidSubsetError
from orrery.model.assets.selection import AssetSelection
from orrery.model.assets.syntax import parse_op_clause, parse_selection, resolve_op_selection

# Texts of the reference implementation, and how both write them again.
SHARED = [
    ("*", "*"),
    ("a", 'key:"a"'),
    ("a/b", 'key:"a/b"'),
    ("key:a", 'key:"a"'),
    ('key:"a"', 'key:"a"'),
    ('key:"a*"', 'key:"a*"'),
    ("key:a*", 'key:"a*"'),
    ("key:*a", 'key:"*a"'),
    ('key:"*"', 'key:"*"'),
    ("key:a/b", 'key:"a/b"'),
    ('key:"a/b"', 'key:"a/b"'),
    ("+a", '1+key:"a"'),
    ("a+", 'key:"a"+1'),
    ("++a", '2+key:"a"'),
    ("a++", 'key:"a"+2'),
    ("+a+", '1+key:"a" or key:"a"+1'),
    ("group:x", 'group:"x"'),
    ('group:"x"', 'group:"x"'),
    ("group:x/y", 'group:"x/y"'),
    ('group:"a b"', 'group:"a b"'),
    ("group:<null>", "group:<null>"),
    ("tag:k", 'tag:"k"'),
    ("tag:k=v", 'tag:"k"="v"'),
    ('tag:"k"="v"', 'tag:"k"="v"'),
    ('tag:"k=v"', 'tag:"k=v"'),
    ('tag:"k"=v', 'tag:"k"="v"'),
    ("tag:k=", 'tag:"k"'),
    ('tag:"a/b"="c"', 'tag:"a/b"="c"'),
    ("tag:a/b=c", 'tag:"a/b"="c"'),
    ("owner:x", 'owner:"x"'),
    ('owner:"team:x"', 'owner:"team:x"'),
    ('owner:"a@b.com"', 'owner:"a@b.com"'),
    ("owner:<null>", "owner:<null>"),
    ("kind:dbt", 'kind:"dbt"'),
    ('kind:"dbt"', 'kind:"dbt"'),
    ("kind:<null>", "kind:<null>"),
    ("code_location:x", 'code_location:"x"'),
    ('code_location:"x"', 'code_location:"x"'),
    ("column:x", 'column:"x"'),
    ("column_tag:x", 'column_tag:"x"'),
    ("column_tag:x=y", 'column_tag:"x"="y"'),
    ('column_tag:"x"="y"', 'column_tag:"x"="y"'),
    ("table_name:x", 'table_name:"x"'),
    ("changed_in_branch:new", 'changed_in_branch:"new"'),
    ('changed_in_branch:"NEW"', 'changed_in_branch:"NEW"'),
    ("changed_in_branch:ANY", 'changed_in_branch:"ANY"'),
    ("status:healthy", 'status:"healthy"'),
    ("status:HEALTHY", 'status:"HEALTHY"'),
    ("status:MATERIALIZED", 'status:"MATERIALIZED"'),
    ("automation_type:x", 'automation_type:"x"'),
    ("all", 'key:"all"'),
    ("sinks(*)", "sinks(*)"),
    ("roots(key:a or key:b)", 'roots(key:"a" or key:"b")'),
    ("key:a and group:b", 'key:"a" and group:"b"'),
    ("key", 'key:"key"'),
    ('key:"x y"', 'key:"x y"'),
    ("a-b", 'key:"a-b"'),
    ("a.b", 'key:"a.b"'),
    ("a_b", 'key:"a_b"'),
    ("A", 'key:"A"'),
    ("and", 'key:"and"'),
    ("or", 'key:"or"'),
    ("not", 'key:"not"'),
    ("notes", 'key:"notes"'),
    ("order", 'key:"order"'),
    ("android", 'key:"android"'),
    ('key:"and"', 'key:"and"'),
    ("-a", 'key:"-a"'),
    ("é", 'key:"é"'),
    ("sinks", 'key:"sinks"'),
    ("roots", 'key:"roots"'),
    ("tag:k=v and kind:z", 'tag:"k"="v" and kind:"z"'),
    ("3", 'key:"3"'),
    ("a3", 'key:"a3"'),
    ("3a", 'key:"3a"'),
    ("a++++", 'key:"a"+4'),
    ('+key:"a"', '+key:"a"'),
    ('key:"a"+', 'key:"a"+'),
    ('key:"a"+2', 'key:"a"+2'),
    ('+group:"a"', '+group:"a"'),
    ("  a  ", 'key:"a"'),
    ("key:a*b", 'key:"a*b"'),
    ("key:a**b", 'key:"a**b"'),
    ('key:"a?b"', 'key:"a?b"'),
    ('key:"[a"', 'key:"[a"'),
    ("key:a//b", 'key:"a//b"'),
    ('key:"a,b"', 'key:"a,b"'),
    ('group:""', "group:<null>"),
    ('key:""', 'key:""'),
    ("code_location:<null>", "code_location:<null>"),
    ("key:a and key:b or key:c", '(key:"a" and key:"b") or key:"c"'),
    ("key:a or key:b and key:c", 'key:"a" or (key:"b" and key:"c")'),
    ("key:a and key:b and key:c", 'key:"a" and key:"b" and key:"c"'),
    ("key:a or key:b or key:c", 'key:"a" or key:"b" or key:"c"'),
    ("(key:a or key:b) and key:c", '(key:"a" or key:"b") and key:"c"'),
    ("not key:a", 'not key:"a"'),
    ("not key:a or key:b", '(not key:"a") or key:"b"'),
    ("not +key:a", 'not +key:"a"'),
    ("+key:a and key:b", '+key:"a" and key:"b"'),
    ("(key:a)", 'key:"a"'),
    ("((key:a))", 'key:"a"'),
    ("+(key:a or key:b)+", '+(key:"a" or key:"b") or (key:"a" or key:"b")+'),
    ("2+(key:a or key:b)", '2+(key:"a" or key:"b")'),
    ("(key:a and key:b)+2", '(key:"a" and key:"b")+2'),
    ("2+key:a+3", '2+key:"a" or key:"a"+3'),
    ("key:a+0", 'key:"a"'),
    ("+key:a+", '+key:"a" or key:"a"+'),
    ("sinks(key:a)", 'sinks(key:"a")'),
    ("roots(key:a)", 'roots(key:"a")'),
    ("sinks(key:a)+", 'sinks(key:"a")+'),
    ("+sinks(key:a)+", '+sinks(key:"a") or sinks(key:"a")+'),
    ("roots(sinks(key:a))", 'roots(sinks(key:"a"))'),
    ("sinks (key:a)", 'sinks(key:"a")'),
    ("+sinks(roots(+key:a))", '+sinks(roots(+key:"a"))'),
    ("key:a AND key:b", 'key:"a" and key:"b"'),
    ("key:a OR key:b", 'key:"a" or key:"b"'),
    ("NOT key:a", 'not key:"a"'),
    ("key: a", 'key:"a"'),
    ("key :a", 'key:"a"'),
    ("key:a_b", 'key:"a_b"'),
    ("key:A1", 'key:"A1"'),
    ('key:"a+b"', 'key:"a+b"'),
    ("key:a or *", 'key:"a" or *'),
    ("* and key:a", '* and key:"a"'),
    ("not *", "not *"),
    ("(*)", "*"),
    ("key:a and(key:b)", 'key:"a" and key:"b"'),
    ("not(key:a)", 'not key:"a"'),
    ("(key:a)and(key:b)", 'key:"a" and key:"b"'),
    ("  key:a   or   key:b  ", 'key:"a" or key:"b"'),
    ('key:"é"', 'key:"é"'),
    ('key:"a/b*"', 'key:"a/b*"'),
    ("2 + key:a", '2+key:"a"'),
    ("+ key:a", '+key:"a"'),
    ("key:a + 2", 'key:"a"+2'),
    ("key:a +2", 'key:"a"+2'),
    ("group:a or group:<null>", 'group:"a" or group:<null>'),
    ('tag:"x"="y" or kind:"z"', 'tag:"x"="y" or kind:"z"'),
    ("tag:x or tag:y=z", 'tag:"x" or tag:"y"="z"'),
    ("tag:a/b=c or *", 'tag:"a/b"="c" or *'),
    ('tag:k="v w" or *', 'tag:"k"="v w" or *'),
    ('owner:"a@b.com" or *', 'owner:"a@b.com" or *'),
    ('column:"a b" or *', 'column:"a b" or *'),
    ('code_location:"a" or *', 'code_location:"a" or *'),
    ("automation_type:a or *", 'automation_type:"a" or *'),
    ("sinks(*) or *", "sinks(*) or *"),
    ("not sinks(key:a)", 'not sinks(key:"a")'),
    ("not (key:a)+", 'not key:"a"+'),
    ("not key:a+", 'not key:"a"+'),
    ("not key:a or not key:b", '(not key:"a") or (not key:"b")'),
    ("key:a or key:b+ and +key:c", 'key:"a" or (key:"b"+ and +key:"c")'),
]

# Texts that only Orrery reads: bare names in larger selections, steps in numbers beside them, free values.
OWN = [
    ('"a"', 'key:"a"'),
    ('"a b"', 'key:"a b"'),
    ("2+a", '2+key:"a"'),
    ("a+3", 'key:"a"+3'),
    ("2+a+3", '2+key:"a" or key:"a"+3'),
    ("1+a", '1+key:"a"'),
    ("a+1", 'key:"a"+1'),
    ("0+a", '0+key:"a"'),
    ("a+0", 'key:"a"'),
    ("group:*", 'group:"*"'),
    ("owner:team:x", 'owner:"team:x"'),
    ("owner:a@b.com", 'owner:"a@b.com"'),
    ("sinks(a)", 'sinks(key:"a")'),
    ("roots(a)", 'roots(key:"a")'),
    ("sources(a)", 'roots(key:"a")'),
    ("a and b", 'key:"a" and key:"b"'),
    ("a or b", 'key:"a" or key:"b"'),
    ("not a", 'not key:"a"'),
    ("not a and b", 'key:"b" and not key:"a"'),
    ("not a or b", '(not key:"a") or key:"b"'),
    ("a and b or c", '(key:"a" and key:"b") or key:"c"'),
    ("a or b and c", 'key:"a" or (key:"b" and key:"c")'),
    ("a and (b or c)", 'key:"a" and (key:"b" or key:"c")'),
    ("(a)", 'key:"a"'),
    ("((a))", 'key:"a"'),
    ("a AND b", 'key:"a" and key:"b"'),
    ("a OR b", 'key:"a" or key:"b"'),
    ("NOT a", 'not key:"a"'),
    ("+(a or b)+", '+(key:"a" or key:"b") or (key:"a" or key:"b")+'),
    ("2+(a or b)", '2+(key:"a" or key:"b")'),
    ("(a and b)+2", '(key:"a" and key:"b")+2'),
    ("not +a", 'not 1+key:"a"'),
    ("+a and b", '1+key:"a" and key:"b"'),
    ("a+ and +b", 'key:"a"+1 and 1+key:"b"'),
    ("not not a", 'not (not key:"a")'),
    ("sinks(+a)", 'sinks(1+key:"a")'),
    ("sinks(a)+", 'sinks(key:"a")+'),
    ("+sinks(a)+", '+sinks(key:"a") or sinks(key:"a")+'),
    ("roots(sinks(a))", 'roots(sinks(key:"a"))'),
    ("key_substring:x", 'key_substring:"x"'),
    ('key_substring:"x"', 'key_substring:"x"'),
    ("key:and", 'key:"and"'),
    ('"é"', 'key:"é"'),
    ("key:é", 'key:"é"'),
    ('key:"a\\"b"', 'key:"a\\"b"'),
    ('"a\\"b"', 'key:"a\\"b"'),
    ("+ a", '1+key:"a"'),
    ("a +", 'key:"a"+1'),
    ("(+a)", '1+key:"a"'),
    ("sinks( a )", 'sinks(key:"a")'),
    ("not(a)", 'not key:"a"'),
    ("not (a)", 'not key:"a"'),
    ("(a)and(b)", 'key:"a" and key:"b"'),
    ("a and not b", 'key:"a" and not key:"b"'),
    ("a and not (b or c)", 'key:"a" and not (key:"b" or key:"c")'),
    ("3+3", '3+key:"3"'),
    ("1+3a", '1+key:"3a"'),
    ("a\tand\tb", 'key:"a" and key:"b"'),
    ("key:/a", 'key:"/a"'),
    ('""', 'key:""'),
    ("key:a-b", 'key:"a-b"'),
    ("key:a.b", 'key:"a.b"'),
    ("*a", '+key:"a"'),
    ("*a*", '+key:"a" or key:"a"+'),
    ("*+a", '+key:"a"'),
    ("not not key:a", 'not (not key:"a")'),
    ("not (key:a or key:b)", 'not (key:"a" or key:"b")'),
    ("key:a and not key:b", 'key:"a" and not key:"b"'),
    ("key:a and (not key:b)", 'key:"a" and (not key:"b")'),
    ("+(+key:a)", '+(+key:"a")'),
    ("0+key:a", '0+key:"a"'),
    ('check:"a:c" or check:"a:*" or check:*', 'check:"a:c" or check:"a:*" or check:*'),
    ("materializable(key_prefix:p/q)", 'materializable(key_prefix:"p/q")'),
    ("upstream_sources(*)", "upstream_sources(*)"),
    ("multi_asset_neighbors(a)", 'multi_asset_neighbors(key:"a")'),
]

# Texts that neither reads.
REFUSED = [
    "type:x",
    "all()",
    "a And b",
    "a b",
    "a,b",
    "a, b",
    "a and",
    "and a",
    "(a",
    "a)",
    '"a',
    "",
    "key:",
    "key:a b",
    "key:'a'",
    "'a'",
    "a:b",
    "asset:b",
    "name:b",
    "KEY:a",
    "Group:x",
    "key:<null>",
    "is:x",
    "a|b",
    "a&b",
    "a - b",
    "!a",
    "a == b",
    "a++b",
    "+",
    "()",
    "sinks()",
    "sinks a",
    "a+b",
    '*key:"a"',
    '*group:"a"*',
    'group:"a"*',
    "owner:",
    "kind:",
    "group:",
    "++key:a",
    "key:a++",
    "key:a And key:b",
    "key:a key:b",
    "(key:a",
    "key:a)",
    "key:a+b",
    "+*",
    "*+",
    "key:a\tor",
    "key:a or",
    "and key:a",
    'key:"a" "b"',
    "columns:a or *",
    "1+2+key:a",
    "key:a+1+2",
    "tag:",
    "tag:=v",
    "tag:<null>",
    "check:nameless",
    "(" * 200 + "a" + ")" * 200,
    "not " * 200 + "a",
]


@pytest.mark.parametrize(("text", "written"), SHARED)
def test_texts_of_the_reference_are_read_as_there(text: str, written: str) -> None:
    """What is read is written as the reference writes it."""
    assert str(AssetSelection.from_string(text)) == written


@pytest.mark.parametrize(("text", "written"), OWN)
def test_further_texts_are_read(text: str, written: str) -> None:
    """They mean what a reader would take them to mean."""
    assert str(AssetSelection.from_string(text)) == written


@pytest.mark.parametrize("written", sorted({written for _, written in SHARED + OWN}))
def test_what_is_written_reads_back_and_is_written_the_same(written: str) -> None:
    """Writing is settled after one turn."""
    assert str(AssetSelection.from_string(written)) == written


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_mark_and_a_mend(text: str) -> None:
    """Never another error, never silence."""
    with pytest.raises(InvalidSubsetError) as caught:
        AssetSelection.from_string(text)
    message = str(caught.value)
    assert "cannot be read" in message
    assert "Try: " in message


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("key:a and (group:b", 10, "this parenthesis is never closed"),
        ("key:a group:b", 6, "write 'and' or 'or' between the two"),
        ("grup:b", 0, "write 'group', the nearest name"),
        ("(grup:b)", 1, "write 'group', the nearest name"),
        ("a,b", 1, "a comma is not part of the language"),
        ("a | b", 2, "write 'or'"),
        ("a & b", 2, "write 'and'"),
        ("a - b", 2, "write 'and not'"),
        ("key:'a'", 4, "use double quotes"),
        ('key:"a', 4, "close the quotes"),
        ("sink(a)", 0, "write 'sinks'"),
        ("++key:a", 0, "write '2+'"),
        ("key:a++", 5, "write '+2'"),
        ('*key:"a"', 0, "write '+' in its place"),
        ("a or", 4, "it ends where an asset should stand"),
        ("owner:", 6, "'owner:' has no value"),
    ],
)
def test_the_place_is_marked(text: str, column: int, words: str) -> None:
    """A caret stands under the place, and the mend fits it."""
    with pytest.raises(InvalidSubsetError) as caught:
        parse_selection(text)
    lines = str(caught.value).splitlines()
    line = next(number for number, each in enumerate(lines) if each.strip() == "^")
    assert lines[line - 1] == f"    {text}"
    assert lines[line].index("^") - 4 == column
    assert words in str(caught.value)


def test_the_marked_line_is_the_one_with_the_fault() -> None:
    """A text of several lines shows only that one."""
    with pytest.raises(InvalidSubsetError) as caught:
        parse_selection("key:a\nor |\nkey:b")
    assert "    or |\n       ^" in str(caught.value)


def test_a_huge_number_of_steps_is_all_of_them() -> None:
    """No text makes a number that Python refuses."""
    assert str(AssetSelection.from_string("9" * 5000 + "+a")) == '+key:"a"'


OPS = {"load": [], "clean": ["load"], "train": ["clean"], "plot": ["clean"], "send": ["plot", "train"]}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (["clean"], "clean"),
        (["*send"], "load clean train plot send"),
        (["+send"], "plot train send"),
        (["++send"], "clean plot train send"),
        (["load*"], "load clean train plot send"),
        (["load+"], "load clean"),
        (["load++"], "load clean train plot"),
        (["+train+"], "clean train send"),
        (["load", "plot"], "load plot"),
        ("load,plot", "load plot"),
        (["load, plot"], "load plot"),
        (["*"], "load clean train plot send"),
        ("*", "load clean train plot send"),
    ],
)
def test_ops_are_selected_by_steps(query: list[str] | str, names: str) -> None:
    """Each plus is one step, a star all of them; clauses add up."""
    assert resolve_op_selection(OPS, query) == set(names.split())


def test_an_unknown_op_is_told_with_the_nearest_name() -> None:
    """So that a slip is mended at once."""
    with pytest.raises(InvalidSubsetError, match=r"names op 'claen'(?s:.)*write 'clean'"):
        resolve_op_selection(OPS, ["*claen"])


@pytest.mark.parametrize("query", [["a b"], [""], ["+"], ["a+b"], []])
def test_an_op_selection_that_says_nothing_is_refused(query: list[str]) -> None:
    """Neither an empty clause nor an empty selection runs everything."""
    with pytest.raises(InvalidSubsetError):
        resolve_op_selection(OPS, query)


def test_mixed_signs_mean_all_steps() -> None:
    """A star among pluses wins."""
    assert parse_op_clause("*+load+*") == (None, "load", None)


def test_a_long_chain_of_ops_is_walked() -> None:
    """No recursion."""
    chain = {str(n): [str(n - 1)] if n else [] for n in range(20_000)}
    assert len(resolve_op_selection(chain, ["*19999"])) == 20_000
