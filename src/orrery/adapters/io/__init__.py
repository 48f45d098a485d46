"""
Where values live: the built-in IO managers, and the one function that writes files whole.
"""
