"""Selections are joined, cut and walked."""

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
        asset("c", "b", group_name="right", kinds={"python"}),
        asset("d", "a", group_name="right", owners=["team:data"], key_prefix="deep"),
        asset("e", "c", dg.AssetKey(["deep", "d"])),
    ]
    select = dg.AssetSelection

    def names(selection):
        return sorted(key.to_user_string() for key in selection.resolve(assets))

    record.value("all", names(select.all()))
    record.value("assets", names(select.assets("a", ["deep", "d"])))
    record.value("groups", names(select.groups("left")))
    record.value("union", names(select.assets("a") | select.groups("right")))
    record.value("and", names(select.groups("right") & select.assets("c", "b")))
    record.value("minus", names(select.all() - select.groups("left")))
    record.value("upstream", names(select.assets("e").upstream()))
    record.value("upstream by one", names(select.assets("e").upstream(depth=1)))
    record.value("upstream without itself", names(select.assets("e").upstream(include_self=False)))
    record.value("downstream", names(select.assets("b").downstream()))
    record.value("downstream by one", names(select.assets("a").downstream(depth=1)))
    record.value("roots", names(select.all().roots()))
    record.value("sinks", names(select.groups("left").sinks()))
    record.value("prefix", names(select.key_prefixes("deep")))
    record.value("substring", names(select.key_substring("ee")))
    record.value("tag", names(select.tag("tier", "gold")))
    record.value("owner", names(select.owner("team:data")))
    record.value("kind", names(select.kind("python")))
    record.value("nothing", names(select.assets("a") & select.assets("b")))
    with record.raises("unknown", contains=["zz"]):
        names(select.assets("zz"))
