"""Context loaders: how the process gets the context that the orchestrator made for it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, ContextManager, Iterator, cast

from orrery_pipes.errors import PipesError, require_mapping, require_str

if TYPE_CHECKING:
    from orrery_pipes.shapes import PipesContextData, PipesParams


class PipesContextLoader(ABC):
    """Object that loads the context data which the orchestrator injected."""

    @abstractmethod
    def load_context(self, params: PipesParams) -> ContextManager[PipesContextData]:
        """
        Load the context data from the place that *params* name. To be implemented as a ``@contextmanager``.

        Args:
            params: What the context injector of the orchestrator handed over.

        Returns:
            A context manager that gives the context data; what it holds open is closed with the Pipes context.
        """


class PipesDefaultContextLoader(PipesContextLoader):
    """
    Context loader that takes the context data from a file or from the params themselves.

    With the key ``path`` the params name a JSON file; with the key ``data`` they hold the data as a dict.
    """

    FILE_PATH_KEY = "path"
    DIRECT_KEY = "data"

    @contextmanager
    def load_context(self, params: PipesParams) -> Iterator[PipesContextData]:
        """Load the context data from the file, or from the params."""
        if self.FILE_PATH_KEY in params:
            yield read_context(require_str(params, self.FILE_PATH_KEY, type(self)))
        elif self.DIRECT_KEY in params:
            yield cast("PipesContextData", require_mapping(params, self.DIRECT_KEY, type(self)))
        else:
            raise PipesError(
                f"Invalid params for {type(self).__name__}: expected key `{self.FILE_PATH_KEY}` or "
                f"`{self.DIRECT_KEY}`, received {sorted(params)}. If the orchestrator's context injector stores the "
                "context elsewhere, pass the loader that fits it as `context_loader` to `open_pipes`."
            )


def read_context(path: str) -> PipesContextData:
    """Return the context data in the JSON file at *path*."""
    with open(path, encoding="utf-8") as file:
        return cast("PipesContextData", json.load(file))
