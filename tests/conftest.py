"""
What holds for all tests: how hypothesis searches.

In CI it takes the same examples each time, so that a red run is red again; by hand it looks further
each time. There is no deadline: machines are shared. Reasons of skipped tests are printed at the end
(``-rs`` in ``pyproject.toml``).
"""

import os

from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))
