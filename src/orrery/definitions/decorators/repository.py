"""The decorator that makes a repository of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.executor import ExecutorDefinition, LoggerDefinition
from orrery.definitions.parts.resource import as_resource_definitions
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.definitions.project.repository_data import CachingRepositoryData, RepositoryData

__all__ = ["repository"]


@overload
def repository(definitions_fn: Callable[..., Any]) -> RepositoryDefinition: ...


@overload
def repository(
    definitions_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    default_executor_def: ExecutorDefinition | None = None,
    default_logger_defs: Mapping[str, LoggerDefinition] | None = None,
    _top_level_resources: Mapping[str, Any] | None = None,
    _component_tree: Any = None,
) -> Callable[[Callable[..., Any]], RepositoryDefinition]: ...


def repository(
    definitions_fn: Callable[[], Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    default_executor_def: ExecutorDefinition | None = None,
    default_logger_defs: Mapping[str, LoggerDefinition] | None = None,
    _top_level_resources: Mapping[str, Any] | None = None,
    _component_tree: Any = None,
) -> Any:
    """
    Make a repository of what the decorated function returns.

    New projects use :class:`Definitions` instead.

    Args:
        definitions_fn: Returns a list of definitions (lists in it count as their members), or
            ``{"jobs": {name: job or function}, "schedules": ..., "sensors": ...}``, or a :class:`RepositoryData`.
        name: Name; that of the function if not given.
        description: Text for people; by default the function's docstring.
        metadata: Any metadata, by name.
        default_executor_def: Executor of jobs that name none.
        default_logger_defs: Loggers of jobs that name none.

    Raises:
        InvalidDefinitionError: The function returns something else, or definitions that cannot stand.
    """

    def decorate(function: Callable[[], Any]) -> RepositoryDefinition:
        given = function()
        data: RepositoryData
        if isinstance(given, RepositoryData):
            data = given
        elif isinstance(given, Mapping):
            data = CachingRepositoryData.from_dict(given)
        elif isinstance(given, list | tuple):
            data = CachingRepositoryData.from_list(
                list(_flat(given)),
                default_executor_def=default_executor_def,
                default_logger_defs=default_logger_defs,
                top_level_resources=as_resource_definitions(_top_level_resources),
                component_tree=_component_tree,
            )
        else:
            raise InvalidDefinitionError(
                f"Bad return value of type {type(given).__name__} from repository construction function.",
                mend="return a list of definitions, a dictionary, or a RepositoryData.",
            )
        return RepositoryDefinition(
            name or function.__name__,
            repository_data=data,
            description=description or function.__doc__,
            metadata=metadata,
        )

    return decorate(definitions_fn) if definitions_fn is not None else decorate


def _flat(given: Iterable[Any]) -> Iterable[Any]:
    for each in given:
        if isinstance(each, list | tuple):
            yield from _flat(each)
        else:
            yield each
