"""
Static facts about keys and errors, checked by mypy and never run.

A wrong use carries an ignore that names its rule: were it accepted, the ignore would be unused, which is an error too.
"""

from typing import assert_type

import dagster
import orrery
from dagster._core.errors import DagsterError

key = orrery.AssetKey(["raw", "flights"])
assert_type(key, orrery.AssetKey)
assert_type(key.path, list[str])
assert_type(key.to_user_string(), str)
assert_type(orrery.AssetKey.from_user_string("raw/flights"), orrery.AssetKey)

orrery.AssetKey(1)  # type: ignore[arg-type]
orrery.AssetKey([1])  # type: ignore[list-item]
key.path = ["other"]  # type: ignore[misc]

# The compatible names are the same classes, also to a type checker.
assert_type(dagster.AssetKey("a"), orrery.AssetKey)
assert_type(dagster.DagsterError("wrong"), orrery.OrreryError)
assert_type(DagsterError("wrong"), orrery.OrreryError)
assert_type(orrery.InvalidConfigError("wrong").code, str)

_ = orrery.Assetkey  # type: ignore[attr-defined]
_ = dagster.DagsterAsset  # type: ignore[attr-defined]
