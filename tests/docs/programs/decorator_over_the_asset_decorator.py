"""A decorator of one's own: it wraps @asset and keeps the parameters of the user's function."""

import functools

from orrery import AssetExecutionContext, Config, asset, materialize


def measured(**attributes):
    def wrap(function):
        @asset(**attributes)
        @functools.wraps(function)
        def made(context: AssetExecutionContext, config: Config, *args, **kwargs):
            value = function(context, config, *args, **kwargs)
            context.add_output_metadata({"length": len(value)})
            return value

        return made

    return wrap


class Options(Config):
    times: int = 2


@asset
def word():
    return "ab"


@measured(group_name="texts")
def repeated(context: AssetExecutionContext, config: Options, word):
    return word * config.times


result = materialize([word, repeated], run_config={"ops": {"repeated": {"config": {"times": 3}}}})
print(result.asset_value("repeated"))
print(result.asset_materializations_for_node("repeated")[0].metadata["length"].value)
# prints:
# ababab
# 6
