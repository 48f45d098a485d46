"""
Where definitions come from: this process, or a process that has imported the user's code.

``python_code`` imports a file or module here, and finds the definitions in it. Processes of their own are to come.
"""
