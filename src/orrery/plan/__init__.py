"""
A run before it runs (floor 4), pure: compile, decide, and progress as a state machine.

``compile.py`` turns a job and its run config into a frozen ``ExecutionPlan``; ``decide.py`` says
for each step run or skip, with reasons; ``active.py`` takes events and answers with commands. The
runtime carries the commands out; nothing here does.
"""
