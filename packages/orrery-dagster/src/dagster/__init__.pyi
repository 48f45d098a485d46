"""The names of the compatible package, typed: Orrery's own, and those with the prefix."""

import orrery as _orrery
from orrery import *

__version__: str

DagsterAssetMetadataValue = _orrery.AssetMetadataValue
DagsterConfigMappingFunctionError = _orrery.ConfigMappingFunctionError
DagsterError = _orrery.OrreryError
DagsterEvent = _orrery.Event
DagsterEventLogInvalidForRun = _orrery.EventLogInvalidForRunError
DagsterEventType = _orrery.EventType
DagsterExecutionInterruptedError = _orrery.ExecutionInterruptedError
DagsterExecutionStepExecutionError = _orrery.ExecutionStepExecutionError
DagsterExecutionStepNotFoundError = _orrery.ExecutionStepNotFoundError
DagsterInstance = _orrery.Instance
DagsterInvalidConfigDefinitionError = _orrery.InvalidConfigDefinitionError
DagsterInvalidConfigError = _orrery.InvalidConfigError
DagsterInvalidDefinitionError = _orrery.InvalidDefinitionError
DagsterInvalidInvocationError = _orrery.InvalidInvocationError
DagsterInvalidSubsetError = _orrery.InvalidSubsetError
DagsterInvariantViolationError = _orrery.InvariantViolationError
DagsterJobMetadataValue = _orrery.JobMetadataValue
DagsterLogManager = _orrery.LogManager
DagsterResourceFunctionError = _orrery.ResourceFunctionError
DagsterRun = _orrery.Run
DagsterRunMetadataValue = _orrery.RunMetadataValue
DagsterRunNotFoundError = _orrery.RunNotFoundError
DagsterRunStatus = _orrery.RunStatus
DagsterStepOutputNotFoundError = _orrery.StepOutputNotFoundError
DagsterSubprocessError = _orrery.SubprocessError
DagsterType = _orrery.OrreryType
DagsterTypeCheckDidNotPass = _orrery.TypeCheckDidNotPass
DagsterTypeCheckError = _orrery.TypeCheckError
DagsterTypeLoader = _orrery.TypeLoader
DagsterTypeLoaderContext = _orrery.TypeLoaderContext
DagsterUnknownPartitionError = _orrery.UnknownPartitionError
DagsterUnknownResourceError = _orrery.UnknownResourceError
DagsterUnmetExecutorRequirementsError = _orrery.UnmetExecutorRequirementsError
DagsterUserCodeExecutionError = _orrery.UserCodeExecutionError
PythonObjectDagsterType = _orrery.PythonObjectType
check_dagster_type = _orrery.check_type
dagster_type_loader = _orrery.type_loader
definitions = _orrery.lazy_definitions
get_dagster_logger = _orrery.get_logger
make_python_type_usable_as_dagster_type = _orrery.make_python_type_usable_as_type
usable_as_dagster_type = _orrery.usable_as_type
