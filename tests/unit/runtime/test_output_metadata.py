"""What a running op may ask of its outputs."""

from __future__ import annotations

from typing import Any

import pytest

from orrery.base.errors import InvariantViolationError
from orrery.definitions.decorators.graph import job
from orrery.definitions.decorators.op import op
from orrery.definitions.parts.inputs_outputs import Out

SEEN: list[Any] = []


@op(out={"a": Out(), "b": Out()})
def asking(context):  # type: ignore[no-untyped-def]
    context.add_output_metadata({"rows": 3, "text": "x"}, output_name="a")
    SEEN.append(context.get_output_metadata("a"))
    context.asset_partition_key_for_output()
    return 1, 2


@job
def asks() -> None:
    asking()


def test_metadata_is_given_back_as_it_was_given_and_an_unknown_output_is_named() -> None:
    """Plain values, as in a direct call; the outputs that there are stand in the message."""
    SEEN.clear()
    with pytest.raises(InvariantViolationError, match=r"The step 'asking' has no output 'result'\.\n.*outputs: a, b"):
        asks.execute_in_process()
    assert SEEN == [{"rows": 3, "text": "x"}]
