/**
 * The external side of Orrery Pipes for Node.
 *
 * Begin at {@link withPipes} or {@link openPipes}. All writing is synchronous: a message that was reported has left the
 * process, whatever ends it afterwards.
 */

/** Where messages go. Lines are ASCII, without their end. */
interface Channel {
    write(line: string): void;
    close(): void;
}
/** Return what `call` returns, or undefined if its descriptor is not ready. */
declare function ifReady(call: () => number): number | undefined;
/** Wait a millisecond, without letting other code run. */
declare function pause(): void;
declare function writeWhole(descriptor: number, text: string): void;

declare const PROTOCOL_VERSION = "0.1";
type Json = null | boolean | number | string | readonly Json[] | {
    readonly [key: string]: Json;
};
type Params = {
    readonly [key: string]: Json;
};
type Method = "opened" | "closed" | "log" | "report_asset_materialization" | "report_asset_check" | "report_custom_message" | "log_external_stream" | "report_progress" | "report_value";
declare const METADATA_TYPES: readonly ["__infer__", "text", "url", "path", "notebook", "json", "md", "float", "int", "bool", "dagster_run", "asset", "null", "table", "table_schema", "table_column_lineage", "timestamp"];
type MetadataType = (typeof METADATA_TYPES)[number];
/** A value with its type; for an object as the value itself give the type `json`. */
type MetadataValue = {
    readonly raw_value: Json;
    readonly type: MetadataType;
};
type Metadata = {
    readonly [name: string]: null | boolean | number | string | readonly Json[] | MetadataValue;
};
type Severity = "WARN" | "ERROR";
type Level = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";
type Message = {
    readonly __dagster_pipes_version: string;
    readonly method: Method;
    readonly params: Params;
    /** Position of the message, counted from 1; only if the orchestrator asked for it. */
    readonly number?: number;
};
type PipesException = {
    readonly message: string;
    /** Outermost call first. */
    readonly stack: readonly string[];
    readonly name: string | null;
    readonly cause: PipesException | null;
    readonly context: PipesException | null;
};
type Range = {
    readonly start: string;
    readonly end: string;
};
type Provenance = {
    readonly code_version: string;
    readonly input_data_versions: {
        readonly [assetKey: string]: string;
    };
    readonly is_user_provided: boolean;
};
/** What the orchestrator tells the process. */
type ContextData = {
    readonly asset_keys: readonly string[] | null;
    readonly code_version_by_asset_key: {
        readonly [assetKey: string]: string | null;
    } | null;
    readonly provenance_by_asset_key: {
        readonly [assetKey: string]: Provenance | null;
    } | null;
    readonly partition_key: string | null;
    readonly partition_key_range: Range | null;
    readonly partition_time_window: Range | null;
    readonly run_id: string;
    readonly job_name: string | null;
    readonly retry_number: number;
    readonly extras: {
        readonly [key: string]: Json;
    };
};
/** A file that a value lies in, as it is told. */
type ValueFile = {
    readonly path: string;
    readonly format: "text" | "bytes" | "json" | "parquet" | "pickle";
    readonly sha256: string;
    readonly size_bytes: number;
};
/** What our orchestrator offers beyond the protocol; a stranger offers nothing. */
type Offered = {
    readonly numbers?: Json;
    readonly progress?: Json;
    readonly longest_message_bytes?: Json;
    readonly socket?: {
        readonly path?: Json;
    } | null;
    readonly values?: {
        readonly folder: string;
        readonly given?: {
            readonly [name: string]: ValueFile;
        };
    } | null;
};

