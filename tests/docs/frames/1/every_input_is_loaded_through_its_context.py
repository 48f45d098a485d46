"""load_input is called once for each input, with a context that tells what it is about."""

import pandas as pd
from dagster import AssetIn, InMemoryIOManager, asset, materialize


class Looking(InMemoryIOManager):
    def load_input(self, context):
        seen.append(
            [
                context.asset_key.to_user_string(),
                context.name,
                context.upstream_output.asset_key.to_user_string(),
                dict(context.metadata),
                context.config,
            ]
        )
        load_input = super().load_input
        context_for_raw_data_input_to_clean_data = context
        value = (
            #: block 2
        )
        loaded.append(value)
        return value


seen, loaded = [], []


@asset
def raw_data() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2]})


@asset(ins={"raw_data": AssetIn(metadata={"columns": ["a"]})})
def clean_data(raw_data: pd.DataFrame) -> pd.DataFrame:
    return raw_data


assert materialize([raw_data, clean_data], resources={"io_manager": Looking()}).success
assert seen == [["raw_data", "raw_data", "raw_data", {"columns": ["a"]}, None]], seen
assert list(loaded[0]["a"]) == [1, 2]
