"""The names under which types are shown."""

from typing import Any, Optional

import dagster as dg


def program(record):
    def name(annotation):
        def function():
            return None

        function.__annotations__["return"] = annotation
        return dg.op(name="one")(function).output_defs[0].dagster_type.display_name

    class Own:
        pass

    cases = {
        "int": int,
        "str": str,
        "float": float,
        "bool": bool,
        "Any": Any,
        "list": list,
        "list[int]": list[int],
        "dict": dict,
        "dict[str, int]": dict[str, int],
        "Optional[int]": Optional[int],  # noqa: UP045
        "tuple[int, str]": tuple[int, str],
        "set[int]": set[int],
        "own": Own,
        "none": None,
    }
    for label, annotation in cases.items():
        with record.raises(f"{label}: error"):
            record.value(label, name(annotation))
