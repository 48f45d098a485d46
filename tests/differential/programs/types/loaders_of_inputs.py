"""An input that nothing feeds is made of config by the loader of its type."""

import dagster as dg


class Point:
    def __init__(self, x):
        self.x = x


@dg.dagster_type_loader(config_schema={"x": int})
def load_point(context, config):
    return Point(config["x"])


PointType = dg.DagsterType(name="PointType", type_check_fn=lambda _, value: isinstance(value, Point), loader=load_point)


@dg.op(ins={"point": dg.In(PointType)})
def use(point):
    return point.x


@dg.op(ins={"point": dg.In(PointType)})
def needs_two(point, other: int):
    return point.x + other


@dg.graph
def inner():
    return use()


@dg.job
def direct():
    use()


@dg.job
def nested():
    inner()


@dg.job
def two():
    needs_two()


def given(x):
    return {"use": {"inputs": {"point": {"x": x}}}}


def program(record):
    record.value("direct", direct.execute_in_process({"ops": given(4)}).output_for_node("use"))
    record.value(
        "nested", nested.execute_in_process({"ops": {"inner": {"ops": given(5)}}}).output_for_node("inner.use")
    )
    both = {"ops": {"needs_two": {"inputs": {"point": {"x": 1}, "other": {"value": 2}}}}}
    record.value("two", two.execute_in_process(both).output_for_node("needs_two"))
    with record.raises("missing", contains=["use", "point"]):
        direct.execute_in_process()
    with record.raises("wrong field", contains=["y"]):
        direct.execute_in_process({"ops": {"use": {"inputs": {"point": {"y": 1}}}}})
    with record.raises("wrong kind", contains=["x"]):
        direct.execute_in_process({"ops": {"use": {"inputs": {"point": {"x": "one"}}}}})
    with record.raises("one of two is missing", contains=["other"]):
        two.execute_in_process({"ops": {"needs_two": {"inputs": {"point": {"x": 1}}}}})
