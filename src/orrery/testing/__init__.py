"""
The kit for those who test with Orrery or extend it (a face).

Conformance suites for every seam, a clock that is turned by hand, temporary instances and
strategies for hypothesis. What is here is public: an adapter by somebody else proves itself with it.
"""
