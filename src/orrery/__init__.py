"""
Orrery: declare data assets as Python functions; run only what is out of date; keep every event.

This is the front door: one written list of public names, each loaded from the room that defines it
when it is first asked for, so that ``import orrery`` costs next to nothing. Editors and type
checkers read the same list from ``__init__.pyi``. Rooms inside never come in through this door.

>>> import orrery
>>> orrery.AssetKey(["raw", "flights"]).to_user_string()
'raw/flights'
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

# Public name -> the module that defines it. Sorted; `__init__.pyi` says the same.
_HOME_OF: dict[str, str] = {
    "AnchorBasedFilePathMapping": "orrery.base.metadata.source_code",
    "Any": "orrery.definitions.parts.types",
    "Array": "orrery.model.config.schema",
    "AssetCheckFailedError": "orrery.base.errors",
    "AssetCheckKey": "orrery.base.keys",
    "AssetDep": "orrery.definitions.assets.asset_spec",
    "AssetIn": "orrery.definitions.assets.asset_spec",
    "AssetKey": "orrery.base.keys",
    "AssetMetadataValue": "orrery.base.metadata.values",
    "AssetOut": "orrery.definitions.assets.asset_spec",
    "AssetSpec": "orrery.definitions.assets.asset_spec",
    "BackfillPolicy": "orrery.definitions.parts.policies",
    "Backoff": "orrery.definitions.parts.policies",
    "Bool": "orrery.definitions.parts.types",
    "BoolMetadataValue": "orrery.base.metadata.values",
    "BoolSource": "orrery.model.config.scalars",
    "CodeLocationLoadError": "orrery.base.errors",
    "CodeReferencesMetadataValue": "orrery.base.metadata.values",
    "ConfigMappingFunctionError": "orrery.base.errors",
    "ConfigSchema": "orrery.model.config.schema",
    "CyclicDependencyError": "orrery.base.errors",
    "DamagedValueError": "orrery.base.errors",
    "DependencyDefinition": "orrery.definitions.graphs.dependency",
    "Dict": "orrery.definitions.parts.types",
    "DuplicateDefinitionError": "orrery.base.errors",
    "DynamicOut": "orrery.definitions.parts.inputs_outputs",
    "Enum": "orrery.model.config.scalars",
    "EnumValue": "orrery.model.config.scalars",
    "EventLogInvalidForRunError": "orrery.base.errors",
    "ExecutionHandleOutputError": "orrery.base.errors",
    "ExecutionInterruptedError": "orrery.base.errors",
    "ExecutionLoadInputError": "orrery.base.errors",
    "ExecutionStepExecutionError": "orrery.base.errors",
    "ExecutionStepNotFoundError": "orrery.base.errors",
    "Field": "orrery.model.config.schema",
    "FilePathMapping": "orrery.base.metadata.source_code",
    "Float": "orrery.definitions.parts.types",
    "FloatMetadataValue": "orrery.base.metadata.values",
    "GraphIn": "orrery.definitions.parts.inputs_outputs",
    "GraphOut": "orrery.definitions.parts.inputs_outputs",
    "HomeNotSetError": "orrery.base.errors",
    "HookDefinition": "orrery.definitions.parts.hook",
    "HookExecutionError": "orrery.base.errors",
    "In": "orrery.definitions.parts.inputs_outputs",
    "InputMapping": "orrery.definitions.graphs.dependency",
    "Int": "orrery.definitions.parts.types",
    "IntMetadataValue": "orrery.base.metadata.values",
    "IntSource": "orrery.model.config.scalars",
    "InvalidConfigDefinitionError": "orrery.base.errors",
    "InvalidConfigError": "orrery.base.errors",
    "InvalidDefinitionError": "orrery.base.errors",
    "InvalidInvocationError": "orrery.base.errors",
    "InvalidMetadataError": "orrery.base.errors",
    "InvalidPropertyError": "orrery.base.errors",
    "InvalidPythonicConfigDefinitionError": "orrery.base.errors",
    "InvalidSubsetError": "orrery.base.errors",
    "InvariantViolationError": "orrery.base.errors",
    "Jitter": "orrery.definitions.parts.policies",
    "JobMetadataValue": "orrery.base.metadata.values",
    "JsonMetadataValue": "orrery.base.metadata.values",
    "List": "orrery.definitions.parts.types",
    "LocalFileCodeReference": "orrery.base.metadata.values",
    "Map": "orrery.model.config.schema",
    "MarkdownMetadataValue": "orrery.base.metadata.values",
    "MaxRetriesExceededError": "orrery.base.errors",
    "MetadataEntry": "orrery.base.metadata.entry",
    "MetadataValue": "orrery.base.metadata.values",
    "MultiDependencyDefinition": "orrery.definitions.graphs.dependency",
    "MultiPartitionKey": "orrery.model.partitions.keys",
    "NodeInvocation": "orrery.definitions.graphs.dependency",
    "Noneable": "orrery.model.config.schema",
    "NotebookMetadataValue": "orrery.base.metadata.values",
    "Nothing": "orrery.definitions.parts.types",
    "NullMetadataValue": "orrery.base.metadata.values",
    "Optional": "orrery.definitions.parts.types",
    "OrreryError": "orrery.base.errors",
    "OrreryType": "orrery.definitions.parts.types",
    "Out": "orrery.definitions.parts.inputs_outputs",
    "OutputMapping": "orrery.definitions.graphs.dependency",
    "PaginatedResults": "orrery.model.partitions.definition",
    "PartitionKeyRange": "orrery.model.partitions.keys",
    "PartitionsDefinition": "orrery.model.partitions.definition",
    "PathMetadataValue": "orrery.base.metadata.values",
    "Permissive": "orrery.model.config.schema",
    "PipesExecutionError": "orrery.base.errors",
    "PoolMetadataValue": "orrery.base.metadata.values",
    "PythonArtifactMetadataValue": "orrery.base.metadata.values",
    "PythonObjectType": "orrery.definitions.parts.types",
    "ResourceFunctionError": "orrery.base.errors",
    "RetryPolicy": "orrery.definitions.parts.policies",
    "RunAlreadyExistsError": "orrery.base.errors",
    "RunConflictError": "orrery.base.errors",
    "RunMetadataValue": "orrery.base.metadata.values",
    "RunNotFoundError": "orrery.base.errors",
    "ScalarUnion": "orrery.model.config.schema",
    "SchemaVersionError": "orrery.base.errors",
    "Selector": "orrery.model.config.schema",
    "Set": "orrery.definitions.parts.types",
    "Shape": "orrery.model.config.schema",
    "StepOutputNotFoundError": "orrery.base.errors",
    "StorageError": "orrery.base.errors",
    "String": "orrery.definitions.parts.types",
    "StringSource": "orrery.model.config.scalars",
    "SubprocessError": "orrery.base.errors",
    "TableColumn": "orrery.base.metadata.table",
    "TableColumnConstraints": "orrery.base.metadata.table",
    "TableColumnDep": "orrery.base.metadata.table",
    "TableColumnLineage": "orrery.base.metadata.table",
    "TableColumnLineageMetadataValue": "orrery.base.metadata.values",
    "TableConstraints": "orrery.base.metadata.table",
    "TableMetadataValue": "orrery.base.metadata.values",
    "TableRecord": "orrery.base.metadata.table",
    "TableSchema": "orrery.base.metadata.table",
    "TableSchemaMetadataValue": "orrery.base.metadata.values",
    "TextMetadataValue": "orrery.base.metadata.values",
    "TimestampMetadataValue": "orrery.base.metadata.values",
    "Tuple": "orrery.definitions.parts.types",
    "TypeCheckDidNotPass": "orrery.base.errors",
    "TypeCheckError": "orrery.base.errors",
    "TypeLoader": "orrery.definitions.parts.types",
    "TypeLoadingError": "orrery.base.errors",
    "UndefinedDataVersionError": "orrery.base.errors",
    "UnknownAssetError": "orrery.base.errors",
    "UnknownPartitionError": "orrery.base.errors",
    "UnknownResourceError": "orrery.base.errors",
    "UnmetExecutorRequirementsError": "orrery.base.errors",
    "UrlCodeReference": "orrery.base.metadata.values",
    "UrlMetadataValue": "orrery.base.metadata.values",
    "UserCodeExecutionError": "orrery.base.errors",
    "UserCodeLoadError": "orrery.base.errors",
    "ValueNotFoundError": "orrery.base.errors",
    "make_python_type_usable_as_type": "orrery.definitions.parts.types",
    "partition_loading_context": "orrery.model.partitions.loading",
    "type_loader": "orrery.definitions.parts.types",
    "usable_as_type": "orrery.definitions.parts.types",
}

__all__ = ["__version__", *_HOME_OF]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(_unknown(name), name=name)
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _unknown(name: str) -> str:
    what = f"module 'orrery' has no attribute {name!r}"
    if name.startswith("__"):
        return what
    # Only a mistake pays for this import.
    errors = importlib.import_module("orrery.base.errors")
    near: str | None = errors.nearest(name, _HOME_OF)
    return f"{what}\n  Try: write '{near}', the nearest name that exists." if near else what
