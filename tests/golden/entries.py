"""One event of every kind, as entries; what the golden file of the stored form is made from."""

from orrery.base.keys import AssetKey
from orrery.base.metadata import (
    MetadataValue,
    TableColumnDep,
    TableColumnLineage,
    TableRecord,
    TableSchema,
    normalize_metadata,
)
from orrery.model.events import build
from orrery.model.events.build import StepRef
from orrery.model.events.checks import (
    AssetCheckEvaluation,
    AssetCheckEvaluationTargetMaterializationData,
    AssetCheckSeverity,
)
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.error_info import ErrorFrame, ErrorInfo
from orrery.model.events.event import Event, level_of
from orrery.model.events.payloads import (
    AssetFailedToMaterializeData,
    EngineEventData,
    ErrorSource,
    LogsCapturedData,
    ObjectStoreOperationResultData,
    RunFailureReason,
    TypeCheckData,
    UserFailureData,
)
from orrery.model.events.user import AssetMaterialization, AssetObservation, ExpectationResult

STEP = StepRef("nightly", "clean.orders", "clean.orders", pid=4711)
KEY = AssetKey(["shop", "orders"])
ERROR = ErrorInfo(
    message='ExecutionStepExecutionError: Error occurred while executing op "orders":\n',
    frames=(ErrorFrame("/app/run.py", 3, "main", "run()", True),),
    cls_name="ExecutionStepExecutionError",
    cause=ErrorInfo(
        message="KeyError: 'id'\n",
        frames=(ErrorFrame("/app/defs.py", 12, "orders", 'rows["id"]'),),
        cls_name="KeyError",
    ),
)
EVERY_METADATA = {
    "text": MetadataValue.text("a"),
    "url": MetadataValue.url("https://example.org"),
    "path": MetadataValue.path("/data/orders"),
    "notebook": MetadataValue.notebook("/nb.ipynb"),
    "json": MetadataValue.json({"a": [1, None]}),
    "json_infinite": MetadataValue.json([float("inf")]),
    "md": MetadataValue.md("# A"),
    "python_artifact": MetadataValue.python_artifact(AssetKey),
    "float": MetadataValue.float(1.5),
    "float_infinite": MetadataValue.float(float("-inf")),
    "int": MetadataValue.int(10**20),
    "bool": MetadataValue.bool(True),
    "timestamp": MetadataValue.timestamp(1577836800.0),
    "run": MetadataValue.dagster_run("0"),
    "asset": MetadataValue.asset(KEY),
    "job": MetadataValue.job("nightly", "shop"),
    "table": MetadataValue.table([TableRecord({"id": 1, "name": None})]),
    "schema": MetadataValue.table_schema(TableSchema.from_name_type_dict({"id": "int"})),
    "lineage": MetadataValue.column_lineage(TableColumnLineage({"id": [TableColumnDep("raw", "id")]})),
    "pool": MetadataValue.pool("db"),
    "null": MetadataValue.null(),
}

