"""
The protocols behind which adapters stand.

``event_log``, ``runs`` and ``schedules`` keep records; one adapter may stand behind all three, and then
a batch of events changes them in one transaction. ``compute_logs``, ``run_launcher``,
``run_coordinator`` and ``code_location`` act. ``write_barrier`` orders values before the events that
name them. Each seam of records has a suite in :mod:`orrery.testing.conformance` that says what an
implementation must do. Begin with ``event_log``.
"""
