"""
What every IO manager that keeps values of assets must do.
"""

from __future__ import annotations

from typing import Any

import pytest

from orrery.base.errors import DamagedValueError, InvariantViolationError, ValueNotFoundError
from orrery.definitions.parts.io_manager import IOManager
from orrery.testing.conformance.samples import ValueContext

__all__ = ["IOManagerSuite"]

ODD_KEYS: list[list[str]] = [
    ["a"],
    ["A"],
    ["a", "b"],
    ["a/b"],
    ["a", "b", "c"],
    ["a."],
    ["a.pickle"],
    ["a.pickle", "b"],
    [".."],
    ["..", ".."],
    ["."],
    [""],
    ["", "a"],
    ["CON"],
    ["con"],
    ["nul\u0000"],
    ["line\nbreak"],
    ["\U0001f600"],
    ["e\u0301"],
    ["\u00e9"],
    ["~root"],
    ["/etc/passwd"],
    ["C:\\x"],
    ["%2e"],
    ["x" * 300],
    ["x" * 300 + "y"],
    ["x" * 300, "y"],
    [" a "],
    ["-rf"],
]


class IOManagerSuite:
    """Subclass it with a fixture ``manager``, and ``value_of`` if it does not store every value."""

    def value_of(self, number: int) -> Any:
        """Return a value that the manager stores; another for another number."""
        return {"number": number, "items": [number] * 3}

    def same(self, one: Any, other: Any) -> bool:
        """Tell whether two values are equal."""
        return bool(one == other)

    def test_a_value_comes_back(self, manager: IOManager) -> None:
        """For an asset, and for the output of an op."""
        for context in (ValueContext("orders"), ValueContext(step_key="op", mapping_key="k")):
            manager.handle_output(context, self.value_of(1))
            assert self.same(manager.load_input(context), self.value_of(1))

    def test_the_last_value_counts(self, manager: IOManager) -> None:
        """An asset has one value; the next run finds it."""
        manager.handle_output(ValueContext("orders", run_id="run-1"), self.value_of(1))
        manager.handle_output(ValueContext("orders", run_id="run-2"), self.value_of(2))
        assert self.same(manager.load_input(ValueContext("orders", run_id="run-3")), self.value_of(2))

    def test_outputs_of_ops_belong_to_their_run(self, manager: IOManager) -> None:
        """Run, step, output and mapping key tell them apart."""
        contexts = [
            ValueContext(run_id="run-1"),
            ValueContext(run_id="run-2"),
            ValueContext(step_key="other"),
            ValueContext(name="second"),
            ValueContext(name="third", mapping_key="k"),
            ValueContext(name="third", mapping_key="l"),
        ]
        for number, context in enumerate(contexts):
            manager.handle_output(context, self.value_of(number))
        for number, context in enumerate(contexts):
            assert self.same(manager.load_input(context), self.value_of(number))

    def test_two_keys_never_share_a_value(self, manager: IOManager) -> None:
        """Whatever text they hold."""
        for number, key in enumerate(ODD_KEYS):
            manager.handle_output(ValueContext(key), self.value_of(number))
        for number, key in enumerate(ODD_KEYS):
            assert self.same(manager.load_input(ValueContext(key)), self.value_of(number)), key

    def test_partitions_have_values_of_their_own(self, manager: IOManager) -> None:
        """Apart from each other and from assets whose keys look like them."""
        manager.handle_output(ValueContext(["a", "x"]), self.value_of(0))
        for number, partition in enumerate(["x", "X", "..", "a/b", "2024-01-01"], start=1):
            manager.handle_output(ValueContext("a", partitions=[partition]), self.value_of(number))
        assert self.same(manager.load_input(ValueContext(["a", "x"])), self.value_of(0))
        assert self.same(manager.load_input(ValueContext("a", partitions=["X"])), self.value_of(2))
        several = manager.load_input(ValueContext("a", partitions=["x", "a/b"]))
        assert list(several) == ["x", "a/b"]
        assert self.same(several["x"], self.value_of(1))
        assert self.same(several["a/b"], self.value_of(4))
        assert manager.load_input(ValueContext("a", partitions=[])) is None

    def test_a_value_that_is_not_there_is_told(self, manager: IOManager) -> None:
        """By the name of the asset, with what to do."""
        with pytest.raises(ValueNotFoundError, match="orders") as told:
            manager.load_input(ValueContext("orders"))
        assert "Try: materialize" in str(told.value)
        with pytest.raises(ValueNotFoundError, match="partition 'x'"):
            manager.load_input(ValueContext("orders", partitions=["x"]))

    def test_missing_partitions_are_left_out_where_that_is_allowed(self, manager: IOManager) -> None:
        """By the metadata of the input."""
        manager.handle_output(ValueContext("a", partitions=["x"]), self.value_of(1))
        lenient = {"allow_missing_partitions": True}
        found = manager.load_input(ValueContext("a", partitions=["x", "y"], definition_metadata=lenient))
        assert list(found) == ["x"]
        with pytest.raises(ValueNotFoundError):
            manager.load_input(ValueContext("a", partitions=["x", "y"]))

    def test_several_partitions_at_once_are_a_dictionary_by_key(self, manager: IOManager) -> None:
        """There is one place for each; a dictionary that lacks one is refused before anything is stored."""
        both = ValueContext("a", partitions=["x", "y"])
        with pytest.raises(InvariantViolationError, match="lacks 'y'"):
            manager.handle_output(both, {"x": self.value_of(1)})
        with pytest.raises(ValueNotFoundError):
            manager.load_input(ValueContext("a", partitions=["x"]))
        manager.handle_output(both, {"x": self.value_of(1), "y": self.value_of(2)})
        assert self.same(manager.load_input(ValueContext("a", partitions=["y"])), self.value_of(2))
        assert list(manager.load_input(both)) == ["x", "y"]

    @pytest.mark.parametrize("partitions", [None, ["x"], ["x", "y"]])
    def test_a_value_is_told_from_another_in_its_place(self, manager: IOManager, partitions: list[str] | None) -> None:
        """By what was noted when it was stored; of the output as of an input, and of each partition by itself."""

        def stored(number: int) -> ValueContext:
            context = ValueContext("orders", partitions=partitions)
            values = {key: self.value_of(number) for key in partitions or ()}
            manager.handle_output(context, values if len(values) > 1 else self.value_of(number))
            return context

        check = getattr(manager, "check_content", None)
        if check is None:
            pytest.skip("this IO manager does not tell a value from another in its place")
        first = stored(1)
        assert set(first.contents) == set(partitions or (None,))
        check(first, first.contents)
        second = stored(2)
        check(ValueContext("orders", partitions=partitions), second.contents)
        with pytest.raises(DamagedValueError, match="not the one that was recorded last") as told:
            check(second, first.contents)
        assert told.value.partitions == tuple(partitions[:1] if partitions else ())
        if partitions is not None and len(partitions) > 1:
            manager.handle_output(ValueContext("orders", partitions=["y"]), self.value_of(3))
            check(second, {"x": second.contents["x"]})
            with pytest.raises(DamagedValueError, match="partition 'y'"):
                check(second, second.contents)
        with pytest.raises(ValueNotFoundError):
            check(ValueContext("others", partitions=partitions), first.contents)

    @pytest.mark.parametrize("partitions", [None, ["x"], ["x", "y"]])
    def test_a_load_tells_what_it_has_loaded(self, manager: IOManager, partitions: list[str] | None) -> None:
        """By the names that were noted when it was stored: so that nobody takes one value for another."""
        values = {key: self.value_of(number) for number, key in enumerate(partitions or ())}
        stored, loaded = ValueContext("orders", partitions=partitions), ValueContext("orders", partitions=partitions)
        manager.handle_output(stored, values if len(values) > 1 else self.value_of(0))
        if getattr(manager, "check_content", None) is None and not stored.contents:
            pytest.skip("this IO manager does not tell a value from another in its place")
        assert set(stored.contents) == set(partitions or (None,))
        manager.load_input(loaded)
        assert loaded.contents == stored.contents

    def test_a_loaded_value_is_a_copy(self, manager: IOManager) -> None:
        """What one step changes, another does not see."""
        manager.handle_output(ValueContext("orders"), self.value_of(1))
        first, second = manager.load_input(ValueContext("orders")), manager.load_input(ValueContext("orders"))
        assert first is not second
        assert self.same(first, second)
