"""
The orchestrator's side of Pipes: launching external processes and reading what they report.

Who launches begins at ``subprocess_client.py`` (one call) or ``session.py`` (a block around a launch of one's own).
A session joins an injector, which hands the context over (``injectors.py``), a reader, which brings messages back
(``readers.py``), and the handler, which judges each message alone (``handler.py``, ``wire.py``). The external side is
the distribution ``orrery-pipes``; the two share no code, only the protocol, so that either may be a stranger.
"""
