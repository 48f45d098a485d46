"""Where documents look for what runs: ``api``, and the contexts."""
