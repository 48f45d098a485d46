"""The list of seams names what exists."""

import pytest

from orrery.seams import SEAMS, Seam


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: seam.name)
def test_a_listed_seam_is_a_class(seam: Seam) -> None:
    assert seam.load().__name__ == seam.name


def test_the_list_is_sorted_and_names_each_once() -> None:
    names = [seam.name for seam in SEAMS]
    assert names == sorted(set(names))


def test_a_seam_that_is_no_class_is_refused() -> None:
    with pytest.raises(TypeError, match="nearest"):
        Seam(name="nearest", module="orrery.base.errors", purpose="A function, no seam.").load()
