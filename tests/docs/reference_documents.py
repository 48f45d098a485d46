"""
The code of the reference documents, taken out of them as it is printed.

The documents lie beside the repository (``../shared/reference``); a clone elsewhere does not have them, and the tests
that need them say so. A *frame* (``frames/``) is the smallest program around one or more blocks: where it says
``#: block 4`` the block is put in, with the indentation of that line. What is changed in a block is written in
``REPLACEMENTS``: typing errors of the document, and what it leaves open (an ellipsis, a place on a disk). Nothing else.

``python -m tests.docs.reference_documents`` writes ``docs/reference-programs.md`` anew.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "reference"
FRAMES = Path(__file__).resolve().parent / "frames"
PROGRAMS = Path(__file__).resolve().parent / "programs"
PAGE = ROOT / "docs" / "reference-programs.md"

DOCUMENTS = {
    1: "1-io-managers-caching-and-planning.ru.md",
    2: "2-contexts.ru.md",
    3: "3-resources.md",
    4: "4-customizing-the-asset-decorator.md",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """
    One piece of code of a document.

    Attributes:
        document: Number of the document.
        number: Place among the pieces of that document, from 1.
        line: Line of the document on which it begins.
        text: The code, as printed.
    """

    document: int
    number: int
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """
    One change made to the code of a document.

    Attributes:
        printed: What the document says.
        run: What is run in its place.
        why: The reason.
    """

    printed: str
    run: str
    why: str


#: Per document and block: what is replaced. A block that is not named is run as printed.
REPLACEMENTS: dict[tuple[int, int], Sequence[Replacement]] = {
    (1, 3): [Replacement(printed="/tmp/cache/", run="cache/", why="a place on the disk")],
    (1, 4): [Replacement(printed='"/tmp/cache"', run='"cache"', why="a place on the disk")],
    (1, 7): [Replacement(printed="()", run="([asset1, asset2])", why="left open")],
    (1, 8): [Replacement(printed=", ...]", run="]", why="left open")],
    (1, 10): [Replacement(printed='"..."', run='"asset2"', why="left open")],
    (1, 11): [
        Replacement(printed="assets=[...]", run="assets=[asset1, asset2]", why="left open"),
        Replacement(printed="assets([...])", run="assets([asset2.key])", why="left open"),
    ],
    (1, 12): [Replacement(printed="run_config=..., ...", run="run_config=run_config", why="left open")],
    (2, 3): [
        Replacement(printed="pipeline, ...", run="pipeline", why="left open; no Python"),
        Replacement(printed="iterator(...)", run="iterator(pipeline)", why="left open"),
    ],
    (2, 4): [Replacement(printed=", ...", run="", why="left open")],
    (2, 5): [Replacement(printed=", ...", run="", why="left open")],
    (2, 6): [
        Replacement(
            printed="def build_op_context(...)", run="def build_op_context(step_context)", why="left open; no Python"
        ),
        Replacement(printed="OpExecutionContext(...)", run="OpExecutionContext(step_context)", why="left open"),
    ],
    (2, 8): [Replacement(printed="{...}", run='{"ops": {"fetch": {"config": {"page": 2}}}}', why="left open")],
    (2, 9): [Replacement(printed="(...)", run="(my_job)", why="left open")],
    (2, 10): [Replacement(printed="    ...\n", run="", why="left open; no Python")],
    (2, 13): [
        Replacement(printed="(...)", run='(resource_defs, resource_config=run_config["resources"])', why="left open")
    ],
    (4, 1): [Replacement(printed="AssetsDefinitions", run="AssetsDefinition", why="typing error")],
    (4, 2): [Replacement(printed="StatisPartitionsDefinition", run="StaticPartitionsDefinition", why="typing error")],
    (4, 3): [
        Replacement(printed="AssetsDefinitions", run="AssetsDefinition", why="typing error"),
        Replacement(
            printed="build_churning_users_asset(a, l, h)",
            run="build_bar_filtered_asset(a, l, h)",
            why="typing error: the name of the other factory, which takes no asset",
        ),
    ],
    (4, 6): [Replacement(printed="AssetsDefinitions", run="AssetsDefinition", why="typing error")],
}

#: Document 3 has no fences, and the blanks and ends of lines of its code are lost. Each piece is found by its first and
#: last line, and set again; only white space may differ.
SPACED_AGAIN: Sequence[tuple[str, str, str]] = (
    (
        "from dagster import resource",
        "classExternalCerealFetcher",
        """\
from dagster import resource

class ExternalCerealFetcher:
    def fetch_new_cereals(self, start_ts, end_ts):
        pass

@resource
def cereal_fetcher(init_context):
    return ExternalCerealFetcher()
""",
    ),
    (
        "from dagster import Definitions",
        'resources={"foo": foo_resource},)',
        """\
from dagster import Definitions
defs = Definitions(
    assets=[asset_requires_resource],
    resources={"foo": foo_resource},
)
""",
    ),
    (
        "from dagster import op",
        "context.resources.database.execute_query(CREATE_TABLE_1_QUERY)",
        """\
from dagster import op
CREATE_TABLE_1_QUERY = "create table_1 as select * from table_0"

@op(required_resource_keys={"database"})
def op_requires_resources(context):
    context.resources.database.execute_query(CREATE_TABLE_1_QUERY)
""",
    ),
    (
        "from dagster import job",
        "op_requires_resources()",
        """\
from dagster import job

