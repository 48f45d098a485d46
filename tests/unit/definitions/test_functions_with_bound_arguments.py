"""Functions whose arguments are bound already are used for the rest of them."""

from __future__ import annotations

import functools

import orrery as og


def _sum(up: int, more: int) -> int:
    return up + more


def test_a_bound_keyword_is_no_input() -> None:
    @og.asset
    def up() -> int:
        return 1

    both = og.asset(name="both")(functools.partial(_sum, more=2))
    assert og.materialize([up, both]).output_for_node("both") == 3
