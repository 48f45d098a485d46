"""
``orrery graph``: what depends on what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from orrery.base.keys import AssetKey
from orrery.cli.completion import complete_selection
from orrery.cli.definition_facts import asset_document
from orrery.cli.drawing import ASCII, UNICODE, draw
from orrery.cli.graph_languages import dot_text, mermaid_text
from orrery.cli.json_output import claim_standard_output, echo_json, is_json_asked
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import can_draw, dim, echo, edge_of_terminal, is_terminal, strong, width_of
from orrery.cli.project import Project, load_project
from orrery.cli.text import count, cut, one_line

__all__ = ["command"]

_WIDEST = 120
_LABEL = 24


@click.command("graph", short_help="Draw what depends on what.")
@click.argument("selection", nargs=-1, shell_complete=complete_selection)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "dot", "json"]),
    default="text",
    show_default=True,
    help="A drawing in the terminal; or text for Mermaid, for Graphviz, for a program.",
)
@source_options
@json_option("The same as --format json.")
def command(selection: tuple[str, ...], form: str, source: Source, as_json: bool) -> None:
    """
    Draw the assets of SELECTION, by default all, each below those it depends on.

    A filled mark is an asset that the project makes, a hollow one an asset that something else makes. Lines lead down
    from each to those that depend on it.

    Example: orrery graph '*report'   (report, and all above it)
    """
    if form == "json" and not as_json:
        claim_standard_output()
        as_json = is_json_asked()
    project = load_project(source)
    keys = _selected(project, selection)
    if as_json:
        documents = [asset_document(project.graph, key) for key in keys]
        names = {document["key"] for document in documents}
        edges = [[up, document["key"]] for document in documents for up in document["upstream"] if up in names]
        echo_json({"assets": documents, "edges": edges})
    elif form == "text":
        _draw(project, keys)
    else:
        write: Callable[..., list[str]] = mermaid_text if form == "mermaid" else dot_text
        for line in write(project.graph, keys):
            echo(line)


def _selected(project: Project, selection: tuple[str, ...]) -> list[AssetKey]:
    if not selection:
        return list(project.graph.assets)
    keys, _ = project.select(selection)
    return project.graph.sort_keys(keys)


def _draw(project: Project, keys: Sequence[AssetKey]) -> None:
    graph = project.graph
    if not keys:
        echo("no assets are defined")
        return
    chosen = set(keys)
    parents = {key: [parent for parent in graph.get_parents(key) if parent in chosen] for key in keys}
    edges = [(parent, key) for key, above in parents.items() for parent in above]
    joined = {key for edge in edges for key in edge}
    signs = UNICODE if can_draw("●─│") else ASCII
    hollow = frozenset(key for key in keys if not graph.get(key).is_materializable)
    connected = [key for key in keys if key in joined]
    rows = draw(connected, parents, hollow=hollow, signs=signs)
    alone = [key for key in keys if key not in joined]
    edge = edge_of_terminal() or _WIDEST + _LABEL
    if rows and len(rows[0].rails) > min(_WIDEST, edge - _LABEL):
        _list(graph_lines=[(key, parents[key]) for key in connected])
    else:
        for row in rows:
            room = edge - len(row.rails) - 2
            label = "" if row.index is None else _label(project, connected[row.index], room)
            echo(f"{dim_rails(row.rails, row.mark)}  {label}".rstrip())
    if alone:
        if rows:
            echo()
        if len(keys) > 1:
            echo(dim("without neighbours here"))
        for key in alone:
            echo(f"{signs.hollow if key in hollow else signs.mark}  {_label(project, key, edge - 3)}")
    made = sum(graph.get(key).is_materializable for key in keys)
    external = f", {len(keys) - made} external" if made < len(keys) else ""
    echo()
    echo(dim(f"{count(made, 'asset')}{external}, {count(len(edges), 'dependency', 'dependencies')}"))


def dim_rails(rails: str, mark: int) -> str:
    """Return a line of a drawing, its rails paler than its mark."""
    return (
        dim(rails[:mark].rstrip(" "))
        + " " * (mark - len(rails[:mark].rstrip(" ")))
        + rails[mark : mark + 1]
        + dim(rails[mark + 1 :])
    )


def _label(project: Project, key: AssetKey, room: int) -> str:
    node = project.graph.get(key)
    notes = []
    if node.group_name != "default":
        notes.append(one_line(node.group_name))
    if not node.is_materializable:
        notes.append("external")
    checks = len(project.graph.check_keys_of(key))
    if checks:
        notes.append(count(checks, "check"))
    name = one_line(key.to_escaped_user_string())
    said = ", ".join(notes)
    if not is_terminal():
        return f"{name}  {said}" if said else name
    if width_of(name) + 2 + width_of(said) > room or not said:
        return strong(cut(name, max(room, 1)))
    return f"{strong(name)}  {dim(said)}"


def _list(graph_lines: list[tuple[AssetKey, list[AssetKey]]]) -> None:
    """Print a graph that is too wide to be drawn: each asset with those it depends on."""
    width = max(width_of(one_line(key.to_escaped_user_string())) for key, _ in graph_lines)
    for key, above in graph_lines:
        name = one_line(key.to_escaped_user_string())
        shown = ", ".join(one_line(parent.to_escaped_user_string()) for parent in above[:8])
        more = f" and {len(above) - 8} more" if len(above) > 8 else ""
        echo(f"{strong(name)}{' ' * (width - width_of(name))}  {dim(f'<- {shown}{more}') if above else ''}".rstrip())
