"""
The processes that carry steps out for an executor: their entry points and loops (a face).

Empty until steps run in processes of their own.
"""
