"""The public face, typed: the same names as the table in ``__init__.py`` (a test holds them together)."""

from orrery.adapters.cache.cached import CachedIOManager as CachedIOManager
from orrery.adapters.cache.probes import file_probe as file_probe
from orrery.adapters.cache.probes import file_version as file_version
from orrery.adapters.cache.probes import query_probe as query_probe
from orrery.adapters.cache.probes import rows_version as rows_version
from orrery.adapters.cache.probes import url_probe as url_probe
from orrery.adapters.cache.probes import url_version as url_version
from orrery.adapters.cache.stored import BlobIOManager as BlobIOManager
from orrery.adapters.executors.dask import dask_executor as dask_executor
from orrery.adapters.executors.either import multi_or_in_process_executor as multi_or_in_process_executor
from orrery.adapters.executors.in_process import in_process_executor as in_process_executor
from orrery.adapters.executors.multiprocess import multiprocess_executor as multiprocess_executor
from orrery.adapters.executors.ray import ray_executor as ray_executor
from orrery.adapters.io.configurable import FilesystemIOManager as FilesystemIOManager
from orrery.adapters.io.delta import DeltaLakeIOManager as DeltaLakeIOManager
from orrery.adapters.io.duckdb import DuckDBIOManager as DuckDBIOManager
from orrery.adapters.io.file_manager import FileHandle as FileHandle
from orrery.adapters.io.file_manager import LocalFileHandle as LocalFileHandle
from orrery.adapters.io.file_manager import local_file_manager as local_file_manager
from orrery.adapters.io.iceberg import IcebergIOManager as IcebergIOManager
from orrery.adapters.io.memory import InMemoryIOManager as InMemoryIOManager
from orrery.adapters.io.memory import mem_io_manager as mem_io_manager
from orrery.adapters.io.parquet import ParquetIOManager as ParquetIOManager
from orrery.adapters.io.pickled import custom_path_fs_io_manager as custom_path_fs_io_manager
from orrery.adapters.io.pickled import fs_io_manager as fs_io_manager
from orrery.adapters.io.upath import UPathIOManager as UPathIOManager
from orrery.adapters.pipes.client import PipesClient as PipesClient
from orrery.adapters.pipes.client import PipesClientCompletedInvocation as PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.aws_lambda import PipesLambdaClient as PipesLambdaClient
from orrery.adapters.pipes.clients.aws_lambda import PipesLambdaEventContextInjector as PipesLambdaEventContextInjector
from orrery.adapters.pipes.clients.aws_lambda import PipesLambdaLogsMessageReader as PipesLambdaLogsMessageReader
from orrery.adapters.pipes.clients.cloudwatch import PipesCloudWatchMessageReader as PipesCloudWatchMessageReader
from orrery.adapters.pipes.clients.databricks import PipesDatabricksClient as PipesDatabricksClient
from orrery.adapters.pipes.clients.docker import PipesDockerClient as PipesDockerClient
from orrery.adapters.pipes.clients.docker import PipesDockerLogsMessageReader as PipesDockerLogsMessageReader
from orrery.adapters.pipes.clients.ecs import PipesECSClient as PipesECSClient
from orrery.adapters.pipes.clients.emr import PipesEMRClient as PipesEMRClient
from orrery.adapters.pipes.clients.glue import PipesGlueClient as PipesGlueClient
from orrery.adapters.pipes.clients.k8s import PipesK8sClient as PipesK8sClient
from orrery.adapters.pipes.clients.k8s import PipesK8sPodLogsMessageReader as PipesK8sPodLogsMessageReader
from orrery.adapters.pipes.clients.ssh import PipesSSHClient as PipesSSHClient
from orrery.adapters.pipes.clients.ssh import PipesSSHMessageReader as PipesSSHMessageReader
from orrery.adapters.pipes.context_data import PipesLaunchedData as PipesLaunchedData
from orrery.adapters.pipes.handler import PipesExecutionResult as PipesExecutionResult
from orrery.adapters.pipes.handler import PipesMessageHandler as PipesMessageHandler
from orrery.adapters.pipes.injectors import PipesContextInjector as PipesContextInjector
from orrery.adapters.pipes.injectors import PipesEnvContextInjector as PipesEnvContextInjector
from orrery.adapters.pipes.injectors import PipesFileContextInjector as PipesFileContextInjector
from orrery.adapters.pipes.injectors import PipesTempFileContextInjector as PipesTempFileContextInjector
from orrery.adapters.pipes.log_readers import PipesChunkedLogReader as PipesChunkedLogReader
from orrery.adapters.pipes.log_readers import PipesLogReader as PipesLogReader
from orrery.adapters.pipes.polling import PipesBlobStoreMessageReader as PipesBlobStoreMessageReader
from orrery.adapters.pipes.polling import PipesThreadedMessageReader as PipesThreadedMessageReader
from orrery.adapters.pipes.readers import PipesCompositeMessageReader as PipesCompositeMessageReader
from orrery.adapters.pipes.readers import PipesFileMessageReader as PipesFileMessageReader
from orrery.adapters.pipes.readers import PipesMessageReader as PipesMessageReader
from orrery.adapters.pipes.readers import PipesTempFileMessageReader as PipesTempFileMessageReader
from orrery.adapters.pipes.session import PipesSession as PipesSession
from orrery.adapters.pipes.session import open_pipes_session as open_pipes_session
from orrery.adapters.pipes.stores.azure import (
    PipesAzureBlobStorageContextInjector as PipesAzureBlobStorageContextInjector,
)
from orrery.adapters.pipes.stores.azure import PipesAzureBlobStorageMessageReader as PipesAzureBlobStorageMessageReader
from orrery.adapters.pipes.stores.databricks import PipesDbfsContextInjector as PipesDbfsContextInjector
from orrery.adapters.pipes.stores.databricks import PipesDbfsLogReader as PipesDbfsLogReader
from orrery.adapters.pipes.stores.databricks import PipesDbfsMessageReader as PipesDbfsMessageReader
from orrery.adapters.pipes.stores.databricks import (
    PipesUnityCatalogVolumesContextInjector as PipesUnityCatalogVolumesContextInjector,
)
from orrery.adapters.pipes.stores.databricks import (
    PipesUnityCatalogVolumesMessageReader as PipesUnityCatalogVolumesMessageReader,
)
from orrery.adapters.pipes.stores.gcs import PipesGCSContextInjector as PipesGCSContextInjector
from orrery.adapters.pipes.stores.gcs import PipesGCSMessageReader as PipesGCSMessageReader
from orrery.adapters.pipes.stores.s3 import PipesS3ContextInjector as PipesS3ContextInjector
from orrery.adapters.pipes.stores.s3 import PipesS3MessageReader as PipesS3MessageReader
from orrery.adapters.pipes.subprocess_client import PipesSubprocessClient as PipesSubprocessClient
from orrery.api.config_files import config_from_files as config_from_files
from orrery.api.config_files import config_from_pkg_resources as config_from_pkg_resources
from orrery.api.config_files import config_from_yaml_strings as config_from_yaml_strings
from orrery.api.file_path import file_relative_path as file_relative_path
from orrery.api.loggers import JsonLogFormatter as JsonLogFormatter
from orrery.api.loggers import colored_console_logger as colored_console_logger
from orrery.api.loggers import default_loggers as default_loggers
from orrery.api.loggers import default_system_loggers as default_system_loggers
from orrery.api.loggers import get_logger as get_logger
from orrery.api.loggers import json_console_logger as json_console_logger
from orrery.api.verbs.asset_values import AssetValueLoader as AssetValueLoader
from orrery.api.verbs.backfill import BackfillResult as BackfillResult
from orrery.api.verbs.backfill import backfill as backfill
from orrery.api.verbs.backfill import cancel_backfill as cancel_backfill
from orrery.api.verbs.backfill import resume_backfill as resume_backfill
from orrery.api.verbs.backfill import retry_backfill as retry_backfill
from orrery.api.verbs.backfill_plan import plan_backfill as plan_backfill
from orrery.api.verbs.build_resources import build_resources as build_resources
from orrery.api.verbs.check_type import check_type as check_type
from orrery.api.verbs.contexts import build_asset_check_context as build_asset_check_context
from orrery.api.verbs.contexts import build_asset_context as build_asset_context
from orrery.api.verbs.contexts import build_hook_context as build_hook_context
from orrery.api.verbs.contexts import build_init_logger_context as build_init_logger_context
from orrery.api.verbs.contexts import build_input_context as build_input_context
from orrery.api.verbs.contexts import build_op_context as build_op_context
from orrery.api.verbs.contexts import build_output_context as build_output_context
from orrery.api.verbs.defs_folder import load_defs as load_defs
from orrery.api.verbs.defs_folder import load_from_defs_folder as load_from_defs_folder
from orrery.api.verbs.diff import MaterializationDiff as MaterializationDiff
from orrery.api.verbs.diff import diff_materializations as diff_materializations
from orrery.api.verbs.execute_job import execute_job as execute_job
from orrery.api.verbs.execute_job import validate_run_config as validate_run_config
from orrery.api.verbs.instigator_contexts import build_multi_asset_sensor_context as build_multi_asset_sensor_context
from orrery.api.verbs.instigator_contexts import build_run_status_sensor_context as build_run_status_sensor_context
from orrery.api.verbs.instigator_contexts import build_schedule_context as build_schedule_context
from orrery.api.verbs.instigator_contexts import build_sensor_context as build_sensor_context
from orrery.api.verbs.materialize import materialize as materialize
from orrery.api.verbs.materialize import materialize_to_memory as materialize_to_memory
from orrery.api.verbs.materialize import observe as observe
from orrery.api.verbs.migrate import MigrateIOStorageResult as MigrateIOStorageResult
from orrery.api.verbs.migrate import migrate_io_storage as migrate_io_storage
from orrery.api.verbs.plan import MaterializationPlan as MaterializationPlan
from orrery.api.verbs.plan import explain as explain
from orrery.api.verbs.plan import plan_materialization as plan_materialization
from orrery.api.verbs.reconstruct import build_reconstructable_job as build_reconstructable_job
from orrery.api.verbs.reconstruct import reconstructable as reconstructable
from orrery.api.verbs.reexecution import ReexecutionOptions as ReexecutionOptions
from orrery.api.verbs.resource_contexts import build_init_resource_context as build_init_resource_context
from orrery.api.verbs.results import ExecuteInProcessResult as ExecuteInProcessResult
from orrery.api.verbs.results import JobExecutionResult as JobExecutionResult
from orrery.api.verbs.step_launching import StepRunRef as StepRunRef
from orrery.api.verbs.step_launching import external_instance_from_step_run_ref as external_instance_from_step_run_ref
from orrery.api.verbs.step_launching import run_step_from_ref as run_step_from_ref
from orrery.api.verbs.step_launching import step_context_to_step_run_ref as step_context_to_step_run_ref
from orrery.api.verbs.step_launching import step_run_ref_to_step_context as step_run_ref_to_step_context
from orrery.base.errors import AssetCheckFailedError as AssetCheckFailedError
from orrery.base.errors import BackfillNotFoundError as BackfillNotFoundError
from orrery.base.errors import CodeLocationLoadError as CodeLocationLoadError
from orrery.base.errors import ConfigMappingFunctionError as ConfigMappingFunctionError
from orrery.base.errors import CyclicDependencyError as CyclicDependencyError
from orrery.base.errors import DamagedValueError as DamagedValueError
from orrery.base.errors import DuplicateDefinitionError as DuplicateDefinitionError
from orrery.base.errors import EventLogInvalidForRunError as EventLogInvalidForRunError
from orrery.base.errors import ExecutionHandleOutputError as ExecutionHandleOutputError
from orrery.base.errors import ExecutionInterruptedError as ExecutionInterruptedError
from orrery.base.errors import ExecutionLoadInputError as ExecutionLoadInputError
from orrery.base.errors import ExecutionStepExecutionError as ExecutionStepExecutionError
from orrery.base.errors import ExecutionStepNotFoundError as ExecutionStepNotFoundError
from orrery.base.errors import HomeNotSetError as HomeNotSetError
from orrery.base.errors import HookExecutionError as HookExecutionError
from orrery.base.errors import InvalidConfigDefinitionError as InvalidConfigDefinitionError
from orrery.base.errors import InvalidConfigError as InvalidConfigError
from orrery.base.errors import InvalidDefinitionError as InvalidDefinitionError
from orrery.base.errors import InvalidInvocationError as InvalidInvocationError
from orrery.base.errors import InvalidMetadataError as InvalidMetadataError
from orrery.base.errors import InvalidPropertyError as InvalidPropertyError
from orrery.base.errors import InvalidPythonicConfigDefinitionError as InvalidPythonicConfigDefinitionError
from orrery.base.errors import InvalidSubsetError as InvalidSubsetError
from orrery.base.errors import InvariantViolationError as InvariantViolationError
from orrery.base.errors import MaxRetriesExceededError as MaxRetriesExceededError
from orrery.base.errors import OrreryError as OrreryError
from orrery.base.errors import PipesExecutionError as PipesExecutionError
from orrery.base.errors import PlanOutdatedError as PlanOutdatedError
from orrery.base.errors import ProbeFailedError as ProbeFailedError
from orrery.base.errors import RemoteValueError as RemoteValueError
from orrery.base.errors import ResourceFunctionError as ResourceFunctionError
from orrery.base.errors import RunAlreadyExistsError as RunAlreadyExistsError
from orrery.base.errors import RunConflictError as RunConflictError
from orrery.base.errors import RunNotFoundError as RunNotFoundError
from orrery.base.errors import ScheduleExecutionError as ScheduleExecutionError
from orrery.base.errors import SchemaVersionError as SchemaVersionError
from orrery.base.errors import StepOutputNotFoundError as StepOutputNotFoundError
from orrery.base.errors import StorageError as StorageError
from orrery.base.errors import StorageUnavailableError as StorageUnavailableError
from orrery.base.errors import SubprocessError as SubprocessError
from orrery.base.errors import TimeLimitExceededError as TimeLimitExceededError
from orrery.base.errors import TypeCheckDidNotPass as TypeCheckDidNotPass
from orrery.base.errors import TypeCheckError as TypeCheckError
from orrery.base.errors import TypeLoadingError as TypeLoadingError
from orrery.base.errors import UndefinedDataVersionError as UndefinedDataVersionError
from orrery.base.errors import UnknownAssetError as UnknownAssetError
from orrery.base.errors import UnknownPartitionError as UnknownPartitionError
from orrery.base.errors import UnknownResourceError as UnknownResourceError
from orrery.base.errors import UnmetExecutorRequirementsError as UnmetExecutorRequirementsError
from orrery.base.errors import UntrustedValueError as UntrustedValueError
from orrery.base.errors import UnusableValueError as UnusableValueError
from orrery.base.errors import UserCodeExecutionError as UserCodeExecutionError
from orrery.base.errors import UserCodeLoadError as UserCodeLoadError
from orrery.base.errors import ValueNotFoundError as ValueNotFoundError
from orrery.base.errors import WrongArgumentsError as WrongArgumentsError
from orrery.base.keys import AssetCheckKey as AssetCheckKey
from orrery.base.keys import AssetJobKey as AssetJobKey
from orrery.base.keys import AssetKey as AssetKey
from orrery.base.keys import AssetOrCheckKey as AssetOrCheckKey
from orrery.base.metadata.entry import MetadataEntry as MetadataEntry
from orrery.base.metadata.source_code import AnchorBasedFilePathMapping as AnchorBasedFilePathMapping
from orrery.base.metadata.source_code import FilePathMapping as FilePathMapping
from orrery.base.metadata.table import TableColumn as TableColumn
from orrery.base.metadata.table import TableColumnConstraints as TableColumnConstraints
from orrery.base.metadata.table import TableColumnDep as TableColumnDep
from orrery.base.metadata.table import TableColumnLineage as TableColumnLineage
from orrery.base.metadata.table import TableConstraints as TableConstraints
from orrery.base.metadata.table import TableRecord as TableRecord
from orrery.base.metadata.table import TableSchema as TableSchema
from orrery.base.metadata.values import AssetMetadataValue as AssetMetadataValue
from orrery.base.metadata.values import BoolMetadataValue as BoolMetadataValue
from orrery.base.metadata.values import CodeReferencesMetadataValue as CodeReferencesMetadataValue
from orrery.base.metadata.values import FloatMetadataValue as FloatMetadataValue
from orrery.base.metadata.values import IntMetadataValue as IntMetadataValue
from orrery.base.metadata.values import JobMetadataValue as JobMetadataValue
from orrery.base.metadata.values import JsonMetadataValue as JsonMetadataValue
from orrery.base.metadata.values import LocalFileCodeReference as LocalFileCodeReference
from orrery.base.metadata.values import MarkdownMetadataValue as MarkdownMetadataValue
from orrery.base.metadata.values import MetadataValue as MetadataValue
from orrery.base.metadata.values import NotebookMetadataValue as NotebookMetadataValue
from orrery.base.metadata.values import NullMetadataValue as NullMetadataValue
from orrery.base.metadata.values import PathMetadataValue as PathMetadataValue
from orrery.base.metadata.values import PoolMetadataValue as PoolMetadataValue
from orrery.base.metadata.values import PythonArtifactMetadataValue as PythonArtifactMetadataValue
from orrery.base.metadata.values import RunMetadataValue as RunMetadataValue
from orrery.base.metadata.values import TableColumnLineageMetadataValue as TableColumnLineageMetadataValue
from orrery.base.metadata.values import TableMetadataValue as TableMetadataValue
from orrery.base.metadata.values import TableSchemaMetadataValue as TableSchemaMetadataValue
from orrery.base.metadata.values import TextMetadataValue as TextMetadataValue
from orrery.base.metadata.values import TimestampMetadataValue as TimestampMetadataValue
from orrery.base.metadata.values import UrlCodeReference as UrlCodeReference
from orrery.base.metadata.values import UrlMetadataValue as UrlMetadataValue
from orrery.base.tags import MAX_RUNTIME_SECONDS_TAG as MAX_RUNTIME_SECONDS_TAG
from orrery.base.warnings import BetaWarning as BetaWarning
from orrery.base.warnings import ConfigArgumentWarning as ConfigArgumentWarning
from orrery.base.warnings import PreviewWarning as PreviewWarning
from orrery.base.warnings import SupersessionWarning as SupersessionWarning
from orrery.definitions.assets.asset_in import AssetIn as AssetIn
from orrery.definitions.assets.asset_out import AssetOut as AssetOut
from orrery.definitions.assets.asset_spec import AssetDep as AssetDep
from orrery.definitions.assets.asset_spec import AssetSpec as AssetSpec
from orrery.definitions.assets.assets_definition import AssetChecksDefinition as AssetChecksDefinition
from orrery.definitions.assets.assets_definition import AssetsDefinition as AssetsDefinition
from orrery.definitions.assets.freshness import apply_freshness_policy as apply_freshness_policy
from orrery.definitions.assets.source_asset import SourceAsset as SourceAsset
from orrery.definitions.assets.unresolved_asset_job import define_asset_job as define_asset_job
from orrery.definitions.assets.with_resources import with_resources as with_resources
from orrery.definitions.decorators.asset import asset as asset
from orrery.definitions.decorators.asset_check import asset_check as asset_check
from orrery.definitions.decorators.asset_check import multi_asset_check as multi_asset_check
from orrery.definitions.decorators.freshness_checks import (
    build_last_update_freshness_checks as build_last_update_freshness_checks,
)
from orrery.definitions.decorators.freshness_checks import (
    build_time_partition_freshness_checks as build_time_partition_freshness_checks,
)
from orrery.definitions.decorators.freshness_sensor import (
    build_sensor_for_freshness_checks as build_sensor_for_freshness_checks,
)
from orrery.definitions.decorators.graph import graph as graph
from orrery.definitions.decorators.graph import job as job
from orrery.definitions.decorators.graph_asset import graph_asset as graph_asset
from orrery.definitions.decorators.graph_asset import graph_multi_asset as graph_multi_asset
from orrery.definitions.decorators.hook import failure_hook as failure_hook
from orrery.definitions.decorators.hook import success_hook as success_hook
from orrery.definitions.decorators.metadata_checks import (
    build_column_schema_change_checks as build_column_schema_change_checks,
)
from orrery.definitions.decorators.metadata_checks import build_metadata_bounds_checks as build_metadata_bounds_checks
from orrery.definitions.decorators.multi_asset import multi_asset as multi_asset
from orrery.definitions.decorators.observable_asset import (
    multi_observable_source_asset as multi_observable_source_asset,
)
from orrery.definitions.decorators.observable_asset import observable_source_asset as observable_source_asset
from orrery.definitions.decorators.op import op as op
from orrery.definitions.decorators.repository import repository as repository
from orrery.definitions.decorators.schedule import schedule as schedule
from orrery.definitions.decorators.sensor import asset_sensor as asset_sensor
from orrery.definitions.decorators.sensor import multi_asset_sensor as multi_asset_sensor
from orrery.definitions.decorators.sensor import run_failure_sensor as run_failure_sensor
from orrery.definitions.decorators.sensor import run_status_sensor as run_status_sensor
from orrery.definitions.decorators.sensor import sensor as sensor
from orrery.definitions.graphs.calls import PendingNodeInvocation as PendingNodeInvocation
from orrery.definitions.graphs.dependency import DependencyDefinition as DependencyDefinition
from orrery.definitions.graphs.dependency import InputMapping as InputMapping
from orrery.definitions.graphs.dependency import MultiDependencyDefinition as MultiDependencyDefinition
from orrery.definitions.graphs.dependency import NodeInvocation as NodeInvocation
from orrery.definitions.graphs.dependency import OutputMapping as OutputMapping
from orrery.definitions.graphs.graph import GraphDefinition as GraphDefinition
from orrery.definitions.graphs.job import JobDefinition as JobDefinition
from orrery.definitions.graphs.op import OpDefinition as OpDefinition
from orrery.definitions.instigators.asset_sensors import AssetSensorDefinition as AssetSensorDefinition
from orrery.definitions.instigators.asset_sensors import MultiAssetSensorDefinition as MultiAssetSensorDefinition
from orrery.definitions.instigators.automation_sensor import (
    AutomationConditionSensorDefinition as AutomationConditionSensorDefinition,
)
from orrery.definitions.instigators.partitioned_schedule import (
    build_schedule_from_partitioned_job as build_schedule_from_partitioned_job,
)
from orrery.definitions.instigators.results import SensorResult as SensorResult
from orrery.definitions.instigators.results import SensorReturnTypesUnion as SensorReturnTypesUnion
from orrery.definitions.instigators.run_status_sensors import RunStatusSensorDefinition as RunStatusSensorDefinition
from orrery.definitions.instigators.schedule import DefaultScheduleStatus as DefaultScheduleStatus
from orrery.definitions.instigators.schedule import ScheduleDefinition as ScheduleDefinition
from orrery.definitions.instigators.sensor import DefaultSensorStatus as DefaultSensorStatus
from orrery.definitions.instigators.sensor import SensorDefinition as SensorDefinition
from orrery.definitions.parts.cache_policy import CachePolicy as CachePolicy
from orrery.definitions.parts.executor import ExecutorDefinition as ExecutorDefinition
from orrery.definitions.parts.executor import ExecutorRequirement as ExecutorRequirement
from orrery.definitions.parts.executor import InitExecutorContext as InitExecutorContext
from orrery.definitions.parts.executor import InitLoggerContext as InitLoggerContext
from orrery.definitions.parts.executor import LoggerDefinition as LoggerDefinition
from orrery.definitions.parts.executor import executor as executor
from orrery.definitions.parts.executor import logger as logger
from orrery.definitions.parts.executor import (
    multiple_process_executor_requirements as multiple_process_executor_requirements,
)
from orrery.definitions.parts.hook import HookDefinition as HookDefinition
from orrery.definitions.parts.inputs_outputs import DynamicOut as DynamicOut
from orrery.definitions.parts.inputs_outputs import GraphIn as GraphIn
from orrery.definitions.parts.inputs_outputs import GraphOut as GraphOut
from orrery.definitions.parts.inputs_outputs import In as In
from orrery.definitions.parts.inputs_outputs import Out as Out
from orrery.definitions.parts.io_manager import InputManager as InputManager
from orrery.definitions.parts.io_manager import InputManagerDefinition as InputManagerDefinition
from orrery.definitions.parts.io_manager import IOManager as IOManager
from orrery.definitions.parts.io_manager import IOManagerDefinition as IOManagerDefinition
from orrery.definitions.parts.io_manager import input_manager as input_manager
from orrery.definitions.parts.io_manager import io_manager as io_manager
from orrery.definitions.parts.orrery_type import OrreryType as OrreryType
from orrery.definitions.parts.orrery_type import PythonObjectType as PythonObjectType
from orrery.definitions.parts.policies import Backoff as Backoff
from orrery.definitions.parts.policies import Jitter as Jitter
from orrery.definitions.parts.policies import RetryPolicy as RetryPolicy
from orrery.definitions.parts.probe import Probe as Probe
from orrery.definitions.parts.resource import ResourceDefinition as ResourceDefinition
from orrery.definitions.parts.resource import make_values_resource as make_values_resource
from orrery.definitions.parts.resource import resource as resource
from orrery.definitions.parts.type_loader import TypeLoader as TypeLoader
from orrery.definitions.parts.type_loader import type_loader as type_loader
from orrery.definitions.parts.types import Any as Any
from orrery.definitions.parts.types import Bool as Bool
from orrery.definitions.parts.types import Dict as Dict
from orrery.definitions.parts.types import Float as Float
from orrery.definitions.parts.types import Int as Int
from orrery.definitions.parts.types import List as List
from orrery.definitions.parts.types import Nothing as Nothing
from orrery.definitions.parts.types import Optional as Optional
from orrery.definitions.parts.types import Set as Set
from orrery.definitions.parts.types import String as String
from orrery.definitions.parts.types import Tuple as Tuple
from orrery.definitions.parts.types import make_python_type_usable_as_type as make_python_type_usable_as_type
from orrery.definitions.parts.types import usable_as_type as usable_as_type
from orrery.definitions.project.code_references import link_code_references_to_git as link_code_references_to_git
from orrery.definitions.project.code_references import with_source_code_references as with_source_code_references
from orrery.definitions.project.definitions import BindResourcesToJobs as BindResourcesToJobs
from orrery.definitions.project.definitions import Definitions as Definitions
from orrery.definitions.project.definitions import (
    create_repository_using_definitions_args as create_repository_using_definitions_args,
)
from orrery.definitions.project.from_modules import (
    load_asset_checks_from_current_module as load_asset_checks_from_current_module,
)
from orrery.definitions.project.from_modules import load_asset_checks_from_modules as load_asset_checks_from_modules
from orrery.definitions.project.from_modules import (
    load_asset_checks_from_package_module as load_asset_checks_from_package_module,
)
from orrery.definitions.project.from_modules import (
    load_asset_checks_from_package_name as load_asset_checks_from_package_name,
)
from orrery.definitions.project.from_modules import load_assets_from_current_module as load_assets_from_current_module
from orrery.definitions.project.from_modules import load_assets_from_modules as load_assets_from_modules
from orrery.definitions.project.from_modules import load_assets_from_package_module as load_assets_from_package_module
from orrery.definitions.project.from_modules import load_assets_from_package_name as load_assets_from_package_name
from orrery.definitions.project.from_modules import (
    load_definitions_from_current_module as load_definitions_from_current_module,
)
from orrery.definitions.project.from_modules import load_definitions_from_module as load_definitions_from_module
from orrery.definitions.project.from_modules import load_definitions_from_modules as load_definitions_from_modules
from orrery.definitions.project.from_modules import (
    load_definitions_from_package_module as load_definitions_from_package_module,
)
from orrery.definitions.project.from_modules import (
    load_definitions_from_package_name as load_definitions_from_package_name,
)
from orrery.definitions.project.from_modules import map_asset_specs as map_asset_specs
from orrery.definitions.project.lazy import lazy_definitions as lazy_definitions
from orrery.definitions.project.repository import RepositoryDefinition as RepositoryDefinition
from orrery.definitions.project.repository_data import RepositoryData as RepositoryData
from orrery.model.assets.check_spec import AssetCheckSpec as AssetCheckSpec
from orrery.model.assets.graph import AssetGraph as AssetGraph
from orrery.model.assets.node import AssetNode as AssetNode
from orrery.model.assets.selection import AssetSelection as AssetSelection
from orrery.model.automation.condition import (
    AutoMaterializeAssetPartitionsFilter as AutoMaterializeAssetPartitionsFilter,
)
from orrery.model.automation.condition import AutoMaterializePolicy as AutoMaterializePolicy
from orrery.model.automation.condition import AutoMaterializeRule as AutoMaterializeRule
from orrery.model.automation.condition import AutomationCondition as AutomationCondition
from orrery.model.automation.freshness import FreshnessPolicy as FreshnessPolicy
from orrery.model.automation.freshness import LegacyFreshnessPolicy as LegacyFreshnessPolicy
from orrery.model.config.configured import ConfigMapping as ConfigMapping
from orrery.model.config.configured import config_mapping as config_mapping
from orrery.model.config.configured import configured as configured
from orrery.model.config.marker import ResourceParam as ResourceParam
from orrery.model.config.pythonic import Config as Config
from orrery.model.config.pythonic import PermissiveConfig as PermissiveConfig
from orrery.model.config.run_config import RunConfig as RunConfig
from orrery.model.config.scalars import BoolSource as BoolSource
from orrery.model.config.scalars import Enum as Enum
from orrery.model.config.scalars import EnumValue as EnumValue
from orrery.model.config.scalars import IntSource as IntSource
from orrery.model.config.scalars import StringSource as StringSource
from orrery.model.config.schema import Array as Array
from orrery.model.config.schema import ConfigSchema as ConfigSchema
from orrery.model.config.schema import Field as Field
from orrery.model.config.schema import Map as Map
from orrery.model.config.schema import Noneable as Noneable
from orrery.model.config.schema import Permissive as Permissive
from orrery.model.config.schema import ScalarUnion as ScalarUnion
from orrery.model.config.schema import Selector as Selector
from orrery.model.config.schema import Shape as Shape
from orrery.model.events.checks import AssetCheckEvaluation as AssetCheckEvaluation
from orrery.model.events.checks import AssetCheckResult as AssetCheckResult
from orrery.model.events.checks import AssetCheckSeverity as AssetCheckSeverity
from orrery.model.events.data_version import DataProvenance as DataProvenance
from orrery.model.events.data_version import DataVersion as DataVersion
from orrery.model.events.data_version import DataVersionsByPartition as DataVersionsByPartition
from orrery.model.events.entry import AssetRecordsFilter as AssetRecordsFilter
from orrery.model.events.entry import EventLogEntry as EventLogEntry
from orrery.model.events.entry import EventLogRecord as EventLogRecord
from orrery.model.events.entry import EventRecordsFilter as EventRecordsFilter
from orrery.model.events.entry import EventRecordsResult as EventRecordsResult
from orrery.model.events.entry import RunShardedEventsCursor as RunShardedEventsCursor
from orrery.model.events.entry import RunStatusChangeRecordsFilter as RunStatusChangeRecordsFilter
from orrery.model.events.error_info import ErrorInfo as ErrorInfo
from orrery.model.events.event import Event as Event
from orrery.model.events.event import EventType as EventType
from orrery.model.events.user import AssetMaterialization as AssetMaterialization
from orrery.model.events.user import AssetObservation as AssetObservation
from orrery.model.events.user import DynamicOutput as DynamicOutput
from orrery.model.events.user import ExpectationResult as ExpectationResult
from orrery.model.events.user import Failure as Failure
from orrery.model.events.user import HookExecutionResult as HookExecutionResult
from orrery.model.events.user import MaterializeResult as MaterializeResult
from orrery.model.events.user import ObserveResult as ObserveResult
from orrery.model.events.user import Output as Output
from orrery.model.events.user import RetryRequested as RetryRequested
from orrery.model.events.user import TypeCheck as TypeCheck
from orrery.model.partitions.backfill_policy import BackfillPolicy as BackfillPolicy
from orrery.model.partitions.definition import PaginatedResults as PaginatedResults
from orrery.model.partitions.definition import PartitionsDefinition as PartitionsDefinition
from orrery.model.partitions.dynamic import DynamicPartitionsDefinition as DynamicPartitionsDefinition
from orrery.model.partitions.keys import MultiPartitionKey as MultiPartitionKey
from orrery.model.partitions.keys import PartitionKeyRange as PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context as partition_loading_context
from orrery.model.partitions.mapping import AllPartitionMapping as AllPartitionMapping
from orrery.model.partitions.mapping import IdentityPartitionMapping as IdentityPartitionMapping
from orrery.model.partitions.mapping import LastPartitionMapping as LastPartitionMapping
from orrery.model.partitions.mapping import PartitionMapping as PartitionMapping
from orrery.model.partitions.mapping import SpecificPartitionsPartitionMapping as SpecificPartitionsPartitionMapping
from orrery.model.partitions.mapping import StaticPartitionMapping as StaticPartitionMapping
from orrery.model.partitions.mapping import TimeWindowPartitionMapping as TimeWindowPartitionMapping
from orrery.model.partitions.multi import MultiPartitionsDefinition as MultiPartitionsDefinition
from orrery.model.partitions.multi_mapping import DimensionPartitionMapping as DimensionPartitionMapping
from orrery.model.partitions.multi_mapping import MultiPartitionMapping as MultiPartitionMapping
from orrery.model.partitions.multi_mapping import (
    MultiToSingleDimensionPartitionMapping as MultiToSingleDimensionPartitionMapping,
)
from orrery.model.partitions.partition import AssetPartitionStatus as AssetPartitionStatus
from orrery.model.partitions.partition import Partition as Partition
from orrery.model.partitions.partitioned_config import PartitionedConfig as PartitionedConfig
from orrery.model.partitions.partitioned_config import daily_partitioned_config as daily_partitioned_config
from orrery.model.partitions.partitioned_config import dynamic_partitioned_config as dynamic_partitioned_config
from orrery.model.partitions.partitioned_config import hourly_partitioned_config as hourly_partitioned_config
from orrery.model.partitions.partitioned_config import monthly_partitioned_config as monthly_partitioned_config
from orrery.model.partitions.partitioned_config import partitioned_config as partitioned_config
from orrery.model.partitions.partitioned_config import static_partitioned_config as static_partitioned_config
from orrery.model.partitions.partitioned_config import weekly_partitioned_config as weekly_partitioned_config
from orrery.model.partitions.periods import DailyPartitionsDefinition as DailyPartitionsDefinition
from orrery.model.partitions.periods import HourlyPartitionsDefinition as HourlyPartitionsDefinition
from orrery.model.partitions.periods import MonthlyPartitionsDefinition as MonthlyPartitionsDefinition
from orrery.model.partitions.periods import WeeklyPartitionsDefinition as WeeklyPartitionsDefinition
from orrery.model.partitions.requests import AddDynamicPartitionsRequest as AddDynamicPartitionsRequest
from orrery.model.partitions.requests import DeleteDynamicPartitionsRequest as DeleteDynamicPartitionsRequest
from orrery.model.partitions.static import StaticPartitionsDefinition as StaticPartitionsDefinition
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition as TimeWindowPartitionsDefinition
from orrery.model.partitions.windows import TimeWindow as TimeWindow
from orrery.model.records.run import Run as Run
from orrery.model.records.run import RunRecord as RunRecord
from orrery.model.records.run import RunsFilter as RunsFilter
from orrery.model.records.run import RunStatus as RunStatus
from orrery.model.records.run_request import RunRequest as RunRequest
from orrery.model.records.run_request import SkipReason as SkipReason
from orrery.model.records.selector import CodeLocationSelector as CodeLocationSelector
from orrery.model.records.selector import JobSelector as JobSelector
from orrery.model.records.selector import RepositorySelector as RepositorySelector
from orrery.plan.compile import create_execution_plan as create_execution_plan
from orrery.plan.execution_plan import ExecutionPlan as ExecutionPlan
from orrery.runtime.contexts.asset import AssetCheckExecutionContext as AssetCheckExecutionContext
from orrery.runtime.contexts.asset import AssetExecutionContext as AssetExecutionContext
from orrery.runtime.contexts.hook import HookContext as HookContext
from orrery.runtime.contexts.init_resource import InitResourceContext as InitResourceContext
from orrery.runtime.contexts.input import InputContext as InputContext
from orrery.runtime.contexts.instigator import RunFailureSensorContext as RunFailureSensorContext
from orrery.runtime.contexts.instigator import RunStatusSensorContext as RunStatusSensorContext
from orrery.runtime.contexts.instigator import ScheduleEvaluationContext as ScheduleEvaluationContext
from orrery.runtime.contexts.instigator import SensorEvaluationContext as SensorEvaluationContext
from orrery.runtime.contexts.log import LogManager as LogManager
from orrery.runtime.contexts.multi_asset_sensor import (
    MultiAssetSensorEvaluationContext as MultiAssetSensorEvaluationContext,
)
from orrery.runtime.contexts.op import OpExecutionContext as OpExecutionContext
from orrery.runtime.contexts.output import OutputContext as OutputContext
from orrery.runtime.contexts.step import StepExecutionContext as StepExecutionContext
from orrery.runtime.contexts.type_check import TypeCheckContext as TypeCheckContext
from orrery.runtime.contexts.type_check import TypeLoaderContext as TypeLoaderContext
from orrery.runtime.engine.executor import Executor as Executor
from orrery.runtime.engine.interrupts import raise_execution_interrupts as raise_execution_interrupts
from orrery.runtime.instance.instance import Instance as Instance
from orrery.runtime.ports.run_coordinator import SubmitRunContext as SubmitRunContext
from orrery.runtime.ports.step_launcher import StepLauncher as StepLauncher
from orrery.runtime.resources.attach import IAttachDifferentObjectToOpContext as IAttachDifferentObjectToOpContext
from orrery.runtime.resources.configurable import ConfigurableResource as ConfigurableResource
from orrery.runtime.resources.dependency import ResourceDependency as ResourceDependency
from orrery.runtime.resources.env_var import EnvVar as EnvVar
from orrery.runtime.resources.io_manager import ConfigurableIOManager as ConfigurableIOManager
from orrery.runtime.resources.io_manager import ConfigurableIOManagerFactory as ConfigurableIOManagerFactory
from orrery.runtime.resources.io_manager import ConfigurableLegacyIOManagerAdapter as ConfigurableLegacyIOManagerAdapter
from orrery.testing.instance import instance_for_test as instance_for_test

__version__: str