@job(resource_defs={"database": database_resource})
def do_database_stuff_job():
    op_requires_resources()
""",
    ),
    (
        "from dagster import repository, with_resources",
        'resource_defs={"foo": foo_resource},)]',
        """\
from dagster import repository, with_resources

@repository
def repo():
    return [
        *with_resources(
            definitions=[asset_requires_resource],
            resource_defs={"foo": foo_resource},
        )
    ]
""",
    ),
)


#: Blocks that are files of one project, laid out and run together by a test of their own.
PROJECT = frozenset((1, number) for number in (15, 16, 17, 18, 19))


def without_space(text: str) -> str:
    """Return *text* without its white space."""
    return re.sub(r"\s+", "", text)


def blocks(document: int) -> tuple[Block, ...]:
    """Return the pieces of code of *document*, in its order."""
    lines = (REFERENCE / DOCUMENTS[document]).read_text(encoding="utf-8").splitlines()
    found = _unfenced(lines) if document == 3 else _fenced(lines)
    return tuple(
        Block(document=document, number=number, line=line, text=text) for number, (line, text) in enumerate(found, 1)
    )


def _fenced(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    start: int | None = None
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            if start is None:
                start = number
            else:
                yield start + 1, "\n".join(lines[start : number - 1]) + "\n"
                start = None


def _unfenced(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for first, last, _ in SPACED_AGAIN:
        start = next(number for number, line in enumerate(lines) if line.strip() == first)
        end = next(number for number in range(start, len(lines)) if lines[number].startswith(last))
        yield start + 1, "\n".join(lines[start : end + 1]) + "\n"


def code_to_run(block: Block) -> str:
    """Return the code of *block* with its stated replacements, or set again if its white space was lost."""
    if block.document == 3:
        return SPACED_AGAIN[block.number - 1][2]
    text = block.text
    for replacement in REPLACEMENTS.get((block.document, block.number), ()):
        if replacement.printed not in text:
            raise ValueError(f"document {block.document}, block {block.number} does not say {replacement.printed!r}")
        text = text.replace(replacement.printed, replacement.run)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """
    A program around blocks of one document.

    Attributes:
        path: Where it lies; its name begins with the number of its document.
        document: Number of that document.
        numbers: The blocks it puts in.
        fact: What it shows, from its docstring.
    """

    path: Path
    document: int
    numbers: tuple[int, ...]
    fact: str


_MARK = re.compile(r"^(?P<indent> *)#: block (?P<number>\d+)$", flags=re.MULTILINE)


def frames() -> tuple[Frame, ...]:
    """Return all frames, in order of document and name."""
    found: list[Frame] = []
    for path in sorted(FRAMES.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(
            Frame(
                path=path,
                document=int(path.relative_to(FRAMES).parts[0][0]),
                numbers=tuple(int(match["number"]) for match in _MARK.finditer(text)),
                fact=(ast.get_docstring(ast.parse(text)) or "").splitlines()[0],
            )
        )
    return tuple(found)


def filled(frame: Frame) -> str:
    """Return the program of *frame* with its blocks put in."""
    by_number = {block.number: block for block in blocks(frame.document)}

    def put_in(match: re.Match[str]) -> str:
        code = code_to_run(by_number[int(match["number"])]).rstrip("\n")
        return "\n".join(match["indent"] + line if line.strip() else line for line in code.splitlines())

    return _MARK.sub(put_in, frame.path.read_text(encoding="utf-8"))


def page() -> str:
    """Return the text of the page that lists every block and the test that runs it."""
    tests: dict[tuple[int, int], list[Frame]] = {}
    for frame in frames():
        for number in frame.numbers:
            tests.setdefault((frame.document, number), []).append(frame)
    lines = [
        "# Programs of the reference documents",
        "",
        "Orrery's programming model is specified by reference documents that lie beside the repository. Every piece",
        "of code in them runs in a test: complete programs as printed, fragments inside of the smallest program around",
        "them (a *frame*, below `tests/docs/frames`). The test takes the code out of the document; a clone without the",
        "documents skips it and says so. Programs in our own words that show the same are below `tests/docs/programs`,",
        "and always run.",
        "",
        "This page is written by `python -m tests.docs.reference_documents`.",
    ]
    for document, name in DOCUMENTS.items():
        lines += [
            "",
            f"## {name}",
            "",
            "| block | line | begins with | frame | shows | replaced |",
            "|---|---|---|---|---|---|",
        ]
        for block in blocks(document):
            first = next(line.strip() for line in block.text.splitlines() if line.strip())
            replaced = "; ".join(
                f"`{one.printed.strip()}` ({one.why})" for one in REPLACEMENTS.get((document, block.number), ())
            )
            found = tests.get((document, block.number), [])
            names = [f"`{frame.path.relative_to(FRAMES)}`" for frame in found]
            facts = [frame.fact for frame in found]
            if (document, block.number) in PROJECT:
                names.append("the whole project")
                facts.append("Its graph is printed, then a, b and c have the values 1, 2 and 4.")
            reason = _cell(replaced) or ("white space" if document == 3 else "")
            cells = (
                str(block.number),
                str(block.line),
                f"`{_cell(first[:60])}`",
                ", ".join(names),
                " ".join(facts),
                reason,
            )
            lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## In our own words", "", "| program | shows |", "|---|---|"]
    for path in sorted(PROGRAMS.rglob("*.py")):
        fact = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]
        lines.append(f"| `{path.relative_to(PROGRAMS)}` | {fact} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
