"""
Clients that launch processes elsewhere and wait for them: one module for each place.

Each is built on the official client of its place, which is an extra and imported when a client is made without one, or
on the system's ``ssh``. ``waiting.py`` is what they share.
"""