/** Lines are written as those of `console.log`. */
type Logger = {
    debug(message: unknown, ...more: unknown[]): void;
    info(message: unknown, ...more: unknown[]): void;
    warning(message: unknown, ...more: unknown[]): void;
    error(message: unknown, ...more: unknown[]): void;
    critical(message: unknown, ...more: unknown[]): void;
};
/** What the step is about, and how to report from it. Get it from {@link withPipes} or {@link openPipes}. */
declare class PipesContext {
    #private;
    /** A logger whose lines go to the orchestrator. */
    readonly log: Logger;
    constructor(data: ContextData, channel: Channel, offered: Offered);
    /** Close the connection; any further message throws. Calls after the first do nothing. */
    close(exception?: PipesException): void;
    get isClosed(): boolean;
    get isAssetStep(): boolean;
    get assetKeys(): readonly string[];
    /** The key of the asset in scope. Throws if none or several are. */
    get assetKey(): string;
    get codeVersionByAssetKey(): {
        readonly [assetKey: string]: string | null;
    };
    get codeVersion(): string | null;
    get provenanceByAssetKey(): {
        readonly [assetKey: string]: Provenance | null;
    };
    get provenance(): Provenance | null;
    get isPartitionStep(): boolean;
    /** The key of the partition in scope. Throws if none or several are. */
    get partitionKey(): string;
    get partitionKeyRange(): Range;
    get partitionTimeWindow(): Range | null;
    get runId(): string;
    get jobName(): string | null;
    get retryNumber(): number;
    get extras(): {
        readonly [key: string]: Json;
    };
    /** Return what the user handed over as `key`. Throws if nothing was. */
    getExtra(key: string): Json;
    /** Report that an asset has been materialized. */
    reportAssetMaterialization(report?: {
        metadata?: Metadata;
        dataVersion?: string;
        assetKey?: string;
    }): void;
    /** Report that a check of an asset has been made. */
    reportAssetCheck(report: {
        checkName: string;
        passed: boolean;
        severity?: Severity;
        metadata?: Metadata;
        assetKey?: string;
    }): void;
    /** Send anything that has a JSON form to the code that launched this process. */
    reportCustomMessage(payload: Json): void;
    /**
     * Tell how far the process has come. An orchestrator that does not ask for it is not told.
     *
     * `done` and `total` are in units of your own; without `total` it is not known how much there is.
     */
    reportProgress(done: number, total?: number, text?: string): void;
    /** Return the file of a value that the orchestrator handed over by reference, as `name`, once its digest is checked. */
    getValueFile(name: string): ValueFile;
    /**
     * Return a value that the orchestrator handed over by reference, as `name`: text, JSON, or bytes as a `Buffer`.
     *
     * For other formats (`parquet`) read the file of {@link getValueFile} with a library of yours.
     */
    getValue(name: string): Json | Buffer;
    /**
     * Hand the value of an asset over by reference, so that the asset's IO manager stores it: text, bytes, or JSON.
     *
     * It is written to a file that the orchestrator sees: nothing of it goes through the messages.
     */
    putValue(value: Json | Uint8Array, assetKey?: string): void;
    /** Send a piece of some stream, such as the output of another program. */
    logExternalStream(stream: string, text: string, extras?: {
        readonly [key: string]: Json;
    }): void;
}
/** A context on which every call does nothing, also if it is awaited or printed. */
declare function noOpContext(): PipesContext;

/** The two encoded params, or undefined where the orchestrator left none. */
type EncodedParams = {
    readonly context: string | undefined;
    readonly messages: string | undefined;
};
/** Return the params in the environment. */
declare function paramsFromEnvironment(environment?: NodeJS.ProcessEnv): EncodedParams;
/** Return the params on the command line, `--name value` or `--name=value`; other arguments are left alone. */
declare function paramsFromArguments(argv?: readonly string[]): EncodedParams;
/** Return what `text` was made of: JSON, packed by zlib, as base64. */
declare function decodeParam(text: string): Params;
declare function loadContext(params: Params): ContextData;
/** Return what the orchestrator offers in `params`. */
declare function offeredBy(params: Params): Offered;

/** Thrown when Pipes is used wrongly, or when what the orchestrator handed over cannot be used. */
declare class PipesError extends Error {
    readonly name = "PipesError";
}
/** Thrown when a message is longer than the orchestrator takes; it was not sent, and all later ones can be. */
declare class PipesMessageTooLongError extends PipesError {
    readonly longestBytes: number;
    constructor(method: string, sizeBytes: number, longestBytes: number);
}

/** Return `error` with its stack and the chain of its causes, as it goes over the wire. */
declare function pipesException(error: unknown, depth?: number): PipesException;
/** Return the ends of the text and the stack of `exception`, for an orchestrator that takes no more. */
declare function shortened(exception: PipesException, longestBytes: number): PipesException;

export type Options = {
    /** Where params come from; by default from the environment. */
    readonly params?: EncodedParams;
    /** Where messages go; by default where the orchestrator asks for. */
    readonly channel?: Channel;
};
/**
 * Open Pipes, and return the context; later calls return the same one.
 *
 * It is closed when the process ends, with the exception that ended it, if one did. If no orchestrator launched the
 * process, this warns and returns a context on which every call does nothing.
 */
export declare function openPipes(options?: Options): PipesContext;
/** Run `block` with the context, then close it; an exception of the block is told to the orchestrator and thrown on. */
export declare function withPipes<T>(block: (context: PipesContext) => T | Promise<T>, options?: Options): Promise<T>;

export { Channel, ContextData, EncodedParams, Json, Level, Logger, METADATA_TYPES, Message, Metadata, MetadataType, MetadataValue, Method, Offered, PROTOCOL_VERSION, Params, PipesContext, PipesError, PipesException, PipesMessageTooLongError, Provenance, Range, Severity, ValueFile, decodeParam, paramsFromArguments, paramsFromEnvironment, pipesException };
