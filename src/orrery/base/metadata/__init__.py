"""
Metadata: typed values that events, assets and checks carry.

``values`` holds the closed set of types, ``table`` what tables need, ``normalize`` the way from a
plain Python value to its type. Any room may come in; import from here.
"""

from __future__ import annotations

from orrery.base.metadata.entry import MetadataEntry
from orrery.base.metadata.normalize import (
    ArbitraryMetadataMapping,
    RawMetadataMapping,
    RawMetadataValue,
    normalize_metadata,
)
from orrery.base.metadata.source_code import AnchorBasedFilePathMapping, FilePathMapping
from orrery.base.metadata.table import (
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableConstraints,
    TableRecord,
    TableSchema,
)
from orrery.base.metadata.values import (
    AnyMetadataValue,
    AssetMetadataValue,
    BoolMetadataValue,
    CodeLocationReconstructionMetadataValue,
    CodeReferencesMetadataValue,
    FloatMetadataValue,
    IntMetadataValue,
    JobMetadataValue,
    JsonMetadataValue,
    LocalFileCodeReference,
    MarkdownMetadataValue,
    MetadataValue,
    NotebookMetadataValue,
    NullMetadataValue,
    PathMetadataValue,
    PoolMetadataValue,
    PythonArtifactMetadataValue,
    RunMetadataValue,
    TableColumnLineageMetadataValue,
    TableMetadataValue,
    TableSchemaMetadataValue,
    TextMetadataValue,
    TimestampMetadataValue,
    UrlCodeReference,
    UrlMetadataValue,
)

__all__ = [
    "AnchorBasedFilePathMapping",
    "AnyMetadataValue",
    "ArbitraryMetadataMapping",
    "AssetMetadataValue",
    "BoolMetadataValue",
    "CodeLocationReconstructionMetadataValue",
    "CodeReferencesMetadataValue",
    "FilePathMapping",
    "FloatMetadataValue",
    "IntMetadataValue",
    "JobMetadataValue",
    "JsonMetadataValue",
    "LocalFileCodeReference",
    "MarkdownMetadataValue",
    "MetadataEntry",
    "MetadataValue",
    "NotebookMetadataValue",
    "NullMetadataValue",
    "PathMetadataValue",
    "PoolMetadataValue",
    "PythonArtifactMetadataValue",
    "RawMetadataMapping",
    "RawMetadataValue",
    "RunMetadataValue",
    "TableColumn",
    "TableColumnConstraints",
    "TableColumnDep",
    "TableColumnLineage",
    "TableColumnLineageMetadataValue",
    "TableConstraints",
    "TableMetadataValue",
    "TableRecord",
    "TableSchema",
    "TableSchemaMetadataValue",
    "TextMetadataValue",
    "TimestampMetadataValue",
    "UrlCodeReference",
    "UrlMetadataValue",
    "normalize_metadata",
]
