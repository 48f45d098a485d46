"""Selections as texts."""

import dagster as dg


def asset(name, *deps, **attributes):
    @dg.asset(name=name, deps=list(deps), **attributes)
    def one():
        return 1

    return one


def program(record):
    assets = [
        asset("a", group_name="left"),
        asset("b", "a", group_name="left", tags={"tier": "gold"}),
        asset("c", "b", kinds={"python"}),
        asset("d", "c", owners=["team:data"], key_prefix="deep"),
    ]

    def names(text):
        return sorted(key.to_user_string() for key in dg.AssetSelection.from_string(text).resolve(assets))

    for text in (
        "*",
        "key:a",
        "a",
        "key:b+",
        "+key:b",
        "1+key:c",
        "key:a+1",
        "+key:b+",
        "group:left",
        "tag:tier=gold",
        "kind:python",
        'owner:"team:data"',
        "key:a or key:c",
        "group:left and key:b",
        "not group:left",
        "group:left and not key:a",
        "roots(*)",
        "sinks(*)",
        'key:"deep/d"',
        'key:"*"',
        "(key:a or key:b) and tag:tier=gold",
    ):
        with record.raises(text):
            record.value(f"keys of {text}", names(text))
    for text in ("key:", "a b c", "unknown:x", "(key:a"):
        with record.raises(f"wrong: {text}"):
            names(text)
