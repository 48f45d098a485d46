"""
Values and the pure rules over them (floor 2).

Config, partitions, events, the asset graph, records and automation: facts in, answers out. Nothing
here calls a function of the user, reads a clock or touches a file, so every case is one line of a
test. Every floor above may come in; this one imports :mod:`orrery.base` alone.

Begin with ``assets/graph.py`` (what depends on what) and ``events/event.py`` (what happened).
"""
