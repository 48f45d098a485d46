"""
Which adapter stands where: settings, registry, defaults. The one room that names adapters.
"""
