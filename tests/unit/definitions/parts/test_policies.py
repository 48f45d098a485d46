"""Retry policies: what they refuse."""

import pytest

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.policies import RetryPolicy


@pytest.mark.parametrize("delay", [float("nan"), float("inf")])
def test_a_delay_has_an_end(delay: float) -> None:
    with pytest.raises(InvalidDefinitionError, match="wait for ever") as caught:
        RetryPolicy(delay=delay)
    assert caught.value.mend
