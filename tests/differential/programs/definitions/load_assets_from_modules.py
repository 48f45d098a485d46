"""Assets of a module are found, with attributes for all of them."""

import sys
import types

import dagster as dg


def program(record):
    module = types.ModuleType("differential_assets")

    @dg.asset
    def a():
        return 1

    @dg.asset(key_prefix="own")
    def b(a):
        return a + 1

    module.a, module.b, module.number = a, b, 5
    module.c, module.several = dg.SourceAsset("c"), [dg.SourceAsset("d")]
    sys.modules["differential_assets"] = module
    try:
        found = dg.load_assets_from_modules([module], group_name="g")
        names = []
        for one in found:
            names += [one.key.to_user_string()] if hasattr(one, "key") else [k.to_user_string() for k in one.keys]
        record.value("found", sorted(names))
        prefixed = dg.load_assets_from_modules([module], key_prefix="pre")
        names = []
        for one in prefixed:
            names += [one.key.to_user_string()] if hasattr(one, "key") else [k.to_user_string() for k in one.keys]
        record.value("prefixed", sorted(names))
        definitions = [one for one in found if isinstance(one, dg.AssetsDefinition)]
        record.value("groups", sorted({g for one in definitions for g in one.group_names_by_key.values()}))
        both = dg.materialize([one for one in definitions if not one.is_external])
        record.value("success", both.success)
    finally:
        del sys.modules["differential_assets"]
