"""
Processes that have imported the user's code, and what is said to them.

A *code process* (:class:`~orrery.runtime.processes.code_process.CodeProcess`) is started once, by a fresh interpreter. It
imports the user's code and nothing else, stays single-threaded, and forks a child at each request: a run, or a worker
for steps. Where forking is unsafe, it starts a fresh interpreter instead; whoever asks sees no difference but the time.
It is the parent of them all: it tells how each ended, hands signals on, and takes them with it when its owner dies.

Begin with ``code_process`` (the owner's side) and ``serving`` (what the process does). ``nursery`` keeps a process from
which code processes are forked in turn; a ``spare`` child is forked before it is asked for. ``channel`` carries messages,
``endings`` says how a process ended. Below engine and instance: nothing here knows runs or steps.
"""
