"""check_dagster_type tries a value against a type."""

import dagster as dg


def program(record):
    def answer(type_, value):
        found = dg.check_dagster_type(type_, value)
        return [found.success, found.description is not None]

    record.value("int", [answer(int, 1), answer(int, "a")])
    record.value("any", answer(dg.Any, object()))
    record.value("nothing", [answer(dg.Nothing, None), answer(dg.Nothing, 1)])
    record.value("list", [answer(dg.List[int], [1]), answer(dg.List[int], ["a"]), answer(dg.List[int], 1)])
    record.value("optional", [answer(dg.Optional[int], None), answer(dg.Optional[int], "a")])
    record.value("dict", [answer(dg.Dict[str, int], {"a": 1}), answer(dg.Dict[str, int], {"a": "b"})])
    record.value("tuple", [answer(dg.Tuple[int, str], (1, "a")), answer(dg.Tuple[int, str], (1, 1))])
    record.value("set", [answer(dg.Set[int], {1}), answer(dg.Set[int], {"a"})])
    record.value("builtin", [answer(dg.String, "a"), answer(dg.Float, 1.0), answer(dg.Bool, True), answer(dg.Int, 1.5)])
