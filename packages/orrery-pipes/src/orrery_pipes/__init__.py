"""
The external side of Orrery Pipes, for processes that an orchestrator launches.

Here lives all that such a process needs in order to learn what its step is about and to report from it: logs,
materializations, checks, messages of its own. It speaks the protocol of Dagster Pipes, so that either side may be a
stranger. This distribution is installed alone, beside code that knows nothing of Orrery: it has no dependencies and
keeps to the syntax of Python 3.8. Begin at :func:`open_pipes`.

>>> from orrery_pipes import open_pipes
>>> with open_pipes() as context:  # doctest: +SKIP
...     context.log.info("starting")
...     context.report_asset_materialization(metadata={"rows": 12})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orrery_pipes.channels import (
    PipesBlobStoreMessageWriterChannel,
    PipesBufferedFilesystemMessageWriterChannel,
    PipesBufferedStreamMessageWriterChannel,
    PipesFileMessageWriterChannel,
    PipesMessageWriterChannel,
    PipesStreamMessageWriterChannel,
)
from orrery_pipes.context import PipesContext, open_pipes
from orrery_pipes.encoding import decode_env_var, decode_param, encode_env_var, encode_param
from orrery_pipes.errors import PipesError, PipesMessageTooLongError, PipesSerializationError, PipesWarning
from orrery_pipes.loaders import PipesContextLoader, PipesDefaultContextLoader
from orrery_pipes.logs import (
    ExcThread,
    PipesDefaultLogWriter,
    PipesDefaultLogWriterChannel,
    PipesLogWriter,
    PipesLogWriterChannel,
    PipesStdioFileLogWriter,
    PipesStdioFileLogWriterChannel,
    PipesStdioLogWriter,
    PipesStdioLogWriterChannel,
)
from orrery_pipes.messages import (
    ESCAPE_CHARACTER,
    PIPES_METADATA_TYPE_INFER,
    PIPES_PROTOCOL_VERSION,
    PIPES_PROTOCOL_VERSION_FIELD,
    to_asset_key_path,
)
from orrery_pipes.params import (
    PIPES_CONTEXT_CLI_ARGUMENT,
    PIPES_CONTEXT_ENV_VAR,
    PIPES_CONTEXT_WIDGET_KEY,
    PIPES_MESSAGES_CLI_ARGUMENT,
    PIPES_MESSAGES_ENV_VAR,
    PIPES_MESSAGES_WIDGET_KEY,
    PipesCliArgsParamsLoader,
    PipesDatabricksNotebookWidgetsParamsLoader,
    PipesEnvVarParamsLoader,
    PipesMappingParamsLoader,
    PipesParamsLoader,
    make_cli_parser,
)
from orrery_pipes.writers import (
    PipesBlobStoreMessageWriter,
    PipesDefaultMessageWriter,
    PipesMessageWriter,
    PipesPrefectLogsMessageWriter,
    PipesPrefectLogsMessageWriterChannel,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from orrery_pipes.clouds import (
        PipesAzureBlobStorageContextLoader,
        PipesAzureBlobStorageMessageWriter,
        PipesAzureBlobStorageMessageWriterChannel,
        PipesDbfsContextLoader,
        PipesDbfsMessageWriter,
        PipesGCSContextLoader,
        PipesGCSMessageWriter,
        PipesGCSMessageWriterChannel,
        PipesS3ContextLoader,
        PipesS3MessageWriter,
        PipesS3MessageWriterChannel,
        PipesUnityCatalogVolumesContextLoader,
        PipesUnityCatalogVolumesMessageWriter,
    )
    from orrery_pipes.shapes import (
        Method,
        PipesAssetCheckSeverity,
        PipesContextData,
        PipesDataProvenance,
        PipesException,
        PipesExtras,
        PipesLogWriterOpenedData,
        PipesMessage,
        PipesMetadataRawValue,
        PipesMetadataType,
        PipesMetadataValue,
        PipesOpenedData,
        PipesParams,
        PipesPartitionKeyRange,
        PipesTimeWindow,
    )

    PIPES_CLI_PARSER: ArgumentParser

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "open_pipes",
    "PipesContext",
    # Errors.
    "PipesError",
    "PipesMessageTooLongError",
    "PipesSerializationError",
    "PipesWarning",
    # Params loaders.
    "PipesParamsLoader",
    "PipesEnvVarParamsLoader",
    "PipesCliArgsParamsLoader",
    "PipesMappingParamsLoader",
    "PipesDatabricksNotebookWidgetsParamsLoader",
    # Context loaders.
    "PipesContextLoader",
    "PipesDefaultContextLoader",
    "PipesS3ContextLoader",
    "PipesGCSContextLoader",
    "PipesAzureBlobStorageContextLoader",
    "PipesDbfsContextLoader",
    "PipesUnityCatalogVolumesContextLoader",
    # Message writers.
    "PipesMessageWriter",
    "PipesDefaultMessageWriter",
    "PipesBlobStoreMessageWriter",
    "PipesS3MessageWriter",
    "PipesGCSMessageWriter",
    "PipesAzureBlobStorageMessageWriter",
    "PipesDbfsMessageWriter",
    "PipesUnityCatalogVolumesMessageWriter",
    "PipesPrefectLogsMessageWriter",
    # Message writer channels.
    "PipesMessageWriterChannel",
    "PipesFileMessageWriterChannel",
    "PipesStreamMessageWriterChannel",
    "PipesBufferedStreamMessageWriterChannel",
    "PipesBlobStoreMessageWriterChannel",
    "PipesBufferedFilesystemMessageWriterChannel",
    "PipesS3MessageWriterChannel",
    "PipesGCSMessageWriterChannel",
    "PipesAzureBlobStorageMessageWriterChannel",
    "PipesPrefectLogsMessageWriterChannel",
    # Log writers and their channels.
    "PipesLogWriter",
    "PipesStdioLogWriter",
    "PipesDefaultLogWriter",
    "PipesStdioFileLogWriter",
    "PipesLogWriterChannel",
    "PipesStdioLogWriterChannel",
    "PipesDefaultLogWriterChannel",
    "PipesStdioFileLogWriterChannel",
    "ExcThread",
    # The shape of what crosses the border.
    "Method",
    "PipesAssetCheckSeverity",
    "PipesContextData",
    "PipesDataProvenance",
    "PipesException",
    "PipesExtras",
    "PipesLogWriterOpenedData",
    "PipesMessage",
    "PipesMetadataRawValue",
    "PipesMetadataType",
    "PipesMetadataValue",
    "PipesOpenedData",
    "PipesParams",
    "PipesPartitionKeyRange",
    "PipesTimeWindow",
    "ESCAPE_CHARACTER",
    "PIPES_METADATA_TYPE_INFER",
    "PIPES_PROTOCOL_VERSION",
    "PIPES_PROTOCOL_VERSION_FIELD",
    # The places of params.
    # PIPES_CLI_PARSER is left out: `import *` would make it, and argparse takes its time to import.
    "PIPES_CONTEXT_CLI_ARGUMENT",
    "PIPES_CONTEXT_ENV_VAR",
    "PIPES_CONTEXT_WIDGET_KEY",
    "PIPES_MESSAGES_CLI_ARGUMENT",
    "PIPES_MESSAGES_ENV_VAR",
    "PIPES_MESSAGES_WIDGET_KEY",
    "make_cli_parser",
    # Encoding.
    "encode_env_var",
    "decode_env_var",
    "encode_param",
    "decode_param",
    "to_asset_key_path",
]


_CLOUDS = (
    "PipesAzureBlobStorageContextLoader",
    "PipesAzureBlobStorageMessageWriter",
    "PipesAzureBlobStorageMessageWriterChannel",
    "PipesDbfsContextLoader",
    "PipesDbfsMessageWriter",
    "PipesGCSContextLoader",
    "PipesGCSMessageWriter",
    "PipesGCSMessageWriterChannel",
    "PipesS3ContextLoader",
    "PipesS3MessageWriter",
    "PipesS3MessageWriterChannel",
    "PipesUnityCatalogVolumesContextLoader",
    "PipesUnityCatalogVolumesMessageWriter",
)

_SHAPES = (
    "Method",
    "PipesAssetCheckSeverity",
    "PipesContextData",
    "PipesDataProvenance",
    "PipesException",
    "PipesExtras",
    "PipesLogWriterOpenedData",
    "PipesMessage",
    "PipesMetadataRawValue",
    "PipesMetadataType",
    "PipesMetadataValue",
    "PipesOpenedData",
    "PipesParams",
    "PipesPartitionKeyRange",
    "PipesTimeWindow",
)


def __getattr__(name: str) -> object:
    """
    Make on first use what few processes need.

    That is the command line parser, as argparse takes 5 ms to import; what sends by stores of the clouds, and the types of what
    crosses the border: either takes 2 ms of each launch.
    """
    if name == "PIPES_CLI_PARSER":
        parser = globals()[name] = make_cli_parser()
        return parser
    if name in _CLOUDS:
        from orrery_pipes import clouds

        found = globals()[name] = getattr(clouds, name)
        return found
    if name in _SHAPES:
        from orrery_pipes import shapes

        found = globals()[name] = getattr(shapes, name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
