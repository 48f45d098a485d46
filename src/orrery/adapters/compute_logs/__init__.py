"""
Where the captured output of steps goes.

Empty until output is captured.
"""
