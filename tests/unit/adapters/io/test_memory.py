"""IO managers in memory."""

from __future__ import annotations

import pytest

from orrery.adapters.io.memory import EphemeralIOManager, InMemoryIOManager, MissingValueError, mem_io_manager
from orrery.testing.conformance.samples import ValueContext


def test_a_value_in_memory_is_the_same_object() -> None:
    """Nothing is copied."""
    manager, value = InMemoryIOManager(), [1]
    manager.handle_output(ValueContext("a"), value)
    assert manager.load_input(ValueContext("a")) is value


def test_a_value_in_memory_belongs_to_its_run() -> None:
    """Another run does not find it, and is told so."""
    manager = InMemoryIOManager()
    manager.handle_output(ValueContext("a", run_id="run-1"), 1)
    with pytest.raises(MissingValueError, match="asset 'a'") as told:
        manager.load_input(ValueContext("a", run_id="run-2"))
    assert isinstance(told.value, KeyError)
    assert "FilesystemIOManager" in str(told.value)


def test_each_run_gets_an_empty_memory() -> None:
    """The resource makes one for each."""
    assert mem_io_manager.resource_fn(None) is not mem_io_manager.resource_fn(None)


def test_what_cannot_be_pickled_is_kept_as_it_is() -> None:
    """Functions and connections pass within one process."""
    manager = EphemeralIOManager()
    manager.handle_output(ValueContext("a"), function := lambda: 1)
    assert manager.load_input(ValueContext("a")) is function


def test_bytes_are_not_taken_for_a_pickle() -> None:
    """Also those that are one."""
    import pickle

    data = pickle.dumps([1])
    manager = EphemeralIOManager()
    manager.handle_output(ValueContext("a"), data)
    assert manager.load_input(ValueContext("a")) == data


def test_what_the_maker_changes_later_is_not_seen() -> None:
    """A value is what it was when it was handed over."""
    manager, value = EphemeralIOManager(), [1]
    manager.handle_output(ValueContext("a"), value)
    value.append(2)
    assert manager.load_input(ValueContext("a")) == [1]
    assert manager.has_value(ValueContext("a"))
    assert not manager.has_value(ValueContext("b"))
