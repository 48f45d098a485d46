"""
Values kept by what they are: a content-addressed store, and caches over slower places.

``blobs`` keeps bytes under their digest and names that point at them, locally or at any fsspec location; ``formats`` turns
values into bytes; ``freshness`` decides between the local copy and the remote one; ``cached`` and ``stored`` are the IO
managers. Begin with ``cached``.
"""
