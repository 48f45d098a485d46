"""
The kit for those who test with Orrery or extend it (a face).

A clock that is turned by hand (:class:`ManualClock`), temporary instances (:func:`instance_for_test`),
strategies for hypothesis (``orrery.testing.strategies``, which needs hypothesis) and conformance suites for every
seam (``orrery.testing.conformance``). What is here is public: an adapter by somebody else proves itself with it.
"""

from orrery.testing.clock import ManualClock
from orrery.testing.instance import instance_for_test

__all__ = ["ManualClock", "instance_for_test"]
