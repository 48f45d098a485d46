"""A deep schema fills in its defaults and names the path of what does not fit."""

import dagster as dg


def program(record):
    schema = {
        "source": dg.Selector(
            {"file": {"path": str}, "table": dg.Shape({"name": str, "limit": dg.Field(int, default_value=5)})}
        ),
        "by_name": dg.Map(str, dg.Noneable(int), key_label_name="name"),
        "many": dg.Field(dg.Array(dg.Permissive({"a": dg.Field(bool, default_value=True)})), is_required=False),
        "kind": dg.Field(dg.Enum("Kind", [dg.EnumValue("one", 1), dg.EnumValue("two", 2)]), default_value="one"),
        "either": dg.Field(dg.ScalarUnion(scalar_type=str, non_scalar_schema={"x": int}), default_value="s"),
    }

    @dg.op(config_schema=schema)
    def shown(context):
        return context.op_config

    @dg.job
    def nightly():
        shown()

    def run(config):
        return nightly.execute_in_process(run_config={"ops": {"shown": {"config": config}}}).output_for_node("shown")

    record.value("table", run({"source": {"table": {"name": "t"}}, "by_name": {"a": None, "b": 2}, "many": [{"z": 1}]}))
    record.value("file", run({"source": {"file": {"path": "p"}}, "by_name": {}, "either": {"x": 1}, "kind": "two"}))
    for name, config in {
        "two sources": {"source": {"file": {"path": "p"}, "table": {"name": "t"}}, "by_name": {}},
        "bad value in map": {"source": {"file": {"path": "p"}}, "by_name": {"a": "x"}},
        "bad enum": {"source": {"file": {"path": "p"}}, "by_name": {}, "kind": "three"},
        "unknown field": {"source": {"file": {"path": "p", "pth": 1}}, "by_name": {}},
    }.items():
        with record.raises(name, contains=["config"]):
            run(config)
