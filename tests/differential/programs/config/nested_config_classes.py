"""Config within config, in lists and in dictionaries."""

import dagster as dg


class Column(dg.Config):
    name: str
    wide: bool = False


class Table(dg.Config):
    key: Column
    columns: list[Column]
    by_name: dict[str, Column]


def program(record):
    @dg.asset
    def table(config: Table):
        return [
            config.key.name,
            [[column.name, column.wide] for column in config.columns],
            {name: column.name for name, column in config.by_name.items()},
        ]

    config = {
        "key": {"name": "id", "wide": True},
        "columns": [{"name": "a"}, {"name": "b", "wide": True}],
        "by_name": {"x": {"name": "y"}},
    }
    record.result(dg.materialize([table], run_config={"ops": {"table": {"config": config}}}), "dict")
    given = Table(key=Column(name="id"), columns=[Column(name="c")], by_name={})
    record.result(dg.materialize([table], run_config=dg.RunConfig(ops={"table": given})), "object")
