"""
Ground floor: the words that everything else is said in.

Errors, keys, names, tags, metadata, the clock as a protocol, the order of graphs. Every room may
come in; nothing here imports another room, and nothing here touches the world. Begin with
``errors`` (the tree is drawn at its head) and ``keys``.
"""
