"""
Stores by which processes on other machines are told their context, and report: one module for each.

A client of the store's official library is handed in; none is imported here. The external side of each is in
``orrery_pipes.clouds``.
"""
