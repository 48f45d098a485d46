"""The function is called with an AssetExecutionContext, and not without one."""

import contextlib
import io

from dagster import AssetExecutionContext, DagsterInvalidInvocationError, asset, materialize

#: block 2

printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    assert materialize([my_asset]).success
assert "AssetExecutionContext" in printed.getvalue()
try:
    my_asset()
except DagsterInvalidInvocationError:
    pass
else:
    raise AssertionError("a direct call makes no context")
