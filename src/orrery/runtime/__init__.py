"""
Effects, only through ports (floor 5): the engine that carries a plan out.

Rooms, from the ground: ``ports`` (protocols for whatever stores or launches), beside it ``processes``
(processes that have imported the user's code, and children forked from them), ``files`` (written
whole or not at all), ``instance`` (a frozen bundle of ports and the questions to it), ``contexts`` (views that user code gets),
``resources`` (resources and IO managers as classes), ``engine`` (steps and runs). No adapter is
named here: the wiring of :mod:`orrery.api` hands them in.

Begin with ``engine/run.py``, then ``engine/step.py``.
"""
