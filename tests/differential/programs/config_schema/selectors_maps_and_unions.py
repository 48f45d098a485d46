"""Enums of Python, selectors, maps and scalar unions: what they accept, what they hand over, how many problems they tell."""

import enum

import dagster as dg


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


SCHEMA = {
    "colour": dg.Enum.from_python_enum(Colour),
    "source": dg.Selector({"file": str, "table": {"columns": dg.Array(str)}}),
    "limits": dg.Map(str, int, key_label_name="column"),
    "size": dg.ScalarUnion(int, {"text": str}),
    "rest": dg.Field(dg.Permissive({"known": dg.Field(int, default_value=1)}), is_required=False),
}
GOOD = {
    "colour": "RED",
    "source": {"table": {"columns": ["a"]}},
    "limits": {"a": 1},
    "size": {"text": "big"},
}
WRONG = {
    "colour": ["BLUE", 3, None],
    "source": [{"file": "x", "table": {"columns": []}}, {}, {"url": "x"}, "file"],
    "limits": [{"a": "x"}, [1], {"a": None}],
    "size": [1.5, {"txt": "x"}, None],
    "rest": [{"known": "x"}, 3],
}


@dg.op(config_schema=SCHEMA)
def takes(context):
    return {name: str(value) for name, value in sorted(context.op_config.items())}


@dg.job
def taking():
    takes()


def run_config(**changes):
    return {"ops": {"takes": {"config": {**GOOD, **changes}}}}


def program(record):
    record.value("good", taking.execute_in_process(run_config()).output_for_node("takes"))
    others = {"source": {"file": "f"}, "size": 3, "rest": {"more": [1]}}
    record.value("others", taking.execute_in_process(run_config(**others)).output_for_node("takes"))
    for name, values in WRONG.items():
        for value in values:
            try:
                taking.execute_in_process(run_config(**{name: value}))
            except dg.DagsterInvalidConfigError as error:
                record.value(f"{name} {value!r}", len(error.errors))
            else:
                record.value(f"{name} {value!r}", "accepted")
