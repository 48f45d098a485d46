"""
Measurements beside the reference implementation, in one run: ``make bench``, or ``python -m benchmarks --help``.

``programs`` holds what is measured: small programs against the API that both sides have in common, each run in a
process of its own. ``cases`` says which of them are run, how large, and what the goal is. ``sides`` starts them,
``run`` is the driver, ``report`` makes the table. Standard library only: nothing here needs an environment.
"""
