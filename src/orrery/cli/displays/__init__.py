"""
Ways to show a run while it goes on: a live table, plain lines, JSON lines.

Each takes what :class:`orrery.cli.happenings.RunView` tells; ``display`` is what they have in common.
"""
