"""
Where records live: memory and SQL databases, each behind the same ports.
"""
