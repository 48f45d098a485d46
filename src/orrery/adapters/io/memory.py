"""
IO managers that keep values in memory: for tests, and for runs whose values nobody keeps.
"""

from __future__ import annotations

import pickle
from typing import Any

from orrery.adapters.io.places import ValueKey, value_key
from orrery.base.errors import ValueNotFoundError
from orrery.definitions.parts.io_manager import IOManager, IOManagerDefinition
from orrery.runtime.contexts.stored_values import (
    describe_value,
    load_for_partitions,
    partitions_of_output,
    values_by_partition,
)

__all__ = ["EphemeralIOManager", "InMemoryIOManager", "MissingValueError", "mem_io_manager"]


class MissingValueError(ValueNotFoundError, KeyError):
    """A value was asked for that was never kept here."""

    code = "value-not-found"


class InMemoryIOManager(IOManager):
    """
    Keep values in memory, as they are.

    A value belongs to the run that made it: another run does not find it. It is the same object that
    the next step gets, so what that step changes in it, every later one sees changed.

    >>> manager = InMemoryIOManager()
    >>> manager.values
    {}
    """

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}

    def handle_output(self, context: Any, obj: Any) -> None:
        """Keep *obj* for the steps of the same run."""
        self.values[self._key(context)] = obj

    def load_input(self, context: Any) -> Any:
        """
        Return the very object that was kept.

        Raises:
            MissingValueError: This run has kept none.
        """
        source = context.upstream_output
        key = None if source is None else self._key(source)
        try:
            return self.values[key]  # type: ignore[index]  # None is never a key
        except KeyError:
            raise MissingValueError(
                f"No value of {describe_value(context)} is kept in memory for this run.",
                mend="materialize it in the same run, or use an IO manager that stores values (FilesystemIOManager).",
            ) from None

    def has_output(self, context: Any) -> bool:
        """Tell whether this run has kept a value for the output of *context*."""
        return self._key(context) in self.values

    @staticmethod
    def _key(context: Any) -> tuple[str, ...]:
        mapping_key = context.mapping_key
        if mapping_key is None:
            return (context.run_id, context.step_key, context.name)
        return (context.run_id, context.step_key, context.name, mapping_key)


mem_io_manager = IOManagerDefinition(
    lambda _context: InMemoryIOManager(),
    description="Keep values in memory, for the steps of one run.",
)
"""An IO manager for each run that keeps values in memory."""

# What cannot be changed needs no copy. Exact types only: a subclass may carry anything.
_UNCHANGING = frozenset({int, str, bytes, float, bool, complex, type(None)})


class _Pickled(bytes):
    """The pickled form of a value, told apart from a value that is bytes."""

    __slots__ = ()


class EphemeralIOManager(IOManager):
    """
    Keep values in memory as if they went through a file.

    The IO manager of ephemeral instances. A value is kept as its pickled bytes, so that each step gets
    a copy of its own, as it would from a file; what cannot be pickled is kept as it is. Values of
    assets outlive the run: the next run with the same instance finds them.

    Args:
        values: Where to keep the values; the instance's, so that they live as long as it does.
    """

    def __init__(self, values: dict[ValueKey, Any] | None = None) -> None:
        self._values: dict[ValueKey, Any] = {} if values is None else values

    def handle_output(self, context: Any, obj: Any) -> None:
        """Keep a copy of *obj*; of a dictionary by partition key where the run makes several partitions."""
        partitions = partitions_of_output(context)
        if len(partitions) == 1:
            self._keep(value_key(context, partitions[0]), obj)
            return
        for key, value in values_by_partition(context, obj, partitions).items():
            self._keep(value_key(context, key), value)

    def _keep(self, key: ValueKey, obj: Any) -> None:
        if type(obj) in _UNCHANGING:
            self._values[key] = obj
            return
        try:
            self._values[key] = _Pickled(pickle.dumps(obj, 5))
        except Exception:  # noqa: BLE001  # whatever a user's class raises: it cannot be pickled
            self._values[key] = obj

    def load_input(self, context: Any) -> Any:
        """
        Return a copy of the value that was kept.

        Raises:
            MissingValueError: None was.
        """
        if not context.has_asset_key or not context.has_asset_partitions:
            return self._load(context, None)
        return load_for_partitions(context, lambda key: self._load(context, key), missing=MissingValueError)

    def has_value(self, context: Any) -> bool:
        """Tell whether a value is kept for the output of *context*."""
        return all(value_key(context, partition) in self._values for partition in partitions_of_output(context))

    def _load(self, context: Any, partition: str | None) -> Any:
        try:
            kept = self._values[value_key(context, partition)]
        except KeyError:
            raise MissingValueError(
                f"No value of {describe_value(context, partition)} is stored in this ephemeral instance.",
                mend="materialize it in the same run, or give an instance or IO manager that has it.",
            ) from None
        return pickle.loads(kept) if type(kept) is _Pickled else kept  # noqa: S301  # our own bytes, from this process
