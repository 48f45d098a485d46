"""Annotations of the typing module are checked item by item where the reference does so."""

from typing import Any, Optional

import dagster as dg


def program(record):
    def checked(name, kind, value):
        @dg.op(out=dg.Out(kind))
        def give():
            return value

        @dg.job
        def small():
            give()

        result = small.execute_in_process(raise_on_error=False)
        record.value(name, [result.success, dg.Out(kind).dagster_type.display_name])

    checked("list of ints", list[int], [1, 2])
    checked("list with a text", list[int], [1, "2"])
    checked("dict", dict[str, int], {"a": 1})
    checked("dict with wrong values", dict[str, int], {"a": "b"})
    checked("none for optional", Optional[int], None)  # noqa: UP045  # as older code spells it
    checked("text for optional", Optional[int], "x")  # noqa: UP045  # as older code spells it
    checked("tuple", tuple[int, str], (1, "a"))
    checked("short tuple", tuple[int, str], (1,))
    checked("set", set[str], {"a"})
    checked("set of wrong", set[str], {1})
    checked("any", Any, object)
    checked("bool for int", int, True)
    checked("int for float", float, 1)
