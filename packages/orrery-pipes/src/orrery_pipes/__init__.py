"""
The external side of Orrery Pipes, for processes that an orchestrator launches.

This distribution is installed alone, beside code that knows nothing of Orrery: it has no
dependencies and keeps to the syntax of Python 3.8. It carries its version and no more yet; the
context, the loaders and the writers of the protocol come with the Pipes release (see the status
table of the README).
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
