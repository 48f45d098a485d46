"""
How to learn the version of an asset that is made elsewhere, without loading it.

A probe is declared with the asset and called by the run that depends on it (``runtime/engine/probing.py``).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from orrery.base.errors import InvalidDefinitionError

__all__ = ["Probe", "as_probe"]

_FAILURES = ("fail", "warn")


@dataclass(frozen=True, slots=True)
class Probe:
    """
    Say how to learn the version of a source: an asset that the project does not make.

    A run that depends on the source calls the function once, before its first step. Of a source with partitions, it looks
    at those that it takes values from.

    Args:
        look: Function without arguments that returns a ``DataVersion``, or its text; for a source with partitions also
            ``DataVersionsByPartition``, or a dictionary of either by partition key. Or, for such a source, a function of
            one argument, a partition key, called for each. It should be cheap.
        max_lag: How long what was seen last counts without another look (a ``timedelta`` or seconds); None to look
            in every run. Only what a run or an observation recorded counts.
        on_failure: ``fail`` if the function raises, or ``warn`` and go by what was seen last.

    Raises:
        InvalidDefinitionError: *look* is no function that can be called without arguments, or with one, *max_lag* is no
            length of time, or *on_failure* is none of its choices.

    >>> Probe(lambda: "v1", max_lag=timedelta(minutes=10)).max_lag
    600.0
    """

    look: Callable[..., Any]
    max_lag: Any = None
    on_failure: str = "fail"
    by_partition: bool = field(init=False, default=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not callable(self.look):
            raise InvalidDefinitionError(
                f"Probe(look={self.look!r}): that is no function.",
                mend='write file_probe("prices.csv"), or give a function that returns a DataVersion.',
            )
        object.__setattr__(self, "by_partition", _takes_partition(self.look))
        lag: Any = self.max_lag
        if isinstance(lag, timedelta):
            lag = lag.total_seconds()
        if lag is not None and (isinstance(lag, bool) or not isinstance(lag, int | float) or not lag >= 0):
            raise InvalidDefinitionError(
                f"Probe(max_lag={self.max_lag!r}) is no length of time.",
                mend="write timedelta(minutes=10), or seconds that are not negative.",
            )
        object.__setattr__(self, "max_lag", None if lag is None else float(lag))
        if self.on_failure not in _FAILURES:
            raise InvalidDefinitionError(
                f"Probe(on_failure={self.on_failure!r}): there is no such choice.", mend="write 'fail' or 'warn'."
            )


def _takes_partition(look: Callable[..., Any]) -> bool:
    """Tell whether the function takes the key of a partition; refuse one that takes something else."""
    name = _name_of(look)
    if inspect.iscoroutinefunction(look):
        raise InvalidDefinitionError(
            f"The probe '{name}' is an async function.", mend="give a plain one: a run asks before it starts its loop."
        )
    try:
        signature = inspect.signature(look)
    except ValueError:
        return False  # some functions of extension modules tell no signature
    try:
        signature.bind()
    except TypeError as error:
        try:
            signature.bind("a partition")
        except TypeError:
            raise InvalidDefinitionError(
                f"The probe '{name}' cannot be called without arguments, nor with a partition key alone: {error}.",
                mend=f"bind them: probe=lambda: {name}(...).",
            ) from error
        return True
    return False


def _name_of(look: Callable[..., Any]) -> str:
    """Return the name of a function as people know it; of one with arguments bound, that of the function itself."""
    while isinstance(look, functools.partial):
        look = look.func
    return getattr(look, "__name__", None) or type(look).__name__


def _place_by_partition(look: Callable[..., Any]) -> str | None:
    """Return the path or URL that a probe of files or pages has for each partition; None of other probes."""
    bound = look.args if isinstance(look, functools.partial) else ()
    return next((each for each in bound if isinstance(each, str) and "{partition}" in each), None)


def as_probe(given: Any, asset: str, partitions_def: Any = None) -> Probe | None:
    """
    Return what was given as ``probe=`` of the asset called *asset*; a bare function as a probe of it.

    Raises:
        InvalidDefinitionError: It is neither a probe nor a function, or takes a partition key where there are none.
    """
    if given is None:
        return None
    if not isinstance(given, Probe) and not callable(given):
        raise InvalidDefinitionError(
            f"'probe' of asset '{asset}' is {given!r} ({type(given).__name__}).",
            mend='write probe=file_probe("prices.csv"), or give a function that returns a DataVersion.',
        )
    probe = given if isinstance(given, Probe) else Probe(given)
    if probe.by_partition and partitions_def is None:
        place = _place_by_partition(probe.look)
        if place is not None:
            raise InvalidDefinitionError(
                f"The probe of asset '{asset}' looks at '{place}', a place for each partition, and the asset has none.",
                mend="give the asset partitions_def=, or write the place without {partition}.",
            )
        name = _name_of(probe.look)
        raise InvalidDefinitionError(
            f"The probe '{name}' of asset '{asset}' takes an argument, the key of a partition, and the asset has none.",
            mend=f"bind it: probe=lambda: {name}(...); or give the asset partitions_def=.",
        )
    return probe
