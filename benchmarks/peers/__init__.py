"""
The same graph for tools that are no orchestrators of this kind, each in its own words.

A program has two lives: ``make`` runs the graph of 1,000 nodes once, ``check`` finds in a new process that nothing
changed, and then finds it again. Each runs in the environment of its tool.
"""
