r"""
The text in which people select assets, and ops of a job.

``parse_selection`` turns text into a small tree (``Attribute``, ``Traversal``, ...), which
``selection.py`` reads; it knows no asset. The language, from the loosest to the tightest::

    a or b        either                       sinks(a)   those with none of the selection below
    a and b       both                         roots(a)   those with none of the selection above
    a and not b   the one without the other    (a)        a group
    not a         what the project makes, without a
    *             everything                   a+  +a     with all below, with all above
    name:value    assets by an attribute       a+2  2+a   with two steps below, two steps above

``name`` is one of ``ATTRIBUTES``; a value is bare (``key:orders``, ``group:marketing/web``) or in
double quotes, within which ``\"`` and ``\\`` stand for ``"`` and ``\``; in a key ``*`` stands for
any text. ``<null>`` stands for none. A name alone is the asset of that key, its parts joined by
``/``; beside such a name, and only there, each ``+`` is one step and ``*`` is all of them
(``+orders``, ``orders++``, ``*orders``), which is the older form of the language.

``resolve_op_selection`` reads the older form alone, over a graph of names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec

from orrery.base.errors import InvalidSubsetError, nearest, nearest_hint

__all__ = [
    "ATTRIBUTES",
    "FUNCTIONS",
    "And",
    "Attribute",
    "Call",
    "Everything",
    "Name",
    "Not",
    "Or",
    "SelectionTree",
    "Traversal",
    "escape_value",
    "parse_op_clause",
    "parse_selection",
    "quote",
    "resolve_op_selection",
    "unescape_value",
]

ATTRIBUTES = (
    "key",
    "group",
    "tag",
    "owner",
    "kind",
    "code_location",
    "column",
    "column_tag",
    "table_name",
    "changed_in_branch",
    "status",
    "automation_type",
    "key_substring",
    "key_prefix",
    "check",
)
"""Attributes by which assets are selected."""

FUNCTIONS = ("sinks", "roots", "materializable", "upstream_sources", "multi_asset_neighbors")
"""Functions of a selection."""

_PAIRS = ("tag", "column_tag")
_NULLABLE = ("group", "owner", "kind", "code_location", "column", "table_name")
_MAX_DEPTH = 100


class Everything(msgspec.Struct, frozen=True):
    """Stand for all assets: ``*``."""


class Name(msgspec.Struct, frozen=True):
    """Stand for the asset of one key, its parts joined by ``/``."""

    text: str


class Attribute(msgspec.Struct, frozen=True):
    """Stand for the assets with a value: ``name:value`` or ``name:key=value``; None for ``<null>``."""

    name: str
    value: str | None
    second: str | None = None


class Traversal(msgspec.Struct, frozen=True):
    """Stand for assets and what is above and below: steps up and down, 0 for none, None for all."""

    operand: SelectionTree
    up: int | None
    down: int | None


class Call(msgspec.Struct, frozen=True):
    """Stand for a function of a selection."""

    function: str
    operand: SelectionTree


class Not(msgspec.Struct, frozen=True):
    """Stand for all other assets."""

    operand: SelectionTree


class And(msgspec.Struct, frozen=True):
    """Stand for the assets in all operands and in none of the others; without operands, for all but those."""

    operands: tuple[SelectionTree, ...]
    without: tuple[SelectionTree, ...] = ()


class Or(msgspec.Struct, frozen=True):
    """Stand for the assets in any operand."""

    operands: tuple[SelectionTree, ...]


SelectionTree: TypeAlias = Everything | Name | Attribute | Traversal | Call | Not | And | Or


def quote(value: str) -> str:
    r"""
    Return *value* in double quotes, as the language reads it back.

    >>> print(quote('a"b'))
    "a\"b"
    """
    return '"' + escape_value(value, '"') + '"'


def escape_value(value: str, special: str) -> str:
    r"""Return *value* with a backslash before each backslash and each of the *special* characters."""
    escaped = value.replace("\\", "\\\\")
    for character in special:
        escaped = escaped.replace(character, "\\" + character)
    return escaped


def unescape_value(value: str, special: str = '"') -> str:
    r"""Return *value* without the backslashes that stand before a backslash or a *special* character."""
    return re.sub(r"\\([\\" + re.escape(special) + "])", r"\1", value) if "\\" in value else value


# -- words ---------------------------------------------------------------------------------------

# Compiled when a text is read first: every start would pay for it.
_TOKEN = r"""(?xs)
        (?P<space>\s+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<punctuation>[():=+])
      | (?P<word>[^\s()":=+,<>|&!'*]+)
      | (?P<star>\*)
"""
_OP_CLAUSE = r"(?P<up>[*+]*)(?P<name>[^*+\s,]+)(?P<down>[*+]*)"
_VALUE = r"""(?s)\s*(?:(?P<null><null>)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[^\s()"=+,<>|&!']+))"""


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    start: int

    @property
    def shown(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text}'"


_MENDS = {
    ",": "write 'or' between the two: a comma is not part of the language.",
    "|": "write 'or'.",
    "&": "write 'and'.",
    "!": "write 'not'.",
    "'": 'use double quotes: "...".',
    '"': 'close the quotes with another ".',
    "<": "write <null> after an attribute for 'none', or put the text into double quotes.",
}


class _Reader:
    """Read one text, token by token, with room to look ahead."""

    __slots__ = ("depth", "position", "text", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._split())
        self.position = 0
        self.depth = 0

    def _split(self) -> Iterator[_Token]:
        tokens, values = re.compile(_TOKEN), re.compile(_VALUE)
        text, place = self.text, 0
        value_next = False
        while place < len(text):
            match = (values if value_next else tokens).match(text, place)
            if match is None:
                if value_next and text[place] != "'":
                    value_next = False
                    continue
                character = text[place:].lstrip()[:1] or text[place]
                place = text.index(character, place)
                raise self.problem(f"'{character}' stands where it has no meaning", place, _MENDS.get(character))
            kind = match.lastgroup or ""
            start = match.start(kind)
            if kind == "punctuation":
                kind = match.group(kind)
            if kind != "space":
                yield _Token(kind, text[start : match.end()], start)
                value_next = kind in (":", "=")
            place = match.end()
        yield _Token("end", "", len(text))

    def problem(self, what: str, place: int, mend: str | None = None) -> InvalidSubsetError:
        """Return the error that marks *place* in the text."""
        line_start = self.text.rfind("\n", 0, place) + 1
        line_end = self.text.find("\n", place)
        line = self.text[line_start : None if line_end < 0 else line_end].replace("\t", " ")
        caret = " " * (place - line_start) + "^"
        return InvalidSubsetError(
            f"The asset selection cannot be read: {what}.\n    {line}\n    {caret}",
            mend=mend or "write, for example, 'key:\"orders\"+ and group:marketing'.",
        )

    @property
    def next(self) -> _Token:
        return self.tokens[self.position]

    def take(self) -> _Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def is_word(self, word: str) -> bool:
        """Tell whether the next token is an operator word, in small or in capital letters."""
        token = self.next
        return token.kind == "word" and token.text in (word, word.upper())


def parse_selection(text: str) -> SelectionTree:
    """
    Return the tree of a selection.

    Raises:
        InvalidSubsetError: *text* is not in the language; the place is marked, and the mend told.

    >>> parse_selection("key:orders+ and not kind:dbt")
    ... # doctest: +NORMALIZE_WHITESPACE
    And(operands=(Traversal(operand=Attribute(name='key', value='orders', second=None), up=0, down=None),),
        without=(Attribute(name='kind', value='dbt', second=None),))
    """
    reader = _Reader(text)
    if reader.next.kind == "end":
        raise reader.problem("it is empty", 0, "write '*' for all assets, or the name of one.")
    if _is_lone_name(reader):
        tree: SelectionTree = _traversal(reader)
    else:
        tree = _either(reader)
    token = reader.next
    if token.kind == ")":
        raise reader.problem("this parenthesis closes nothing", token.start, "take it away, or open one before.")
    if token.kind == ":":
        before = reader.tokens[reader.position - 1]
        raise _unknown_attribute(reader, before)
    if token.kind in ("word", "string", "star", "("):
        raise reader.problem(
            f"{token.shown} follows a selection that is already complete",
            token.start,
            "write 'and not' in its place." if token.text == "-" else "write 'and' or 'or' between the two.",
        )
    if token.kind != "end":
        raise reader.problem(f"{token.shown} stands where the selection should end", token.start)
    return tree


def _is_lone_name(reader: _Reader) -> bool:
    """Tell whether the whole text is one bare name, even ``and``, with steps right around it."""
    return re.fullmatch(_OP_CLAUSE, reader.text.strip()) is not None and [
        token.kind for token in reader.tokens if token.kind not in ("+", "star")
    ] == ["word", "end"]


def _either(reader: _Reader) -> SelectionTree:
    operands = [_both(reader)]
    while reader.is_word("or"):
        reader.take()
        operands.append(_both(reader))
    return operands[0] if len(operands) == 1 else Or(tuple(operands))


def _both(reader: _Reader) -> SelectionTree:
    operands: list[SelectionTree] = []
    without: list[SelectionTree] = []
    while True:
        negations = _negations(reader)
        tree = _traversal(reader)
        for _ in range(negations - 1):
            tree = Not(tree)
        (without if negations else operands).append(tree)
        if not reader.is_word("and"):
            break
        reader.take()
    if len(operands) == 1 and not without:
        return operands[0]
    if len(without) == 1 and not operands:
        return Not(without[0])
    return And(tuple(operands), tuple(without))


def _negations(reader: _Reader) -> int:
    count = 0
    while reader.is_word("not"):
        reader.take()
        count += 1
    if count > _MAX_DEPTH:
        raise reader.problem(f"'not' stands {count} times in a row", reader.next.start)
    return count


def _traversal(reader: _Reader) -> SelectionTree:
    first = reader.next
    up, how = _steps_up(reader)
    operand = _operand(reader)
    is_name = isinstance(operand, Name)
    if isinstance(operand, Everything) and reader.tokens[reader.position - 1].kind == "star":
        if how is not None:
            raise reader.problem("everything has nothing above it", first.start, "write '*' alone.")
        if reader.next.kind == "+":
            raise reader.problem("everything has nothing below it", reader.next.start, "write '*' alone.")
        return operand
    if not is_name:
        if first.kind == "star":
            raise reader.problem(
                "'*' stands for all steps up beside a bare name only", first.start, "write '+' in its place."
            )
        if how == "signs" and up is not None:
            if up != 1:
                raise reader.problem(
                    f"'{'+' * up}' counts steps beside a bare name only", first.start, f"write '{up}+'."
                )
            up = None
    down = _steps_down(reader, is_name)
    # ``0+a`` is kept: going up no step still leaves only what the project makes.
    return operand if up == 0 and down == 0 and how is None else Traversal(operand, up, down)


def _steps_up(reader: _Reader) -> tuple[int | None, Literal["number", "signs"] | None]:
    """Read the steps before an operand: how many, and how they were written."""
    first = reader.next
    if first.kind == "word" and first.text.isdecimal():
        following = reader.tokens[reader.position + 1 : reader.position + 3]
        if following[0].kind == "+" and following[-1].kind in ("word", "string", "(", "+", "star"):
            reader.take()
            reader.take()
            return _number(first.text), "number"
        return 0, None
    up = stars = 0
    while reader.next.kind == "+" or (reader.next.kind == "star" and _before_name(reader)):
        if reader.take().kind == "star":
            stars += 1
        else:
            up += 1
    if stars:
        return None, "signs"
    return up, "signs" if up else None


def _number(text: str) -> int | None:
    """Return a number of steps; beyond a billion it is all of them."""
    return int(text) if len(text) <= 9 else None


def _before_name(reader: _Reader) -> bool:
    """Tell whether a star is a step to the name right after it and not the whole of an operand."""
    star, following = reader.tokens[reader.position : reader.position + 2]
    touches = following.start == star.start + 1
    if touches and following.kind == "+":
        following = next(
            (token for token in reader.tokens[reader.position + 1 :] if token.kind not in ("+", "star")), following
        )
        return following.kind in ("word", "string")
    return touches and following.kind in ("word", "string", "star", "(")


def _steps_down(reader: _Reader, is_name: bool) -> int | None:
    first = reader.next
    down: int | None = 0
    while reader.next.kind == "+" or (reader.next.kind == "star" and _touches_before(reader)):
        if reader.take().kind == "star":
            if not is_name:
                raise reader.problem("'*' stands for all steps down beside a bare name only", first.start, "write '+'.")
            down = None
        elif down is not None:
            down += 1
    if down == 0 and first.kind != "+":
        return 0
    token = reader.next
    if down == 1 and token.kind == "word" and token.text.isdecimal():
        reader.take()
        return _number(token.text)
    if is_name or down is None:
        return down
    if down != 1:
        raise reader.problem(
            f"'{'+' * (down or 0)}' counts steps beside a bare name only", first.start, f"write '+{down}'."
        )
    return None


def _touches_before(reader: _Reader) -> bool:
    before, star = reader.tokens[reader.position - 1 : reader.position + 1]
    return before.start + len(before.text) == star.start


def _operand(reader: _Reader) -> SelectionTree:
    token = reader.take()
    if token.kind == "star":
        return Everything()
    if token.kind == "(":
        return _group(reader, token)
    if token.kind == "string":
        return Name(unescape_value(token.text[1:-1]))
    if token.kind == "word":
        following = reader.next.kind
        if following == "(":
            return _call(reader, token)
        if following == ":":
            return _attribute(reader, token)
        if token.text.lower() in ("and", "or", "not") and not _is_lone_name(reader):
            raise reader.problem(
                f"{token.shown} stands where an asset should",
                token.start,
                f'write key:"{token.text}" if an asset is called so.',
            )
        return Name(token.text)
    if token.kind == "end":
        raise reader.problem("it ends where an asset should stand", token.start)
    if token.kind == ")":
        raise reader.problem("there is nothing before this parenthesis", token.start, "write a selection before it.")
    raise reader.problem(f"{token.shown} stands where an asset should", token.start)


def _group(reader: _Reader, opening: _Token) -> SelectionTree:
    reader.depth += 1
    if reader.depth > _MAX_DEPTH:
        raise reader.problem(f"more than {_MAX_DEPTH} parentheses are open", opening.start, "take some away.")
    tree = _either(reader)
    reader.depth -= 1
    token = reader.take()
    if token.kind == "end":
        raise reader.problem(
            "this parenthesis is never closed", opening.start, "write ')' after the last asset that belongs in."
        )
    if token.kind == ":":
        raise _unknown_attribute(reader, reader.tokens[reader.position - 2])
    if token.kind != ")":
        raise reader.problem(
            f"{token.shown} follows a selection that is already complete",
            token.start,
            "write 'and' or 'or' between the two, or ')' before it.",
        )
    return tree


def _call(reader: _Reader, name: _Token) -> SelectionTree:
    if name.text == "sources":
        return Call("roots", _group(reader, reader.take()))
    if name.text not in FUNCTIONS:
        if name.text.lower() in ("and", "or"):
            raise reader.problem(f"{name.shown} stands where an asset should", name.start)
        raise reader.problem(
            f"there is no function '{name.text}'", name.start, nearest_hint(name.text, FUNCTIONS, noun="function")
        )
    return Call(name.text, _group(reader, reader.take()))


def _unknown_attribute(reader: _Reader, name: _Token) -> InvalidSubsetError:
    return reader.problem(
        f"there is no attribute '{name.text}'",
        name.start,
        nearest_hint(name.text.lower(), ATTRIBUTES, noun="attribute")
        if nearest(name.text.lower(), ATTRIBUTES)
        else f"use one of {', '.join(ATTRIBUTES)}; or put a name that holds ':' into double quotes.",
    )


def _attribute(reader: _Reader, name: _Token) -> Attribute:
    if name.text not in ATTRIBUTES:
        raise _unknown_attribute(reader, name)
    reader.take()
    value = _value(reader, name)
    if name.text not in _PAIRS:
        return Attribute(name.text, value)
    second = None
    if reader.next.kind == "=":
        reader.take()
        second = _value(reader, name) if reader.next.kind in ("word", "string", "null") else None
    return Attribute(name.text, value, second or "")


def _value(reader: _Reader, name: _Token) -> str | None:
    token = reader.take()
    if token.kind == "null":
        if name.text not in _NULLABLE:
            raise reader.problem(
                f"'{name.text}' cannot be <null>", token.start, "write a value, or leave this part out."
            )
        return None
    if token.kind == "string":
        content = token.text[1:-1]
        return content if name.text in ("key", "check") else unescape_value(content)
    if token.kind == "word":
        return token.text
    raise reader.problem(
        f"'{name.text}:' has no value",
        token.start,
        f'write {name.text}:value, or {name.text}:"..." for text with blanks or signs.',
    )


# -- the older form, over names -------------------------------------------------------------------


def parse_op_clause(clause: str) -> tuple[int | None, str, int | None]:
    """
    Return the steps up, the name, and the steps down of one clause; None for all steps.

    Raises:
        InvalidSubsetError: *clause* is not of this form.

    >>> parse_op_clause("*load"), parse_op_clause("load++")
    ((None, 'load', 0), (0, 'load', 2))
    """
    match = re.fullmatch(_OP_CLAUSE, clause.strip())
    if match is None:
        raise InvalidSubsetError(
            f"The op selection clause {clause!r} cannot be read.",
            mend="write a name, with '+' for each step or '*' for all steps before it (upstream) or after it "
            "(downstream), as '*load' or 'load++'.",
        )
    up, down = match["up"], match["down"]
    return (None if "*" in up else len(up)), match["name"], (None if "*" in down else len(down))


def resolve_op_selection(parents: Mapping[str, Iterable[str]], query: Iterable[str] | str) -> set[str]:
    """
    Return the names that *query* selects.

    Args:
        parents: The upstream neighbours of each name.
        query: Clauses: ``name``, ``*name`` (all upstream too), ``name*``, ``+name``, ``name++``; one
            string may hold several, between commas. ``*`` alone selects all.

    Raises:
        InvalidSubsetError: A clause cannot be read, names what is not there, or nothing is selected.

    >>> sorted(resolve_op_selection({"load": [], "clean": ["load"], "plot": ["clean"]}, ["+plot"]))
    ['clean', 'plot']
    """
    clauses = [query] if isinstance(query, str) else list(query)
    upstream = {name: list(dict.fromkeys(its_parents)) for name, its_parents in parents.items()}
    downstream: dict[str, list[str]] = {name: [] for name in upstream}
    for name, its_parents in upstream.items():
        for parent in its_parents:
            downstream.setdefault(parent, []).append(name)
    selected: set[str] = set()
    for clause in (each for text in clauses for each in text.split(",")):
        if clause.strip() == "*":
            selected.update(upstream)
            continue
        up, name, down = parse_op_clause(clause)
        if name not in upstream:
            raise InvalidSubsetError(
                f"The selection {clause.strip()!r} names op '{name}', which is not there.",
                mend=nearest_hint(name, upstream, noun="op"),
            )
        selected |= _reached(upstream, name, up) | _reached(downstream, name, down)
    if not selected:
        raise InvalidSubsetError(f"The selection {clauses!r} selects no op.", mend="name one, or write '*' for all.")
    return selected


def _reached(neighbours: Mapping[str, Iterable[str]], start: str, depth: int | None) -> set[str]:
    seen = {start}
    front = [start]
    while front and (depth is None or depth > 0):
        front = list(dict.fromkeys(other for name in front for other in neighbours.get(name, ()) if other not in seen))
        seen.update(front)
        depth = None if depth is None else depth - 1
    return seen
