"""
The process that acts over time: ticks of schedules and sensors, queues, backfills (a face).

It reads the clock, asks the pure rules of :mod:`orrery.model.automation`, and launches. It sees
snapshots of definitions and no user code. Empty until schedules run.
"""
