"""
Where definitions come from: this process, or a process that has imported the user's code.

Empty until code locations are processes.
"""
