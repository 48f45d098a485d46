"""Functions to definitions: ``@op``, ``@graph``, ``@job``, ``@asset`` and their family."""
