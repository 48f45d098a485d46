"""
``orrery completion``: what a shell needs to complete names at the tab key.
"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from orrery.cli.paper import echo

__all__ = ["command"]


@click.command("completion", short_help="Let the shell complete names.")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """
    Print the lines that let SHELL complete commands, assets, jobs and runs at the tab key.

    For bash, say in ~/.bashrc: eval "$(orrery completion bash)". For zsh the same in ~/.zshrc, with zsh. For fish,
    in ~/.config/fish/config.fish: orrery completion fish | source
    """
    found = get_completion_class(shell)
    assert found is not None  # click knows the shells that the choice names
    root = click.get_current_context().find_root().command
    echo(found(root, {}, "orrery", "_ORRERY_COMPLETE").source())
