"""Injectors: how the context gets to the external process."""

from __future__ import annotations

import json
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from orrery.adapters.pipes.context_data import PipesContextData, PipesParams

__all__ = [
    "PipesContextInjector",
    "PipesEnvContextInjector",
    "PipesFileContextInjector",
    "PipesTempFileContextInjector",
]


class PipesContextInjector(ABC):
    """Puts the context where the external process can load it."""

    @abstractmethod
    def inject_context(self, context_data: PipesContextData) -> AbstractContextManager[PipesParams]:
        """
        Put *context_data* somewhere, and give the params by which it is found. To be a ``@contextmanager``.

        Args:
            context_data: The context, as JSON.
        """

    @abstractmethod
    def no_messages_debug_text(self) -> str:
        """Return how the context was handed over, for the error that says that nothing came back."""


class PipesEnvContextInjector(PipesContextInjector):
    """Hands the context over inside the params themselves."""

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[PipesParams]:
        """Give params that hold *context_data*."""
        yield {"data": context_data}

    def no_messages_debug_text(self) -> str:
        """Return how the context was handed over."""
        return "The context was handed over inside the params, as a rule in the environment of the process."


class PipesFileContextInjector(PipesContextInjector):
    """
    Hands the context over in a file, which is deleted when the session is closed.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        self._path = os.fspath(path)

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[PipesParams]:
        """Write *context_data* to the file, and give its path."""
        with open(self._path, "w", encoding="utf-8") as file:
            file.write(json.dumps(context_data))
        try:
            yield {"path": self._path}
        finally:
            with suppress(FileNotFoundError):
                os.remove(self._path)

    def no_messages_debug_text(self) -> str:
        """Return how the context was handed over."""
        return f"The context was handed over in the file {self._path}."


class PipesTempFileContextInjector(PipesContextInjector):
    """Hands the context over in a file of its own, which nobody else may read."""

    @contextmanager
    def inject_context(self, context: PipesContextData) -> Iterator[PipesParams]:
        """Write *context* to a new file, and give its path."""
        descriptor, path = tempfile.mkstemp(prefix="orrery-pipes-", suffix=".json")
        try:
            with open(descriptor, "wb") as file:
                file.write(json.dumps(context).encode("ascii"))
            yield {"path": path}
        finally:
            with suppress(FileNotFoundError):
                os.remove(path)

    def no_messages_debug_text(self) -> str:
        """Return how the context was handed over."""
        return "The context was handed over in a temporary file."
