"""
Implementations of the seams (floor 6): storage, executors, IO, caches, launchers, logs, pipes.

An adapter stands behind a port of :mod:`orrery.runtime.ports` or a class of the public API, passes
the conformance suite of its seam (:mod:`orrery.testing`), and knows no other adapter. Only
:mod:`orrery.api.wiring` names one.
"""
