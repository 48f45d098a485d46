"""
The orchestrator's side of Pipes: launching external processes and reading what they report.

Empty until Pipes is built; the external side is the distribution ``orrery-pipes``.
"""
