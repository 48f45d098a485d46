"""
Public names under the private paths that programs import them from.

``from dagster._core.test_utils import instance_for_test`` works in many projects, though the name is public and the path is not.
So every path below these places (``dagster._core``, ``dagster._utils`` and some more) that has no module of its own here
is one that gives the public names, whichever they are. Any other name is refused where it is imported; of one in small
letters, which may be that of a module, it is told where it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["find_public_names", "public_names_at"]

_PLACES = ("dagster._core", "dagster._utils", "dagster._config", "dagster._serdes", "dagster.preview")


def public_names_at(place: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of the module *place*, which gives public names."""

    def public(name: str) -> Any:
        dagster: Any = sys.modules["dagster"]  # it imports this module

        if name in dagster.__all__:
            return getattr(dagster, name)
        raise AttributeError(f"module {place!r} has no attribute {name!r}", name=name)

    return public


class _Elsewhere(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise ImportError(_told(self.__name__), name=self.__name__)


class _PublicNames:
    """Finds and makes these modules; a finder and a loader, as the import system asks of them."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """
        Return how the module is made; None if the name is not one of ours.

        What ``from ... import`` does not find as an attribute it looks for as a module: so a name that is none is refused here.
        """
        if not any(fullname == place or fullname.startswith(f"{place}.") for place in _PLACES):
            return None
        if not fullname.islower():
            raise ImportError(_told(fullname), name=fullname)
        return ModuleSpec(fullname, self, origin=__file__, is_package=True)  # type: ignore[arg-type]  # it has the methods

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        return _Elsewhere(spec.name, "Public names of Orrery, under a path that programs import them from.")

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module."""
        module.__dict__["__getattr__"] = public_names_at(module.__name__)


def find_public_names() -> None:
    """Let such modules be found, after all others."""
    if not any(isinstance(each, _PublicNames) for each in sys.meta_path):
        sys.meta_path.append(_PublicNames())


def _told(path: str) -> str:
    return (
        f"Orrery has no public name for {path}.\n"
        "  Try: import a public name from dagster, or write what the project needs of it in the project."
    )
