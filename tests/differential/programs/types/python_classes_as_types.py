"""usable_as_dagster_type and PythonObjectDagsterType make types of classes."""

import dagster as dg


@dg.usable_as_dagster_type(name="Decorated", description="a class of ours")
class Decorated:
    pass


class Plain:
    pass


def program(record):
    plain = dg.PythonObjectDagsterType(Plain, name="PlainOne")
    two = dg.PythonObjectDagsterType((int, str), name="IntOrText")

    def accepts(type_, value):
        return dg.check_dagster_type(type_, value).success

    record.value("decorated", [accepts(Decorated, Decorated()), accepts(Decorated, 1)])
    record.value("plain", [accepts(plain, Plain()), accepts(plain, 1)])
    record.value("two", [accepts(two, 1), accepts(two, "a"), accepts(two, 1.5)])
    record.value("names", [plain.display_name, two.display_name])

    class Late:
        pass

    late = dg.DagsterType(name="LateOne", type_check_fn=lambda _, value: isinstance(value, Late))
    dg.make_python_type_usable_as_dagster_type(Late, late)

    @dg.op
    def one() -> Late:
        return Late()

    record.value("late", one.output_defs[0].dagster_type.display_name)
