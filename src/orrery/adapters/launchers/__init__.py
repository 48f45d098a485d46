"""
How a run gets its process: in this one, in a fresh interpreter, or forked from a process that has its code.
"""
