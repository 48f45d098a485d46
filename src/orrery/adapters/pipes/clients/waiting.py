"""What clients of other places share: wait for a job, end it with the run, judge how it went."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from orrery.adapters.pipes.client import PipesClientCompletedInvocation
from orrery.adapters.pipes.injectors import PipesContextInjector
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.adapters.pipes.session import PipesSession, missing, record_results
from orrery.base.errors import PipesExecutionError

__all__ = ["concluded", "ended_with_the_run", "library", "poll"]

_FIRST_PAUSE_SECONDS = 0.1


def library(module: str, *, extra: str, what: str) -> Any:
    """
    Import the official library of a place.

    Raises:
        PipesExecutionError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise PipesExecutionError(
            f"{what} needs the package '{module.partition('.')[0]}', which is not installed.",
            mend=f"install it: pip install 'orrery[{extra}]'.",
        ) from error


def poll(look: Callable[[], Any], interval_seconds: float) -> Any:
    """
    Call *look* until it returns something, and return that.

    It is called often at first, then every *interval_seconds*.
    """
    pause, never = _FIRST_PAUSE_SECONDS, threading.Event()
    while (found := look()) is None:
        never.wait(min(pause, interval_seconds))
        pause *= 2
    return found


@contextmanager
def ended_with_the_run(end: Callable[[], object], *, forward_termination: bool) -> Iterator[None]:
    """End the job by *end* if the block is left early, as when the run is asked to stop."""
    try:
        yield
    except BaseException:
        if forward_termination:
            end()
        raise


def concluded(
    session: PipesSession,
    context_injector: PipesContextInjector,
    message_reader: PipesMessageReader,
    *,
    problem: str | None,
    metadata: Mapping[str, Any] | None = None,
) -> PipesClientCompletedInvocation:
    """
    Return what a job reported.

    Args:
        session: In which it ran; closed, so that all messages have been read.
        context_injector: For the error that says that nothing came back.
        message_reader: Likewise.
        problem: How the job ended, if not well.
        metadata: Added to each result.

    Raises:
        PipesExecutionError: The job ended badly, or messages are missing. What it had reported is recorded before.
    """
    broken = missing(session, context_injector, message_reader, allow_unopened=False, allow_unclosed=False)
    if problem is None and broken is None:
        return PipesClientCompletedInvocation(session, metadata)
    record_results(session)
    told = [problem] if problem is not None else []
    mend = "look at the log of the step, and at the output of the job."
    if broken is not None:
        told.append(str(broken.args[0]))
        mend = broken.mend or mend
    raise PipesExecutionError("\n".join(told), mend=mend)
