"""
Records: runs, and what follows from the events about them and about assets.

``run`` is the record of a run, ``run_status`` the rules by which its status changes, ``asset`` and
``stats`` fold the event log into the latest state of an asset and the numbers of a run. All pure:
storages and the engine call the same rules. Begin with ``run``.
"""
