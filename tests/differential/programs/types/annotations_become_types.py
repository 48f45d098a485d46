"""Python annotations are checked at run time."""

from typing import Any, Optional, Union

import dagster as dg


def program(record):
    def accepts(annotation, value):
        def function():
            return value

        function.__annotations__["return"] = annotation
        one = dg.op(name="one")(function)

        @dg.job
        def small():
            one()

        return small.execute_in_process(raise_on_error=False).success

    cases = {
        "int": (int, 1),
        "int of a text": (int, "1"),
        "int of a bool": (int, True),
        "float": (float, 1.5),
        "float of an int": (float, 1),
        "str": (str, "a"),
        "bool": (bool, False),
        "bool of an int": (bool, 0),
        "list": (list, [1, "a"]),
        "list of int": (list[int], [1, 2]),
        "list of int with a text": (list[int], [1, "a"]),
        "dict": (dict, {"a": 1}),
        "dict of int": (dict[str, int], {"a": 1}),
        "dict of int with a text": (dict[str, int], {"a": "b"}),
        "tuple": (tuple[int, str], (1, "a")),
        "tuple of another length": (tuple[int, str], (1,)),
        "set": (set[int], {1}),
        "set with a text": (set[int], {"a"}),
        "optional none": (Optional[int], None),  # noqa: UP045
        "optional int": (Optional[int], 1),  # noqa: UP045
        "optional text": (Optional[int], "a"),  # noqa: UP045
        "union": (Union[int, str], "a"),  # noqa: UP007
        "union of neither": (Union[int, str], 1.5),  # noqa: UP007
        "bar": (int | None, None),
        "any": (Any, object),
        "none": (None, None),
        "list of lists": (list[list[int]], [[1], [2]]),
        "list of lists with a text": (list[list[int]], [[1], ["a"]]),
        "class": (Exception, ValueError("x")),
        "other class": (ValueError, KeyError("x")),
    }
    for name, (annotation, value) in cases.items():
        with record.raises(f"{name}: error"):
            record.value(name, accepts(annotation, value))
