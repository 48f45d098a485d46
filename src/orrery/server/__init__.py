"""
The process that shows: typed JSON, live events and the browser page (a face).

It sees snapshots of definitions and no user code, and listens on loopback unless told otherwise.
Empty until the page is built.
"""
