"""Every example in a docstring runs and gives what it says."""

import doctest
import importlib
import pkgutil

import pytest

import orrery

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(orrery.__path__, "orrery.")
    if not module.name.endswith("__main__") and ".migrations." not in module.name
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("name", ["orrery", *MODULES])
def test_the_examples_of_a_module_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0
