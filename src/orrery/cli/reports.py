"""
Reports of several things of one kind, of which one may fail.

Each is printed as soon as it is had. What goes wrong with one is told at the end, and hides nothing of the others; the exit
code then is 1. With ``--json`` there is one document, with ``stores`` and ``errors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from orrery.base.errors import OrreryError
from orrery.cli.endings import FAILED, SUCCESS, echo_error, error_document
from orrery.cli.json_output import echo_json
from orrery.cli.text import one_line

__all__ = ["Reports"]

_T = TypeVar("_T")


class Reports:
    """
    What a command tells of several stores.

    Args:
        as_json: Whether they are kept for one document, rather than printed.
    """

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._documents: list[dict[str, Any]] = []
        self._errors: list[tuple[str, OrreryError | OSError]] = []

    def each(self, resource: str, found: Iterator[_T]) -> Iterator[_T]:
        """
        Iterate what is found out about a store; an error of that ends it, and is kept for the end of the command.

        What goes wrong with those who take it - standard output that cannot be written - is not of the store.
        """
        while True:
            try:
                one = next(found)
            except StopIteration:
                return
            except (OrreryError, OSError) as error:
                self._errors.append((resource, error))
                return
            yield one

    def one(self, resource: str, find: Callable[[], _T]) -> Iterator[_T]:
        """Iterate the one thing that *find* returns; nothing, where it fails."""
        return self.each(resource, (found() for found in (find,)))

    def add(self, document: dict[str, Any]) -> None:
        """Keep the report of a store for the document of ``--json``."""
        self._documents.append(document)

    def ended(self, is_failed: bool = False, **also: Any) -> int:
        """
        Print what is left to say - the document, or what went wrong - and return the exit code.

        Args:
            is_failed: Whether one of the reports says that something is wrong.
            also: What stands at the head of the document.
        """
        if self._as_json:
            errors = [{"resource": resource, **error_document(error)} for resource, error in self._errors]
            echo_json({**also, "stores": self._documents, "errors": errors})
        else:
            for resource, error in self._errors:
                echo_error(one_line(resource), error)
        return FAILED if is_failed or self._errors else SUCCESS
