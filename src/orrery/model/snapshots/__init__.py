"""
Definitions as data, for processes that load no code of the user.

A snapshot is what a code location tells the daemon, the server and a run's record about its
definitions. The values are frozen and serializable; whoever makes one from live definitions
stands above (``definitions/project``). Empty until code locations exist.
"""
