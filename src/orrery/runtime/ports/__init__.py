"""
The protocols behind which adapters stand: event log, runs, schedules, compute logs, launchers.
"""
