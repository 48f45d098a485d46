"""Kinds of warning can be told apart by the filters of the standard library."""

import warnings

import pytest

from orrery.base.warnings import BetaWarning, ConfigArgumentWarning, PreviewWarning, SupersessionWarning


def test_silencing_one_kind_lets_the_others_through() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", BetaWarning)
        warnings.warn("silenced", BetaWarning, stacklevel=1)
        warnings.warn("heard", PreviewWarning, stacklevel=1)
    assert [str(each.message) for each in heard] == ["heard"]


@pytest.mark.parametrize(
    ("kind", "standard"), [(SupersessionWarning, FutureWarning), (ConfigArgumentWarning, SyntaxWarning)]
)
def test_filters_for_the_standard_kinds_hold(kind: type[Warning], standard: type[Warning]) -> None:
    """Who turns FutureWarning into errors means ours too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", standard)
        with pytest.raises(kind):
            warnings.warn("raised", kind, stacklevel=1)
