"""A name that is one slip away from a known one was meant to be that."""

import pytest

from orrery.base.misspelt import slips


@pytest.mark.parametrize("written", ["ordes", "orderss", "ordets", "odrers", "rders", "shop/orders2"])
def test_one_letter_less_more_other_or_two_turned(written: str) -> None:
    assert slips([written], ["orders", "shop/orders"]) == ({} if written == "shop/orders2" else {written: "orders"})


def test_names_that_differ_by_digits_or_are_short_are_meant() -> None:
    assert slips(["orders_2", "abc", "users"], ["orders_1", "abd", "orders"]) == {}
