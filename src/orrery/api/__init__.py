"""
The verbs over the wiring (floor 7): what a program calls.

``verbs`` holds ``materialize``, ``execute_job``, results and context builders; ``wiring`` says which
adapter stands where, from settings and entry points. The faces (command, server, daemon, workers)
come in here; the public names of :mod:`orrery` lead here and to the floors below.
"""
