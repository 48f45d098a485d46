"""Params loaders: where the process finds out how to reach its orchestrator."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Mapping

from orrery_pipes.encoding import decode_param
from orrery_pipes.errors import PipesError

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from orrery_pipes.shapes import PipesParams

PIPES_CONTEXT_ENV_VAR = "DAGSTER_PIPES_CONTEXT"
PIPES_MESSAGES_ENV_VAR = "DAGSTER_PIPES_MESSAGES"
PIPES_CONTEXT_CLI_ARGUMENT = "--dagster-pipes-context"
PIPES_MESSAGES_CLI_ARGUMENT = "--dagster-pipes-messages"
PIPES_CONTEXT_WIDGET_KEY = PIPES_CONTEXT_ENV_VAR
PIPES_MESSAGES_WIDGET_KEY = PIPES_MESSAGES_ENV_VAR


class PipesParamsLoader(ABC):
    """
    Object that loads the params which the orchestrator left for this process.

    They tell the :class:`PipesContextLoader` and the :class:`PipesMessageWriter` where to look.
    """

    @abstractmethod
    def load_context_params(self) -> PipesParams:
        """Return the params that the orchestrator's context injector left."""

    @abstractmethod
    def load_messages_params(self) -> PipesParams:
        """Return the params that the orchestrator's message reader left."""

    @abstractmethod
    def is_dagster_pipes_process(self) -> bool:
        """Return whether an orchestrator launched this process, that is, left params for it."""


class PipesMappingParamsLoader(PipesParamsLoader):
    """
    Params loader that takes params out of a mapping.

    Args:
        mapping: Holds the encoded params under the names of the two environment variables.
    """

    def __init__(self, mapping: Mapping[str, str]):
        self._mapping = mapping

    def is_dagster_pipes_process(self) -> bool:
        """Return whether the mapping holds params for a context."""
        return PIPES_CONTEXT_ENV_VAR in self._mapping

    def load_context_params(self) -> PipesParams:
        """Return the params for the context loader."""
        return _decode(self._mapping[PIPES_CONTEXT_ENV_VAR], PIPES_CONTEXT_ENV_VAR)

    def load_messages_params(self) -> PipesParams:
        """Return the params for the message writer."""
        return _decode(self._mapping[PIPES_MESSAGES_ENV_VAR], PIPES_MESSAGES_ENV_VAR)


class PipesEnvVarParamsLoader(PipesMappingParamsLoader):
    """Params loader that takes params out of environment variables."""

    def __init__(self) -> None:
        super().__init__(mapping=os.environ)


class PipesCliArgsParamsLoader(PipesParamsLoader):
    """Params loader that takes params out of the command line; it leaves all other arguments alone."""

    def is_dagster_pipes_process(self) -> bool:
        """Return whether the command line holds params for a context."""
        return _argument(PIPES_CONTEXT_CLI_ARGUMENT) is not None

    def load_context_params(self) -> PipesParams:
        """Return the params for the context loader."""
        return self._load(PIPES_CONTEXT_CLI_ARGUMENT)

    def load_messages_params(self) -> PipesParams:
        """Return the params for the message writer."""
        return self._load(PIPES_MESSAGES_CLI_ARGUMENT)

    def _load(self, argument: str) -> PipesParams:
        value = _argument(argument)
        if value is None:
            raise PipesError(f"The command line has no value for {argument}. Pass on the arguments of the launch.")
        return _decode(value, argument)


class PipesDatabricksNotebookWidgetsParamsLoader(PipesParamsLoader):
    """
    Params loader that takes params out of the widgets (base parameters) of a Databricks notebook.

    Args:
        widgets: ``dbutils.widgets`` of the notebook.
    """

    def __init__(self, widgets: Any):
        self._widgets = widgets

    def is_dagster_pipes_process(self) -> bool:
        """Return whether the notebook has a widget with params for a context."""
        # Databricks raises one of its own errors, a Java one, for a widget that is not there.
        try:
            return bool(self._widgets.get(PIPES_CONTEXT_WIDGET_KEY))
        except Exception as error:  # its class cannot be imported outside Databricks
            if "InputWidgetNotDefined" in f"{type(error).__name__} {error}":
                return False
            raise

    def load_context_params(self) -> PipesParams:
        """Return the params for the context loader."""
        return _decode(self._widgets.get(PIPES_CONTEXT_WIDGET_KEY), PIPES_CONTEXT_WIDGET_KEY)

    def load_messages_params(self) -> PipesParams:
        """Return the params for the message writer."""
        return _decode(self._widgets.get(PIPES_MESSAGES_WIDGET_KEY), PIPES_MESSAGES_WIDGET_KEY)


def make_cli_parser() -> ArgumentParser:
    """
    Return a parser of the two arguments of Pipes, for use in ``parents=`` of your own.

    :data:`PIPES_CLI_PARSER` is the one that this module made, on its first use.
    """
    # Not at the top: argparse takes 5 ms to import, and most processes get their params by environment.
    from argparse import ArgumentParser

    parser = ArgumentParser(description="Arguments of Orrery Pipes", add_help=False)
    text = "base64 encoded and zlib-compressed JSON string that tells where the {}"
    parser.add_argument(PIPES_CONTEXT_CLI_ARGUMENT, type=str, help=text.format("context is"))
    parser.add_argument(PIPES_MESSAGES_CLI_ARGUMENT, type=str, help=text.format("messages go"))
    return parser


def _argument(name: str) -> str | None:
    """Return the value of the last ``name value`` or ``name=value`` of the command line."""
    found = None
    arguments = sys.argv[1:]
    for index, argument in enumerate(arguments):
        if argument == name:
            if index + 1 == len(arguments):
                raise PipesError(f"The argument {name} at the end of the command line lacks its value.")
            found = arguments[index + 1]
        elif argument.startswith(name + "="):
            found = argument[len(name) + 1 :]
    return found


def _decode(value: str, source: str) -> PipesParams:
    try:
        params = decode_param(value)
    except Exception as error:  # base64, zlib, unicode and JSON each have an error of their own
        raise PipesError(
            f"Cannot decode `{source}`, which starts with {value[:20]!r}: {error}. "
            "It has to be JSON, packed by zlib, as base64."
        ) from error
    if not isinstance(params, dict):
        raise PipesError(f"`{source}` holds {type(params).__name__}; expected a JSON object.")
    return params
