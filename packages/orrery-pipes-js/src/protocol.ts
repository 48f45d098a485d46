/** What crosses the border: the words of the protocol and the shape of every message. */

export const PROTOCOL_VERSION = "0.1";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Params = { readonly [key: string]: Json };

export type Method =
  | "opened"
  | "closed"
  | "log"
  | "report_asset_materialization"
  | "report_asset_check"
  | "report_custom_message"
  | "log_external_stream"
  | "report_progress"
  | "report_value";

export const METADATA_TYPES = [
  "__infer__",
  "text",
  "url",
  "path",
  "notebook",
  "json",
  "md",
  "float",
  "int",
  "bool",
  "dagster_run",
  "asset",
  "null",
  "table",
  "table_schema",
  "table_column_lineage",
  "timestamp",
] as const;
export type MetadataType = (typeof METADATA_TYPES)[number];
/** A value with its type; for an object as the value itself give the type `json`. */
export type MetadataValue = { readonly raw_value: Json; readonly type: MetadataType };
export type Metadata = { readonly [name: string]: null | boolean | number | string | readonly Json[] | MetadataValue };

export type Severity = "WARN" | "ERROR";
export type Level = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

export type Message = {
  readonly __dagster_pipes_version: string;
  readonly method: Method;
  readonly params: Params;
  /** Position of the message, counted from 1; only if the orchestrator asked for it. */
  readonly number?: number;
};

export type PipesException = {
  readonly message: string;
  /** Outermost call first. */
  readonly stack: readonly string[];
  readonly name: string | null;
  readonly cause: PipesException | null;
  readonly context: PipesException | null;
};

export type Range = { readonly start: string; readonly end: string };
export type Provenance = {
  readonly code_version: string;
  readonly input_data_versions: { readonly [assetKey: string]: string };
  readonly is_user_provided: boolean;
};
/** What the orchestrator tells the process. */
export type ContextData = {
  readonly asset_keys: readonly string[] | null;
  readonly code_version_by_asset_key: { readonly [assetKey: string]: string | null } | null;
  readonly provenance_by_asset_key: { readonly [assetKey: string]: Provenance | null } | null;
  readonly partition_key: string | null;
  readonly partition_key_range: Range | null;
  readonly partition_time_window: Range | null;
  readonly run_id: string;
  readonly job_name: string | null;
  readonly retry_number: number;
  readonly extras: { readonly [key: string]: Json };
};

/** A file that a value lies in, as it is told. */
export type ValueFile = {
  readonly path: string;
  readonly format: "text" | "bytes" | "json" | "parquet" | "pickle";
  readonly sha256: string;
  readonly size_bytes: number;
};

/** What our orchestrator offers beyond the protocol; a stranger offers nothing. */
export type Offered = {
  readonly numbers?: Json;
  readonly progress?: Json;
  readonly longest_message_bytes?: Json;
  readonly socket?: { readonly path?: Json } | null;
  readonly values?: { readonly folder: string; readonly given?: { readonly [name: string]: ValueFile } } | null;
};
