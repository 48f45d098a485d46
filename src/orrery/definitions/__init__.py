"""
Third floor: what the user declares.

Definitions hold user functions and call none of them. Verbs (running, calling directly) reach them
through one hatch, :mod:`orrery.definitions.verbs`, filled in by the face. Begin with
``graphs/op.py`` for ops and ``assets/assets_definition.py`` for assets; ``decorators`` turns
functions into both; ``project/definitions.py`` gathers them.
"""
