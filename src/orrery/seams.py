"""
Every seam where Orrery is extended, listed.

A seam is a protocol or base class that a stranger may implement. The list is data - what each is
for and where it is defined - so that documentation and commands can show it without importing
anything; :meth:`Seam.load` imports the one that is asked for.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

__all__ = ["SEAMS", "Seam"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """
    One place where Orrery is extended.

    Attributes:
        name: Name of the protocol or base class.
        module: Module that defines it.
        purpose: What an implementation does, in one sentence.
    """

    name: str
    module: str
    purpose: str

    def load(self) -> type:
        """Import and return the protocol or base class."""
        found = getattr(importlib.import_module(self.module), self.name)
        if not isinstance(found, type):
            raise TypeError(f"seam {self.name!r} of {self.module!r} is no class but {found!r}")
        return found


SEAMS: tuple[Seam, ...] = (
    Seam(
        name="BackfillStorage",
        module="orrery.runtime.ports.backfills",
        purpose="Keep backfills, and the runs that were meant to make them.",
    ),
    Seam(
        name="Clock",
        module="orrery.base.clock",
        purpose="Tell the time, so that a test can turn it by hand.",
    ),
    Seam(
        name="CodeLocation",
        module="orrery.runtime.ports.code_location",
        purpose="Show the definitions of one place to processes that load no user code.",
    ),
    Seam(
        name="ComputeLogManager",
        module="orrery.runtime.ports.compute_logs",
        purpose="Capture the output of steps and runs, and give it out while it grows.",
    ),
    Seam(
        name="EventLogStorage",
        module="orrery.runtime.ports.event_log",
        purpose="Keep the entries of all runs, and what follows from them.",
    ),
    Seam(
        name="Executor",
        module="orrery.runtime.engine.executor",
        purpose="Carry out the steps of a run: here, in other processes, on other machines.",
    ),
    Seam(
        name="FilePathMapping",
        module="orrery.base.metadata",
        purpose="Turn paths of source files into paths below a repository, for links to code.",
    ),
    Seam(
        name="IOManager",
        module="orrery.definitions.parts.io_manager",
        purpose="Store what a step gives, and load it for the steps that follow.",
    ),
    Seam(
        name="InputManager",
        module="orrery.definitions.parts.io_manager",
        purpose="Load an input from wherever it comes.",
    ),
    Seam(
        name="LeaseStorage",
        module="orrery.runtime.ports.leases",
        purpose="Keep which process has which run in hand, and the slots of pools.",
    ),
    Seam(
        name="PipesClient",
        module="orrery.adapters.pipes.client",
        purpose="Launch an external process somewhere, and return what it reported.",
    ),
    Seam(
        name="PipesContextInjector",
        module="orrery.adapters.pipes.injectors",
        purpose="Put the context where an external process can load it.",
    ),
    Seam(
        name="PipesLogReader",
        module="orrery.adapters.pipes.log_readers",
        purpose="Bring the output of a process that runs elsewhere.",
    ),
    Seam(
        name="PipesMessageReader",
        module="orrery.adapters.pipes.readers",
        purpose="Read what an external process reports.",
    ),
    Seam(
        name="RecordsUpkeep",
        module="orrery.runtime.ports.upkeep",
        purpose="Count what is recorded, delete what may go, find what is wrong.",
    ),
    Seam(
        name="RunCoordinator",
        module="orrery.runtime.ports.run_coordinator",
        purpose="Launch submitted runs at once, or when there is room.",
    ),
    Seam(
        name="RunLauncher",
        module="orrery.runtime.ports.run_launcher",
        purpose="Start and stop the processes of runs.",
    ),
    Seam(
        name="RunStorage",
        module="orrery.runtime.ports.runs",
        purpose="Keep runs.",
    ),
    Seam(
        name="ScheduleStorage",
        module="orrery.runtime.ports.schedules",
        purpose="Keep what schedules and sensors did.",
    ),
    Seam(
        name="StepLauncher",
        module="orrery.runtime.ports.step_launcher",
        purpose="Carry single steps of a run out somewhere else.",
    ),
)
