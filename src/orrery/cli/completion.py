"""
What the shell offers after a press of the tab key: assets, jobs, runs.

Names come from the definitions that the line so far points to (``-f``, ``-m``, or ``pyproject.toml``). Whatever goes
wrong on the way offers nothing: the person is still typing, and the command itself will say what is wrong.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from orrery.cli.options import Source

__all__ = ["complete_assets", "complete_jobs", "complete_runs", "complete_selection"]

_RECENT = 20
_Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _offers(names: Callable[[click.Context], Iterable[tuple[str, str]]], *, opening: str = "") -> _Completer:
    """Return a completer that offers the *names* that begin as the word does, behind any of the signs in *opening*."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        word = incomplete.lstrip(opening) if opening else incomplete
        before = incomplete[: len(incomplete) - len(word)]
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                found = list(names(ctx))
        except Exception:  # noqa: BLE001  # the line is not finished; the command itself tells what is wrong
            return []
        return [CompletionItem(before + name, help=text or None) for name, text in found if name.startswith(word)]

    return complete


def _project(ctx: click.Context) -> Any:
    from orrery.cli.project import load_project  # 200 ms, and commands that name these completers load no project

    given: dict[str, Any] = ctx.params
    return load_project(Source(file=given.get("file"), module=given.get("module"), attribute=given.get("attribute")))


def _assets(ctx: click.Context) -> Iterable[tuple[str, str]]:
    graph = _project(ctx).graph
    for key in sorted(graph.get_all_asset_keys()):
        yield key.to_escaped_user_string(), (graph.get(key).description or "").partition("\n")[0]


def _jobs(ctx: click.Context) -> Iterable[tuple[str, str]]:
    for job in _project(ctx).jobs:
        yield job.name, (job.description or "").partition("\n")[0]


def _runs(ctx: click.Context) -> Iterable[tuple[str, str]]:
    from orrery.runtime.instance.instance import Instance  # as above

    with Instance.get() as instance:
        for run in instance.get_runs(limit=_RECENT):
            yield run.run_id, f"{run.job_name}, {run.status.value.lower()}"


complete_assets = _offers(_assets)
"""Offer the assets of the project."""
complete_selection = _offers(_assets, opening="+*(")
"""Offer the assets of the project, also behind the signs that a selection begins with."""
complete_jobs = _offers(_jobs)
"""Offer the jobs of the project."""
complete_runs = _offers(_runs)
"""Offer the latest runs."""
