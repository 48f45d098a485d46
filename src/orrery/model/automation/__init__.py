"""
What should happen next, decided from facts and an instant: facts in, wishes out.

Ticks of schedules, conditions of assets, the state of a backfill and the order of a queue, each as
a pure function over records. The daemon looks at the clock, asks here, and launches. Empty until
schedules run.
"""
