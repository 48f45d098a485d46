r"""
The asset graph in languages that other programs draw: Mermaid and Graphviz's DOT.

Names of assets are any text; nodes get names of their own, and the text stands in a quoted label.
"""

from __future__ import annotations

from collections.abc import Sequence

from orrery.base.keys import AssetKey
from orrery.cli.text import one_line
from orrery.model.assets.graph import AssetGraph

__all__ = ["dot_text", "mermaid_text"]


def mermaid_text(graph: AssetGraph, keys: Sequence[AssetKey]) -> list[str]:
    """Return the lines of a Mermaid flowchart; groups become its sub-graphs."""
    number = {key: f"a{index}" for index, key in enumerate(keys)}
    lines = ["graph LR"]
    for position, (group, members) in enumerate(_groups(graph, keys)):
        indent = "  "
        if group != "default":
            lines.append(f'  subgraph g{position}["{_entities(group)}"]')
            indent = "    "
        for key in members:
            label = _entities(key.to_escaped_user_string())
            node = f'["{label}"]' if graph.get(key).is_materializable else f'(["{label}"])'
            lines.append(f"{indent}{number[key]}{node}")
        if group != "default":
            lines.append("  end")
    lines += [f"  {number[up]} --> {number[key]}" for key in keys for up in graph.get_parents(key) if up in number]
    return lines


def dot_text(graph: AssetGraph, keys: Sequence[AssetKey]) -> list[str]:
    """Return the lines of a Graphviz graph; groups become its clusters."""
    number = {key: f"a{index}" for index, key in enumerate(keys)}
    lines = ["digraph assets {", "  rankdir=LR;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    for position, (group, members) in enumerate(_groups(graph, keys)):
        indent = "  "
        if group != "default":
            lines += [f"  subgraph cluster_{position} {{", f"    label={_quoted(group)};"]
            indent = "    "
        for key in members:
            style = "" if graph.get(key).is_materializable else ", style=dashed"
            lines.append(f"{indent}{number[key]} [label={_quoted(key.to_escaped_user_string())}{style}];")
        if group != "default":
            lines.append("  }")
    lines += [f"  {number[up]} -> {number[key]};" for key in keys for up in graph.get_parents(key) if up in number]
    return [*lines, "}"]


def _groups(graph: AssetGraph, keys: Sequence[AssetKey]) -> list[tuple[str, list[AssetKey]]]:
    members: dict[str, list[AssetKey]] = {}
    for key in keys:
        members.setdefault(graph.get(key).group_name, []).append(key)
    return list(members.items())


def _entities(text: str) -> str:
    """Return *text* for a quoted label of Mermaid, which knows entities by number."""
    return "".join(char if char.isalnum() or char in " _-./:" else f"#{ord(char)};" for char in one_line(text))


def _quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
