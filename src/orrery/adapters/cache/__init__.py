"""
Values kept by what they are: a content-addressed store and caches over slower places.

Empty until the cache is built.
"""
