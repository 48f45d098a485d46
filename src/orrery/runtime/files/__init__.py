"""
Files that are written whole or not at all.

Whatever stores values in files, on whichever floor above, writes them through :mod:`~orrery.runtime.files.atomic` and
nothing else.
"""
