"""The seam of clients: launch a process somewhere, wait for it, and return what it reported."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.handler import PipesExecutionResult
from orrery.adapters.pipes.session import PipesSession
from orrery.base.errors import PipesExecutionError
from orrery.base.metadata import normalize_metadata
from orrery.model.events.checks import AssetCheckResult
from orrery.model.events.user import MaterializeResult

__all__ = ["PipesClient", "PipesClientCompletedInvocation"]


class PipesClient(ABC):
    """Launches processes that report over Pipes. A parameter of this type asks for the resource of its name."""

    __orrery_resource_param__ = True

    @abstractmethod
    def run(self, *, context: Any, extras: PipesExtras | None = None, **kwargs: Any) -> PipesClientCompletedInvocation:
        """
        Run a process, and return when it has ended.

        Args:
            context: That of the op or asset.
            extras: What else the process is handed over; has to have a JSON form.
            kwargs: What the client needs to know of the launch.
        """


class PipesClientCompletedInvocation:
    """
    What a process reported.

    Args:
        session: The session in which it ran.
        metadata: Added to each result, such as the id of a job that was started elsewhere.
    """

    def __init__(self, session: PipesSession, metadata: Mapping[str, Any] | None = None) -> None:
        self._session = session
        self._metadata = normalize_metadata(metadata or {})

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What is added to each result."""
        return self._metadata

    def get_results(self, *, implicit_materializations: bool = True) -> Sequence[PipesExecutionResult]:
        """
        Return all results, to be yielded.

        Args:
            implicit_materializations: Whether expected assets that were not reported count as materialized.
        """
        return tuple(
            self._session.get_results(implicit_materializations=implicit_materializations, metadata=self._metadata)
        )

    def get_materialize_result(self, *, implicit_materialization: bool = True) -> MaterializeResult[Any]:
        """
        Return the result of the one asset, with the results of its checks.

        Raises:
            PipesExecutionError: There is none, or there are several.
        """
        results = self.get_results(implicit_materializations=implicit_materialization)
        made = [each for each in results if isinstance(each, MaterializeResult)]
        checks = [each for each in results if isinstance(each, AssetCheckResult)]
        if len(made) != 1:
            raise PipesExecutionError(
                f"Expected the materialization of one asset; {len(made)} were reported.",
                mend="yield from invocation.get_results() where a process reports several assets.",
            )
        (only,) = made
        foreign = [each for each in checks if each.asset_key not in (None, only.asset_key)]
        if foreign:
            raise PipesExecutionError(
                f"A check of another asset was reported: {foreign[0].check_name} of {foreign[0].asset_key}.",
                mend="yield from invocation.get_results() where a process reports several assets.",
            )
        if not checks:
            return only
        return MaterializeResult(
            asset_key=only.asset_key,
            metadata=only.metadata,
            check_results=[*(only.check_results or ()), *checks],
            data_version=only.data_version,
            tags=only.tags,
            value=only.value,
        )

    def get_asset_check_result(self) -> AssetCheckResult:
        """
        Return the result of the one check.

        Raises:
            PipesExecutionError: Anything else was reported.
        """
        results = self.get_results(implicit_materializations=False)
        if len(results) != 1 or not isinstance(results[0], AssetCheckResult):
            raise PipesExecutionError(
                f"Expected the result of one check; {len(results)} results were reported.",
                mend="yield from invocation.get_results() where a process reports more.",
            )
        return results[0]

    def get_custom_messages(self) -> Sequence[Any]:
        """Return the payloads of custom messages, in order."""
        return self._session.get_custom_messages()
