"""
The help of every command, as it was agreed.

Set ``ORRERY_UPDATE_GOLDEN=1`` to write the files anew after a change that is meant, and read what changed.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from orrery.cli.app import COMMANDS, cli

FOLDER = Path(__file__).parent / "command_help"
WIDTH = {"COLUMNS": "100"}


def commands() -> Iterator[tuple[str, ...]]:
    """Give the words of every command, groups included."""
    yield ()
    context = click.Context(cli)
    for name in cli.list_commands(context):
        yield (name,)
        found = cli.get_command(context, name)
        if isinstance(found, click.Group):
            for inner in found.list_commands(context):
                yield (name, inner)


ALL = list(commands())


def file_of(words: tuple[str, ...]) -> Path:
    return FOLDER / ("-".join(["orrery", *words]) + ".txt")


def help_of(words: tuple[str, ...]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", WIDTH["COLUMNS"])
        result = CliRunner().invoke(cli, [*words, "--help"], prog_name="orrery", terminal_width=100)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_is_as_agreed(words: tuple[str, ...]) -> None:
    path = file_of(words)
    shown = help_of(words)
    if os.environ.get("ORRERY_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def test_no_file_is_left_of_a_command_that_is_gone() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {file_of(words).name for words in ALL}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    """``orrery --help`` takes short helps from a table; it must not lag behind."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.short_help == COMMANDS[name][1]


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_has_a_help(words: tuple[str, ...]) -> None:
    command: click.Command = cli
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    assert not [each.name for each in command.params if isinstance(each, click.Option) and not each.help]
