"""An asset may be called as the function it is."""

import dagster as dg


class Size(dg.Config):
    rows: int = 2


def program(record):
    @dg.asset
    def plain():
        return 1

    @dg.asset
    def with_input(plain):
        return plain + 1

    @dg.asset
    def with_config(config: Size):
        return config.rows

    @dg.asset
    def with_context(context, plain):
        return [context.asset_key.to_user_string(), plain]

    record.value("plain", plain())
    record.value("input by position", with_input(4))
    record.value("input by name", with_input(plain=5))
    record.value("config", with_config(Size(rows=9)))
    record.value("config by name", with_config(config=Size(rows=8)))
    record.value("context", with_context(dg.build_asset_context(), 3))
    with record.raises("no context", contains=["context"]):
        with_context(3)
    with record.raises("no input", contains=["plain"]):
        with_input()
