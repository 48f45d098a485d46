"""
The harness of the differential tests: run one program on two sides and compare what it records.

``facts`` and ``run_batch`` are executed by *both* interpreters (that of Orrery and that of the oracle) and therefore
use the standard library and the public names of ``dagster`` alone. ``sides`` starts the two batches and keeps the
oracle's answers; ``compare`` decides what counts as the same. Begin with ``facts``.
"""
