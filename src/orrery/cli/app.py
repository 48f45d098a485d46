"""
The commands by name, imported one at a time.

Short helps stand here beside the names, so that ``orrery --help`` imports no command; a test holds that they
are those of the commands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from orrery.base.bulk import loaded_module
from orrery.base.errors import nearest_hint
from orrery.cli.endings import ended
from orrery.cli.warned import plain_warnings

__all__ = ["COMMANDS", "LazyGroup", "cli", "run"]

_Entry = tuple[str, str]

COMMANDS: Mapping[str, _Entry] = {
    "list": ("list", "List assets, jobs and resources."),
    "graph": ("graph", "Draw what depends on what."),
    "materialize": ("materialize", "Run assets and keep their values."),
    "plan": ("plan", "Show what is out of date, and why."),
    "apply": ("apply", "Carry out a saved plan."),
    "why": ("why", "Say why an asset is out of date, or is not."),
    "diff": ("diff", "Compare an asset as two runs made it."),
    "accept": ("accept", "Call stored values current after a cosmetic change."),
    "cache": ("cache", "Look after caches and stores of values."),
    "job": ("job", "List jobs, run one, print its config."),
    "partitions": ("partitions", "Show how the partitions of an asset stand."),
    "backfill": ("backfill", "Make many partitions, in the right order."),
    "backfills": ("backfills", "Show backfills, and go on with them."),
    "launch": ("launch", "Run a job or assets in a process of their own."),
    "pools": ("pools", "Show and set the pools of steps."),
    "queue": ("queue", "Show the runs that wait, and launch them."),
    "runs": ("runs", "Show, stop and repeat runs."),
    "show": ("show", "Show what is known of one asset."),
    "db": ("db", "Look after the records: size, pruning, damage."),
    "check": ("check", "Check the definitions without running them."),
    "init": ("init", "Make a small project that runs."),
    "completion": ("completion", "Let the shell complete names."),
}
"""For each command: the module below ``orrery.cli.commands``, and its help in a line."""


class LazyGroup(click.Group):
    """
    A group whose commands are imported when one of them is called.

    Args:
        lazy: Module and short help by name; None for a group whose commands are attached as usual.
        usual: The command that is meant where none is named: ``orrery runs --json`` is ``orrery runs list --json``.
        kwargs: As for any group.
    """

    def __init__(
        self, *args: Any, lazy: Mapping[str, _Entry] | None = None, usual: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy or {}
        self.usual = usual

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what follows the group's name; without a command, the usual one is called with all of it."""
        is_named = bool(args) and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
        if self.usual is not None and not is_named:
            args = [self.usual, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which help shows them."""
        return [*self.lazy, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing its module."""
        if cmd_name in self.commands or cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module = loaded_module(f"orrery.cli.commands.{self.lazy[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* call; hint at the nearest name if there is none."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            hint = nearest_hint(name, self.list_commands(ctx), noun="command")
            raise click.UsageError(f"There is no command '{name}'.\n  Try: {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and their short helps without importing them."""
        if not self.lazy:
            super().format_commands(ctx, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.lazy.items()])


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Where the definitions are: -f FILE, -m MODULE, or [tool.orrery] in pyproject.toml.",
)
@click.version_option(package_name="orrery", message="orrery %(version)s")
def cli() -> None:
    """Declare data assets as Python functions; see what depends on what; run it; keep every event."""


def run(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: What follows ``orrery``; by default as the process was called.

    Returns:
        The exit code: 0, 1 failed, 2 wrong usage, 130 interrupted, 143 by SIGTERM.
    """
    with plain_warnings():
        return ended(lambda: cli.main(args=arguments, prog_name="orrery", standalone_mode=False))
