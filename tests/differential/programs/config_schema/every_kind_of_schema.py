"""Arrays, maps, selectors, permissive shapes, unions and nothing at all."""

import dagster as dg


def program(record):
    def run(schema, config):
        @dg.op(config_schema=schema)
        def one(context):
            return context.op_config

        @dg.job
        def small():
            one()

        return small.execute_in_process(run_config={"ops": {"one": {"config": config}}}).output_for_node("one")

    cases = {
        "list": ([int], [1, 2]),
        "list with a wrong item": ([int], [1, "x"]),
        "array": (dg.Array(str), ["a"]),
        "array of shapes": (dg.Array({"a": int}), [{"a": 1}, {"a": 2}]),
        "map": (dg.Map(str, int), {"a": 1, "b": 2}),
        "map with a wrong value": (dg.Map(str, int), {"a": "x"}),
        "map by braces": ({str: int}, {"a": 1}),
        "selector": (dg.Selector({"a": int, "b": str}), {"b": "x"}),
        "selector with two": (dg.Selector({"a": int, "b": str}), {"a": 1, "b": "x"}),
        "selector with none": (dg.Selector({"a": int, "b": str}), {}),
        "permissive": (dg.Permissive({"a": int}), {"a": 1, "other": [1]}),
        "permissive without a field": (dg.Permissive({"a": int}), {"other": 1}),
        "shape": (dg.Shape({"a": int}), {"a": 1}),
        "shape with another field": (dg.Shape({"a": int}), {"a": 1, "b": 2}),
        "noneable": (dg.Noneable(int), None),
        "noneable given": (dg.Noneable(int), 4),
        "scalar union scalar": (dg.ScalarUnion(scalar_type=int, non_scalar_schema={"a": int}), 3),
        "scalar union shape": (dg.ScalarUnion(scalar_type=int, non_scalar_schema={"a": int}), {"a": 1}),
        "scalar union wrong": (dg.ScalarUnion(scalar_type=int, non_scalar_schema={"a": int}), "x"),
        "any": (dg.Any, {"what": [1, "ever"]}),
        "dict": (dict, {"what": 1}),
        "bool": (bool, True),
        "bool of a number": (bool, 1),
        "int of a bool": (int, True),
        "float of an int": (float, 1),
        "string of an int": (str, 1),
    }
    for name, (schema, config) in cases.items():
        with record.raises(name):
            record.value(f"{name}: value", run(schema, config))
