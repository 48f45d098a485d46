"""
The processes that work for a run or for whoever launches runs: their entry points and loops (a face).

``code`` is the entry of code processes and of the fresh interpreters that they start; how they are asked for is in
:mod:`orrery.runtime.processes`. Entry points are named as text (``module:function``) by those who start them.
"""
