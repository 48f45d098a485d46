"""
How a run gets its process: in this one, in a child, from a warm code location.

Empty until runs are launched in processes of their own.
"""
