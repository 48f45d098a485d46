"""After a run stands all that somebody needs who must act on it."""

import click

from orrery.base.keys import AssetKey
from orrery.base.metadata import normalize_metadata
from orrery.cli.happenings import RunView
from orrery.cli.paper import table
from orrery.cli.summary import summary_lines
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckSeverity


def test_a_check_that_did_not_pass_is_told_with_all_it_says() -> None:
    view = RunView()
    view.checks.append(
        AssetCheckEvaluation(
            asset_key=AssetKey(["raw", "a/b"]),
            check_name="whole",
            passed=False,
            metadata=normalize_metadata({"bad_rows": 3, "why": "nulls"}),
            severity=AssetCheckSeverity.ERROR,
            description="3 rows are bad\nreally",
        )
    )
    lines = [click.unstyle(line) for line in summary_lines(view)]
    assert lines[1:6] == [
        "Checks that did not pass",
        "  failed  raw/a\\/b: whole  3 rows are bad",
        "          really",
        "          bad_rows  3",
        "          why       nulls",
    ]


def test_one_long_name_does_not_push_the_other_rows_away() -> None:
    assert table([["n" * 300, "x"], ["a", "y"], ["bcd", "z"]]) == ["n" * 300 + "  x", "a    y", "bcd  z"]


def test_names_that_are_all_long_are_aligned_as_far_as_they_can_be() -> None:
    assert table([["n" * 70, "x"], ["m" * 71, "y"]]) == ["n" * 70 + "  x", "m" * 71 + "  y"]
