"""
Events: what users hand back, and the facts that a run leaves behind.

``user`` is what a user's function may return, yield or raise; ``payloads`` and ``event`` are the
facts; ``build`` makes them, one pure function per kind; ``entry`` is their stored form. Floors above
build events and pass them on; one room alone writes them. Begin with ``event``.
"""
