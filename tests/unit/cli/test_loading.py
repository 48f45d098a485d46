"""What the command loads, and how."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
import click
from orrery.cli.app import cli

looks = []
gc.callbacks.append(lambda phase, _: looks.append(phase))
gc.collect()
before = len(looks)
cli.get_command(click.Context(cli), "plan")
print(before, len(looks) - before)
"""


def test_no_garbage_is_looked_for_while_a_command_is_loaded() -> None:
    """Hundreds of modules make many objects that all stay."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "0"]
