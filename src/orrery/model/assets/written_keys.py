"""
Keys as they are written in a selection: escaped, with wildcards; and what is said of those that no definition provides.

In a pattern ``*`` stands for any text and ``/`` parts a key; a backslash before either takes that meaning away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from orrery.base.errors import InvalidSubsetError, nearest, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.assets import syntax
from orrery.model.assets.graph import AssetGraph

__all__ = [
    "exact_parts",
    "missing_assets",
    "missing_checks",
    "quoted_pattern",
    "unescaped",
    "wildcard",
    "written_check",
    "written_key",
]

# Compiled when they are used first: every start would pay for it.
_ESCAPE = r"\\([\\/*:\"])"
_ESCAPED_QUOTE = r'(?s)\\.|"'
_BARE_NAME = r"[^\s()\":=+,<>|&!'*\\]+"


def quoted_pattern(pattern: str) -> str:
    """Return a pattern as it stands between double quotes."""
    return re.sub(_ESCAPED_QUOTE, lambda match: '\\"' if match.group() == '"' else match.group(), pattern)


def written_key(key: AssetKey, special: str = "") -> str:
    """Return the pattern that stands for a key alone; what is *special* around it is escaped, too."""
    return "/".join(syntax.escape_value(part, '/*"' + special) for part in key.parts)


def written_check(key: AssetCheckKey) -> str:
    """Return the text that stands for a check alone."""
    name = syntax.escape_value(key.name, '*":')
    return f"{written_key(key.asset_key, ':')}:{name}"


def unescaped(text: str) -> str:
    """Return *text* without the backslashes that take a meaning away."""
    return re.sub(_ESCAPE, r"\1", text)


def exact_parts(pattern: str) -> tuple[str, ...] | None:
    """Return the parts that a pattern without wildcard names; None if it has one."""
    if "\\" not in pattern:
        return None if "*" in pattern else tuple(pattern.split("/"))
    escapes = re.compile(_ESCAPE)
    parts: list[str] = [""]
    place = 0
    while place < len(pattern):
        character = pattern[place]
        escape = escapes.match(pattern, place)
        if escape is not None:
            parts[-1] += escape.group(1)
            place = escape.end()
            continue
        if character == "*":
            return None
        if character == "/":
            parts.append("")
        else:
            parts[-1] += character
        place += 1
    return tuple(parts)


def wildcard(pattern: str) -> re.Pattern[str]:
    """Return the expression for a pattern over escaped keys: a slash is any, an escaped one is within a part."""
    pieces = re.findall(r"\\[\\/*:\"]|\*+|/|[^\\*/]+|\\", pattern)
    expressions = {"/": r"\\?/", "\\/": r"\\/", "\\": r"\\\\", "\\\\": r"\\\\"}
    return re.compile(
        "".join(".*" if piece[0] == "*" else expressions.get(piece) or re.escape(unescaped(piece)) for piece in pieces),
        re.DOTALL,
    )


def missing_assets(missing: Sequence[AssetKey], graph: AssetGraph) -> InvalidSubsetError:
    """Return the error for assets that a selection names, and *graph* does not have; the nearest is told."""
    first = missing[0].to_user_string()
    names = [node.key.to_user_string() for node in graph.nodes]
    odd = next((node.key for node in graph.nodes if node.key.to_user_string() == first), None)
    near = nearest(first, names)
    meant = next((node.key for node in graph.nodes if node.key.to_user_string() == near), None)
    if odd is not None:
        mend = f'write key:"{written_key(odd)}", where the slash belongs to a part of the key.'
    elif near is not None and meant is not None and not re.fullmatch(_BARE_NAME, near):
        mend = f'write key:"{written_key(meant)}", the nearest name that exists.'
    else:
        mend = nearest_hint(first, names, noun="asset")
    return InvalidSubsetError(
        f"The selection names {_listed('asset', [key.to_user_string() for key in missing])}, "
        "which no definition provides.",
        mend=mend,
    )


def missing_checks(missing: Sequence[AssetCheckKey], known: Iterable[AssetCheckKey]) -> InvalidSubsetError:
    """Return the error for checks that a selection names, and that are not among the *known*; the nearest is told."""
    names = [key.to_user_string() for key in known]
    return InvalidSubsetError(
        f"The selection names {_listed('asset check', [key.to_user_string() for key in missing])}, "
        "which no definition provides.",
        mend=nearest_hint(missing[0].to_user_string(), names, noun="asset check"),
    )


def _listed(noun: str, names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:10]) + (", ..." if len(names) > 10 else "")
    return f"{noun}{'s' if len(names) > 1 else ''} {shown}"
