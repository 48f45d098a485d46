/**
 * The external side of Orrery Pipes for Node.
 *
 * Begin at {@link withPipes} or {@link openPipes}. All writing is synchronous: a message that was reported has left the
 * process, whatever ends it afterwards.
 */
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { inflateSync } from "node:zlib";
export const PROTOCOL_VERSION = "0.1";
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
];
/** Thrown when Pipes is used wrongly, or when what the orchestrator handed over cannot be used. */
export class PipesError extends Error {
    name = "PipesError";
}
/** Return the params in the environment. */
export function paramsFromEnvironment(environment = process.env) {
    return { context: environment["DAGSTER_PIPES_CONTEXT"], messages: environment["DAGSTER_PIPES_MESSAGES"] };
}
/** Return the params on the command line, `--name value` or `--name=value`; other arguments are left alone. */
export function paramsFromArguments(argv = process.argv.slice(2)) {
    const value = (name) => {
        let found;
        argv.forEach((argument, index) => {
            if (argument === name)
                found = argv[index + 1];
            else if (argument.startsWith(`${name}=`))
                found = argument.slice(name.length + 1);
        });
        return found;
    };
    return { context: value("--dagster-pipes-context"), messages: value("--dagster-pipes-messages") };
}
/** Return what `text` was made of: JSON, packed by zlib, as base64. */
export function decodeParam(text) {
    let params;
    try {
        params = JSON.parse(inflateSync(Buffer.from(text, "base64")).toString("utf8"));
    }
    catch (error) {
        throw new PipesError(`Cannot decode the params that start with '${text.slice(0, 20)}': ${error}.`, { cause: error });
    }
    if (typeof params !== "object" || params === null || Array.isArray(params)) {
        throw new PipesError("The params hold no JSON object.");
    }
    return params;
}
function loadContext(params) {
    if (typeof params["path"] === "string")
        return JSON.parse(readFileSync(params["path"], "utf8"));
    if (typeof params["data"] === "object" && params["data"] !== null)
        return params["data"];
    throw new PipesError(`Invalid params for the context: expected key \`path\` or \`data\`, received ${Object.keys(params).join(", ")}.`);
}
function writeWhole(descriptor, text) {
    const bytes = Buffer.from(text, "latin1");
    let written = 0;
    while (written < bytes.length) {
        try {
            written += writeSync(descriptor, bytes, written);
        }
        catch (error) {
            // A pipe that is set to be non-blocking and full: try again until its reader has caught up.
            if (error.code !== "EAGAIN")
                throw error;
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
    }
}
class FileChannel {
    #descriptor;
    constructor(path) {
        this.#descriptor = openSync(path, "a");
    }
    write(line) {
        writeWhole(this.#descriptor, `${line}\n`);
    }
    close() {
        closeSync(this.#descriptor);
    }
}
class StreamChannel {
    descriptor;
    constructor(descriptor) {
        this.descriptor = descriptor;
    }
    write(line) {
        writeWhole(this.descriptor, `${line}\n`);
    }
    close() { }
}
class BufferedStreamChannel {
    descriptor;
    #lines = [];
    constructor(descriptor) {
        this.descriptor = descriptor;
    }
    write(line) {
        this.#lines.push(`${line}\n`);
    }
    close() {
        writeWhole(this.descriptor, this.#lines.join(""));
    }
}
function openChannel(params) {
    const descriptor = (value) => {
        if (value === "stdout")
            return 1;
        if (value === "stderr")
            return 2;
        throw new PipesError(`Invalid stream for messages: expected "stdout" or "stderr", received ${JSON.stringify(value)}.`);
    };
    if (typeof params["path"] === "string")
        return new FileChannel(params["path"]);
    if ("stdio" in params)
        return new StreamChannel(descriptor(params["stdio"]));
    if ("buffered_stdio" in params)
        return new BufferedStreamChannel(descriptor(params["buffered_stdio"]));
    throw new PipesError("Invalid params for messages: expected key `path`, `stdio` or `buffered_stdio`, received " +
        `${Object.keys(params).join(", ")}. If the orchestrator reads elsewhere, pass a \`channel\` to \`openPipes\`.`);
}
/** Send what the process writes to stdout and stderr as messages as well; return how to stop it. */
function copyStreams(context) {
    const streams = ["stdout", "stderr"];
    const originals = streams.map((name) => {
        const stream = process[name];
        const original = stream.write;
        stream.write = function (chunk, ...rest) {
            const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
            if (!context.isClosed)
                context.logExternalStream(name, text);
            return original.call(this, chunk, ...rest);
        };
        return original;
    });
    return () => streams.forEach((name, index) => (process[name].write = originals[index]));
}
// --- values on their way out
/** Marks a whole number that is to keep its point: the reference takes a float without one for an error. */
const FLOAT = `float-${randomUUID()}:`;
/** Return `value` as one line of ASCII, which no encoding of a stream can spoil. */
function encode(value, what) {
    const text = JSON.stringify(value, (key, inner) => {
        const kind = typeof inner;
        if (kind === "bigint" || kind === "function" || kind === "symbol" || (kind === "number" && !Number.isFinite(inner))) {
            throw new PipesError(`Cannot send a \`${what}\` message: ${String(inner)} (at '${key}') has no JSON form.`);
        }
        return inner;
    });
    const numbers = text.includes(FLOAT) ? text.replace(new RegExp(`"${FLOAT}(-?\\d+)"`, "g"), "$1.0") : text;
    return numbers.replace(/[\u007f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
function normalMetadata(metadata) {
    if (metadata === undefined || Object.keys(metadata).length === 0)
        return null;
    const normal = {};
    for (const [name, value] of Object.entries(metadata)) {
        if (value === undefined)
            throw new PipesError(`The metadata value '${name}' is undefined.`);
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
            normal[name] = { raw_value: value, type: "__infer__" };
            continue;
        }
        const typed = value;
        if (Object.keys(typed).sort().join() !== "raw_value,type" || !METADATA_TYPES.includes(typed.type)) {
            throw new PipesError(`Invalid metadata value '${name}': expected a value that is no object, or { raw_value, type } with one of the ` +
                `types ${METADATA_TYPES.join(", ")}. For an object as the value itself give the type json.`);
        }
        const whole = typed.type === "float" && Number.isSafeInteger(typed.raw_value);
        normal[name] = { raw_value: whole ? `${FLOAT}${typed.raw_value}` : typed.raw_value, type: typed.type };
    }
    return normal;
}
/** Return `error` with its stack and the chain of its causes, as it goes over the wire. */
export function pipesException(error, depth = 50) {
    if (!(error instanceof Error)) {
        return { message: `${String(error)}\n`, stack: [], name: null, cause: null, context: null };
    }
    const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
    return {
        message: `${error.name}: ${error.message}\n`,
        stack: frames.reverse().map((line) => `  ${line.trim()}\n`),
        name: error.name,
        cause: error.cause !== undefined && depth > 0 ? pipesException(error.cause, depth - 1) : null,
        context: null,
    };
}
/** What the step is about, and how to report from it. Get it from {@link withPipes} or {@link openPipes}. */
export class PipesContext {
    #data;
    #channel;
    #numbered;
    #materialized = new Set();
    #number = 0;
    #closed = false;
    /** A logger whose lines go to the orchestrator. */
    log = {
        debug: (message) => this.#log("DEBUG", message),
        info: (message) => this.#log("INFO", message),
        warning: (message) => this.#log("WARNING", message),
        error: (message) => this.#log("ERROR", message),
        critical: (message) => this.#log("CRITICAL", message),
    };
    constructor(data, channel, numbered) {
        this.#data = data;
        this.#channel = channel;
        this.#numbered = numbered;
        this.#write("opened", { extras: {} });
    }
    /** Close the connection; any further message throws. Calls after the first do nothing. */
    close(exception) {
        if (this.#closed)
            return;
        try {
            this.#write("closed", exception === undefined ? {} : { exception: exception });
        }
        finally {
            this.#closed = true;
            this.#channel.close();
        }
    }
    get isClosed() {
        return this.#closed;
    }
    #write(method, params) {
        if (this.#closed)
            throw new PipesError("Cannot send message after pipes context is closed.");
        const message = { __dagster_pipes_version: PROTOCOL_VERSION, method, params };
        const line = encode(this.#numbered ? { ...message, number: this.#number + 1 } : message, method);
        this.#channel.write(line);
        this.#number += 1;
    }
    #log(level, message) {
        this.#write("log", { message: String(message), level });
    }
    // What the step is about.
    get isAssetStep() {
        return this.#data.asset_keys !== null;
    }
    get assetKeys() {
        return this.#ofAssets("asset_keys");
    }
    /** The key of the asset in scope. Throws if none or several are. */
    get assetKey() {
        return this.#one("asset_key", this.#ofAssets("asset_keys"));
    }
    get codeVersionByAssetKey() {
        return this.#ofAssets("code_version_by_asset_key");
    }
    get codeVersion() {
        return this.#one("code_version", Object.values(this.#ofAssets("code_version_by_asset_key")));
    }
    get provenanceByAssetKey() {
        return this.#ofAssets("provenance_by_asset_key");
    }
    get provenance() {
        return this.#one("provenance", Object.values(this.#ofAssets("provenance_by_asset_key")));
    }
    get isPartitionStep() {
        return this.#data.partition_key_range !== null;
    }
    /** The key of the partition in scope. Throws if none or several are. */
    get partitionKey() {
        const range = this.#data.partition_key_range;
        if (range !== null && range.start !== range.end) {
            throw new PipesError("`partition_key` is undefined. Current step targets multiple partitions.");
        }
        return this.#ofPartitions("partition_key");
    }
    get partitionKeyRange() {
        return this.#ofPartitions("partition_key_range");
    }
    get partitionTimeWindow() {
        this.#ofPartitions("partition_key_range");
        return this.#data.partition_time_window;
    }
    get runId() {
        return this.#data.run_id;
    }
    get jobName() {
        return this.#data.job_name;
    }
    get retryNumber() {
        return this.#data.retry_number;
    }
    get extras() {
        return this.#data.extras;
    }
    /** Return what the user handed over as `key`. Throws if nothing was. */
    getExtra(key) {
        if (!Object.hasOwn(this.#data.extras, key)) {
            throw new PipesError(`Extra \`${key}\` is undefined. Extras must be provided by the user.`);
        }
        return this.#data.extras[key];
    }
    #ofAssets(key) {
        const value = this.#data[key];
        if (value === null)
            throw new PipesError(`\`${key}\` is undefined. Current step does not target an asset.`);
        return value;
    }
    #ofPartitions(key) {
        const value = this.#data[key];
        if (value === null)
            throw new PipesError(`\`${key}\` is undefined. Current step does not target any partitions.`);
        return value;
    }
    #one(key, values) {
        if (values.length !== 1)
            throw new PipesError(`\`${key}\` is undefined. Current step targets multiple assets.`);
        return values[0];
    }
    #resolveAssetKey(assetKey, method) {
        const inScope = this.#data.asset_keys ?? [];
        if (assetKey !== undefined) {
            if (inScope.length > 0 && !inScope.includes(assetKey)) {
                throw new PipesError(`Invalid asset key. Expected one of ${inScope.join(", ")}, got \`${assetKey}\`.`);
            }
            return assetKey;
        }
        if (inScope.length !== 1) {
            throw new PipesError(`Calling \`${method}\` without passing an asset key is undefined. Current step targets ${inScope.length} assets.`);
        }
        return inScope[0];
    }
    // Reports.
    /** Report that an asset has been materialized. */
    reportAssetMaterialization(report = {}) {
        const method = "report_asset_materialization";
        const key = this.#resolveAssetKey(report.assetKey, method);
        if (this.#materialized.has(key)) {
            throw new PipesError(`Calling \`${method}\` with asset key \`${key}\` is undefined. Asset has already been materialized.`);
        }
        this.#write(method, {
            asset_key: key,
            data_version: report.dataVersion ?? null,
            metadata: normalMetadata(report.metadata),
        });
        this.#materialized.add(key);
    }
    /** Report that a check of an asset has been made. */
    reportAssetCheck(report) {
        const method = "report_asset_check";
        const severity = report.severity ?? "ERROR";
        if (typeof report.checkName !== "string" || typeof report.passed !== "boolean") {
            throw new PipesError("A check needs a name (`checkName`, a string) and a result (`passed`, a boolean).");
        }
        if (severity !== "WARN" && severity !== "ERROR") {
            throw new PipesError(`Invalid severity: expected "WARN" or "ERROR", got ${String(severity)}.`);
        }
        this.#write(method, {
            asset_key: this.#resolveAssetKey(report.assetKey, method),
            check_name: report.checkName,
            passed: report.passed,
            metadata: normalMetadata(report.metadata),
            severity,
        });
    }
    /** Send anything that has a JSON form to the code that launched this process. */
    reportCustomMessage(payload) {
        this.#write("report_custom_message", { payload });
    }
    /** Send a piece of some stream, such as the output of another program. */
    logExternalStream(stream, text, extras = {}) {
        this.#write("log_external_stream", { stream, text, extras });
    }
}
/** A context on which every call does nothing, also if it is awaited or printed. */
function noOpContext() {
    const nothing = new Proxy(() => nothing, {
        get: (_target, key) => {
            if (key === "then")
                return undefined;
            if (key === Symbol.toPrimitive)
                return () => "";
            return nothing;
        },
    });
    return nothing;
}
let opened;
/**
 * Open Pipes, and return the context; later calls return the same one.
 *
 * It is closed when the process ends, with the exception that ended it, if one did. If no orchestrator launched the
 * process, this warns and returns a context on which every call does nothing.
 */
