"""
Options that commands share.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

from orrery.cli.json_output import claim_standard_output
from orrery.cli.text import one_line

__all__ = [
    "LEVELS",
    "RunOptions",
    "Source",
    "RunTags",
    "json_option",
    "run_options",
    "seconds_of",
    "source_options",
    "tag_option",
]

Function = TypeVar("Function", bound=Callable[..., Any])

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """
    Where the user said the definitions are.

    Attributes:
        file: Path of a Python file.
        module: Dotted name of a module.
        attribute: Name in it that holds the definitions.
    """

    file: str | None = None
    module: str | None = None
    attribute: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """
    What the user said of a run.

    Attributes:
        config: Paths of YAML or JSON files, later ones over earlier ones.
        tags: Tags of the run.
        partition: The partition to run.
        partition_range: The first and last of the partitions to run, in one run.
        trace: Print the tree of what was called.
        trace_out: Write it to this file.
        level: Least level of log lines to show.
        every_frame: Fold nothing in errors.
        plain: Print plain lines on a terminal, too.
        as_json: Print JSON lines.
    """

    config: tuple[str, ...]
    tags: dict[str, str]
    partition: str | None
    partition_range: tuple[str, str] | None = None
    trace: bool
    trace_out: str | None
    level: int
    every_frame: bool
    plain: bool
    as_json: bool


def seconds_of(ctx: click.Context, param: click.Parameter, value: str | float | None) -> float | None:
    """Return a finite number of seconds, zero or more, if one is given: a range of click's lets ``nan`` and ``inf`` pass."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds) and seconds >= 0:
        return seconds
    raise click.BadParameter(
        f"'{one_line(str(value))}' is no number of seconds from zero on.\n"
        f"  Try: write {param.opts[0]} 60 for a minute, or leave it out.",
        ctx,
        param,
    )


def source_options(function: Function) -> Function:
    """Add ``-f``, ``-m`` and ``-a``; the command gets ``source``."""

    @click.option("-f", "--file", metavar="FILE", type=click.Path(), help="Python file with the definitions.")
    @click.option("-m", "--module", metavar="MODULE", help="Module with the definitions.")
    @click.option("-a", "--attribute", metavar="NAME", help="Name in it that holds them, if there are several.")
    @wraps(function)
    def with_source(*args: Any, file: str | None, module: str | None, attribute: str | None, **kwargs: Any) -> Any:
        if file is not None and module is not None:
            raise click.UsageError(
                "Both -f and -m say where the definitions are.\n  Try: give one of them.", click.get_current_context()
            )
        return function(*args, source=Source(file=file, module=module, attribute=attribute), **kwargs)

    return with_source  # type: ignore[return-value]  # click adds the parameters that the wrapper takes


def json_option(help_text: str = "Print one JSON document.") -> Callable[[Function], Function]:
    """Add ``--json``; the command gets ``as_json``, and its errors are told as JSON."""

    def decorate(function: Function) -> Function:
        @click.option("--json", "as_json", is_flag=True, help=help_text)
        @wraps(function)
        def with_json(*args: Any, as_json: bool, **kwargs: Any) -> Any:
            if as_json:
                claim_standard_output()
            return function(*args, as_json=as_json, **kwargs)

        return with_json  # type: ignore[return-value]  # as above

    return decorate


RunTags = dict[str, str]
"""Tags of a run, as they were given."""


def tag_option(function: Function) -> Function:
    """Add ``--tag``; the command gets ``tag``."""
    return click.option("--tag", metavar="KEY=VALUE", multiple=True, callback=_tags, help="Tag of the run.")(function)


def refuse_both_partitions(partition: str | None, partition_range: tuple[str, str] | None) -> None:
    """Refuse a partition beside a range of them."""
    if partition is not None and partition_range is not None:
        raise click.UsageError(
            "Both --partition and --partition-range say what to run.\n  Try: give one of them.",
            click.get_current_context(),
        )


def run_options(function: Function) -> Function:
    """Add the options of commands that run something; the command gets ``options``."""

    @click.option("--config", metavar="FILE", multiple=True, help="Run config: YAML or JSON. Later files win.")
    @tag_option
    @click.option("--partition", metavar="KEY", help="Partition to run.")
    @click.option("--partition-range", metavar="A...B", callback=range_of, help="Partitions to run, in one run.")
    @click.option("--trace", is_flag=True, help="Print what was called, as a tree with durations.")
    @click.option("--trace-out", metavar="FILE", type=click.Path(), help="Write the same for Perfetto (Chrome trace).")
    @click.option(
        "--log-level",
        type=click.Choice(list(LEVELS)),
        default="info",
        show_default=True,
        help="Least level of log lines to show.",
    )
    @click.option("--every-frame", is_flag=True, help="Fold no frames in errors.")
    @click.option("--plain", is_flag=True, help="Print plain lines on a terminal, too.")
    @json_option("Print JSON lines, the last one the result.")
    @wraps(function)
    def with_options(
        *args: Any,
        config: tuple[str, ...],
        tag: dict[str, str],
        partition: str | None,
        partition_range: tuple[str, str] | None,
        trace: bool,
        trace_out: str | None,
        log_level: str,
        every_frame: bool,
        plain: bool,
        as_json: bool,
        **kwargs: Any,
    ) -> Any:
        if trace_out is not None and not os.path.isdir(os.path.dirname(trace_out) or "."):
            raise click.BadParameter(f"there is no folder for {trace_out}. Make it first.", param_hint="--trace-out")
        refuse_both_partitions(partition, partition_range)
        options = RunOptions(
            config=config,
            tags=tag,
            partition=partition,
            partition_range=partition_range,
            trace=trace,
            trace_out=trace_out,
            level=LEVELS[log_level],
            every_frame=every_frame,
            plain=plain,
            as_json=as_json,
        )
        return function(*args, options=options, **kwargs)

    return with_options  # type: ignore[return-value]  # as above


def _tags(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise click.BadParameter(f"{text!r} is no tag.\n  Try: write KEY=VALUE.", context, parameter)
        tags[key] = value
    return tags


def range_of(context: click.Context, parameter: click.Parameter, given: str | None) -> tuple[str, str] | None:
    if given is None:
        return None
    start, sign, end = given.partition("...")
    if not (start and sign and end):
        raise click.BadParameter(f"{given!r} is no range.\n  Try: write A...B.", context, parameter)
    return start, end
