"""
Config: what a definition accepts, and what a user gave.

A schema is a tree of values (``schema.py``); ``validate.py`` walks value and schema together and tells
all problems at once (``problems.py``). Nothing here reads the environment: who resolves passes it in.
Classes in pydantic's manner live in ``pythonic.py``, the only module of this room that imports pydantic;
``marker.py`` answers whether a class is of that kind without importing it.

Begin with ``schema.py``.
"""