export function openPipes(options = {}) {
    if (opened !== undefined)
        return opened;
    const encoded = options.params ?? paramsFromEnvironment();
    if (encoded.context === undefined || encoded.messages === undefined) {
        process.emitWarning("This process was not launched by an orchestrator. All calls on the Pipes context do nothing.", "PipesWarning");
        opened = noOpContext();
        return opened;
    }
    const params = decodeParam(encoded.messages);
    const channel = options.channel ?? openChannel(params);
    const offered = params["orrery"];
    const open = (data) => new PipesContext(data, channel, offered?.numbers === true);
    let context;
    try {
        context = open(loadContext(decodeParam(encoded.context)));
    }
    catch (error) {
        // The way for messages is open: tell the failure for what it is.
        open({}).close(pipesException(error));
        throw error;
    }
    if (params["include_stdio_in_messages"] === true) {
        const stop = copyStreams(context);
        process.once("exit", stop);
    }
    // The exception still ends the process as it would have.
    process.on("uncaughtExceptionMonitor", (error) => context.close(pipesException(error)));
    process.once("exit", () => context.close());
    opened = context;
    return context;
}
/** Run `block` with the context, then close it; an exception of the block is told to the orchestrator and thrown on. */
export async function withPipes(block, options = {}) {
    const context = openPipes(options);
    let result;
    try {
        result = await block(context);
    }
    catch (error) {
        context.close(pipesException(error));
        throw error;
    }
    context.close();
    return result;
}
