"""
The instance: a frozen bundle of ports, and the questions that are asked of it.
"""
