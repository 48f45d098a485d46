"""
Who carries steps out: one loop in this process, warm worker processes, other clusters.

Each is a stranger to the others and passes the same conformance suite.
"""
