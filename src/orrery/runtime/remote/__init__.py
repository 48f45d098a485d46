"""
Steps that are carried out in another process: what is said, and both ends of it.

The run stays where it is: it decides, and it alone writes records. A *worker* makes the job again, opens the resources
that its steps need, carries out one step after the other, and tells every event and log line over a channel. Values
pass through IO managers. Every executor of several processes uses this room; they differ in who starts workers.

Begin with ``messages``; ``session`` is the worker's end, ``orders`` writes down which step is to be carried out.
"""