EVENTS: dict[str, Event] = {
    "run_enqueued": build.run_enqueued("nightly", "shop", "main", "2024-01-01"),
    "run_dequeued": build.run_dequeued("nightly"),
    "run_starting": build.run_starting("nightly"),
    "run_started": build.run_started("nightly", pid=4711),
    "run_suspended": build.run_suspended("nightly"),
    "run_resumed": build.run_resumed("nightly"),
    "run_succeeded": build.run_succeeded("nightly"),
    "run_failed": build.run_failed(
        "nightly",
        ERROR,
        reason=RunFailureReason.STEP_FAILURE,
        context_message="Steps failed: ['orders'].",
        first_failed_step="orders",
    ),
    "run_canceling": build.run_canceling("nightly"),
    "run_canceled": build.run_canceled("nightly"),
    "resource_init_started": build.resource_init_started("nightly", {"io_manager", "db"}),
    "resource_init_success": build.resource_init_success("nightly", {"io_manager"}, normalize_metadata({"db": "x"})),
    "resource_init_failure": build.resource_init_failure("nightly", {"db"}, ERROR),
    "engine_event": build.engine_event(
        "nightly", "Executing steps in process", EngineEventData(normalize_metadata({"pid": 4711}))
    ),
    "logs_captured": build.logs_captured("nightly", LogsCapturedData(file_key="abc", step_keys=("orders",))),
    "asset_materialization_planned": build.asset_materialization_planned("nightly", "orders", KEY, "2024-01-01"),
    "asset_materialization_planned_of_several": build.asset_materialization_planned(
        "nightly", "orders", KEY, None, ("2024-01-01", "2024-01-02")
    ),
    "asset_check_evaluation_planned": build.asset_check_evaluation_planned("nightly", "orders", KEY, "not_null"),
    "step_worker_starting": build.step_worker_starting(STEP, "Launching subprocess"),
    "step_worker_started": build.step_worker_started(STEP, "Subprocess started"),
    "step_start": build.step_start(STEP),
    "loaded_input": build.loaded_input(
        STEP, "raw", "io_manager", upstream_output_name="result", upstream_step_key="raw"
    ),
    "step_input": build.step_input(STEP, "raw", TypeCheckData(True, "raw", type_name="DataFrame")),
    "asset_observation": build.asset_observation(
        STEP, AssetObservation("raw", metadata={"rows": 3}, tags={"orrery/data_version": "7"})
    ),
    "expectation_result": build.expectation_result(STEP, ExpectationResult(False, "rows", "rows > 0", {"rows": 0})),
    "step_output": build.step_output(STEP),
    "step_output_of_dynamic": build.step_output(
        STEP,
        "parts",
        mapping_key="a",
        type_check=TypeCheckData(False, "parts", "is text", normalize_metadata({"got": "str"}), "Int"),
        metadata=normalize_metadata({"rows": 3}),
        version="v",
    ),
    "asset_materialization": build.asset_materialization(
        STEP, AssetMaterialization(KEY, "Orders", EVERY_METADATA, "2024-01-01", {"orrery/data_version": "8"})
    ),
    "handled_output": build.handled_output(
        STEP, "result", "io_manager", metadata=normalize_metadata({"path": MetadataValue.path("/data/orders")})
    ),
    "asset_check_evaluation": build.asset_check_evaluation(
        STEP,
        AssetCheckEvaluation(
            KEY,
            "not_null",
            False,
            {"nulls": 2},
            AssetCheckEvaluationTargetMaterializationData(12, "0", 1577836800.0),
            AssetCheckSeverity.WARN,
            "two are null",
            True,
            "2024-01-01",
        ),
    ),
    "step_success": build.step_success(STEP, 12.5),
    "step_failed": build.step_failed(
        STEP,
        ERROR,
        user_failure=UserFailureData("intentional-failure", "no good", normalize_metadata({"rows": 0})),
        error_source=ErrorSource.USER_CODE_ERROR,
    ),
    "step_up_for_retry": build.step_up_for_retry(STEP, ERROR, 1.5),
    "step_restarted": build.step_restarted(STEP, 1),
    "step_skipped": build.step_skipped(STEP, "step 'raw' failed", ["raw"]),
    "step_skipped_without_reason": build.step_skipped(STEP),
    "hook_completed": build.hook_completed(STEP, "tell"),
    "hook_skipped": build.hook_skipped(STEP, "tell"),
    "hook_errored": build.hook_errored(STEP, ERROR, "tell"),
    "asset_failed_to_materialize": build.asset_failed_to_materialize(
        "nightly", "orders", AssetFailedToMaterializeData(asset_key=KEY, reason="RUN_TERMINATED", error=ERROR)
    ),
    "asset_wiped": build.asset_wiped(KEY, ["2024-01-01"]),
    "code_location_updated": build.code_location_updated("shop", "v2"),
    "object_store_operation": Event(
        "OBJECT_STORE_OPERATION",
        "nightly",
        event_specific_data=ObjectStoreOperationResultData(op="SET_OBJECT", address="/x"),
    ),
}

ENTRIES: dict[str, EventLogEntry] = {
    name: EventLogEntry(
        None, level_of(event), "", "0f-run", 1577836800.25, event.step_key, event.job_name or None, event
    )
    for name, event in EVENTS.items()
}
ENTRIES["log_line"] = EventLogEntry(None, 20, "read 3 rows", "0f-run", 1577836800.25, "orders", "nightly")
ENTRIES["log_line_about_an_error"] = EventLogEntry(ERROR, 40, "cannot read", "0f-run", 1577836800.25)
