/**
 * The external side of Orrery Pipes for Node.
 *
 * Begin at {@link withPipes} or {@link openPipes}. All writing is synchronous: a message that was reported has left the
 * process, whatever ends it afterwards.
 */

import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { format } from "node:util";
import { inflateSync } from "node:zlib";

/** Return what `call` returns, or undefined if its descriptor is not ready. */
function ifReady(call) {
    try {
        return call();
    }
    catch (error) {
        if (error.code !== "EAGAIN")
            throw error;
        return undefined;
    }
}
/** Wait a millisecond, without letting other code run. */
function pause() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
function writeWhole(descriptor, text) {
    const bytes = Buffer.from(text, "latin1");
    let written = 0;
    while (written < bytes.length) {
        const more = ifReady(() => writeSync(descriptor, bytes, written));
        // A pipe that is set to be non-blocking and full: try again until its reader has caught up.
        if (more === undefined)
            pause();
        else
            written += more;
    }
}

/** Thrown when Pipes is used wrongly, or when what the orchestrator handed over cannot be used. */
class PipesError extends Error {
    name = "PipesError";
}
/** Thrown when a message is longer than the orchestrator takes; it was not sent, and all later ones can be. */
class PipesMessageTooLongError extends PipesError {
    longestBytes;
    constructor(method, sizeBytes, longestBytes) {
        super(`Cannot send a \`${method}\` message of ${sizeBytes} bytes: the orchestrator takes at most ${longestBytes}. ` +
            "Hand a large value over by reference, with `putValue`; or write it to a store, and report where.");
        this.longestBytes = longestBytes;
    }
}

/** Return the params in the environment. */
function paramsFromEnvironment(environment = process.env) {
    return { context: environment["DAGSTER_PIPES_CONTEXT"], messages: environment["DAGSTER_PIPES_MESSAGES"] };
}
/** Return the params on the command line, `--name value` or `--name=value`; other arguments are left alone. */
function paramsFromArguments(argv = process.argv.slice(2)) {
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
function decodeParam(text) {
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
/** Return what the orchestrator offers in `params`. */
function offeredBy(params) {
    const offered = params["orrery"];
    return typeof offered === "object" && offered !== null && !Array.isArray(offered) ? offered : {};
}

const WINDOW_MESSAGES = 512;
const WINDOW_BYTES = 1 << 20;
/**
 * The orchestrator's socket on this machine, by which every message is acknowledged.
 *
 * The orchestrator answers with the number of lines that it has taken, eight bytes, big end first; a process that is
 * far ahead of it waits. What was not acknowledged when the connection breaks goes to `fallback`, marked as sent again.
 */
class SocketChannel {
    #fallback;
    #descriptor;
    #socket;
    #instead;
    #pending = [];
    #pendingBytes = 0;
    #acknowledged = 0;
    #rest = Buffer.alloc(0);
    constructor(socket, descriptor, fallback) {
        this.#socket = socket;
        this.#descriptor = descriptor;
        this.#fallback = fallback;
    }
    write(line) {
        if (this.#instead !== undefined)
            return this.#instead.write(line);
        this.#pending.push(line);
        this.#pendingBytes += line.length;
        try {
            writeWhole(this.#descriptor, `${line}\n`);
            if (this.#pending.length > WINDOW_MESSAGES / 2 || this.#pendingBytes > WINDOW_BYTES)
                this.#read(false);
            while (this.#pending.length > WINDOW_MESSAGES || this.#pendingBytes > WINDOW_BYTES)
                this.#read(true);
        }
        catch (error) {
            this.#fallBack(error);
        }
    }
    close() {
        try {
            while (this.#instead === undefined && this.#pending.length > 0)
                this.#read(true);
        }
        catch (error) {
            this.#fallBack(error);
        }
        this.#disconnect();
        this.#instead?.close();
    }
    /** Read acknowledgements; forget what they are of. */
    #read(wait) {
        const data = Buffer.alloc(1 << 14);
        let size;
        while ((size = ifReady(() => readSync(this.#descriptor, data))) === undefined) {
            if (!wait)
                return;
            pause();
        }
        if (size === 0)
            throw Object.assign(new Error("the orchestrator has closed the connection"), { code: "EPIPE" });
        const all = Buffer.concat([this.#rest, data.subarray(0, size)]);
        const whole = all.length - (all.length % 8);
        this.#rest = all.subarray(whole);
        if (whole === 0)
            return;
        const done = this.#pending.splice(0, Number(all.readBigUInt64BE(whole - 8)) - this.#acknowledged);
        this.#acknowledged += done.length;
        for (const line of done)
            this.#pendingBytes -= line.length;
    }
    /** Write to the file what may not have arrived; from now on, all goes there. */
    #fallBack(error) {
        if (error.code === undefined)
            throw error;
        this.#disconnect();
        this.#instead = this.#fallback();
        for (const line of this.#pending)
            this.#instead.write(`${line.slice(0, -1)},"again":true}`);
        this.#pending = [];
    }
    #disconnect() {
        this.#socket?.destroy();
        this.#socket = undefined;
    }
}
/**
 * Return the channel to the socket at `path`; undefined where this machine has none.
 *
 * Written to by its descriptor, so that a message has left the process when a report returns, also while the process
 * ends. A connection that could not be made shows at the first message, which then goes to the file.
 */
function connectChannel(path, fallback) {
    const socket = connect({ path });
    socket.on("error", () => undefined); // told by the write that meets it
    socket.pause();
    socket.unref();
    const descriptor = socket._handle?.fd;
    if (typeof descriptor === "number" && descriptor >= 0)
        return new SocketChannel(socket, descriptor, fallback);
    socket.destroy();
    return undefined;
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
    const path = params["path"];
    if (typeof path === "string") {
        const file = () => new FileChannel(path);
        const socket = offeredBy(params).socket?.path;
        return (typeof socket === "string" ? connectChannel(socket, file) : undefined) ?? file();
    }
    if ("stdio" in params)
        return new StreamChannel(descriptor(params["stdio"]));
    if ("buffered_stdio" in params)
        return new BufferedStreamChannel(descriptor(params["buffered_stdio"]));
    throw new PipesError("Invalid params for messages: expected key `path`, `stdio` or `buffered_stdio`, received " +
        `${Object.keys(params).join(", ")}. If the orchestrator reads elsewhere, pass a \`channel\` to \`openPipes\`.`);
}

const PROTOCOL_VERSION = "0.1";
const METADATA_TYPES = [
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

/** Marks a whole number that is to keep its point: the reference takes a float without one for an error. */
const FLOAT = `float-${randomUUID()}:`;
const WITHOUT_JSON = new Set(["bigint", "function", "symbol"]);
/** Return `value` as JSON. Refuses what JSON would leave out or make an empty object of, and so lose unseen. */
function textOf(value, what) {
    const refuse = (inner, key) => new PipesError(`Cannot send a \`${what}\` message: ${format(inner)}${key && ` (at '${key}')`} has no JSON form.`);
    if (value === undefined)
        throw refuse(value, "");
    try {
        return JSON.stringify(value, (key, inner) => {
            const emptied = inner instanceof Map || inner instanceof Set || inner instanceof Promise;
            const lost = WITHOUT_JSON.has(typeof inner) || (typeof inner === "number" && !Number.isFinite(inner));
            if (emptied || lost)
                throw refuse(inner, key);
            return inner;
        });
    }
    catch (error) {
        if (!(error instanceof TypeError))
            throw error;
        throw new PipesError(`Cannot send a \`${what}\` message: ${error.message}`, { cause: error });
    }
}
/** Throw unless `given` is an object of options that are known: a misspelt one would be left out unseen. */
function checkOptions(given, known, method) {
    const names = known.map((name) => `\`${name}\``).join(", ");
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
        throw new PipesError(`\`${method}\` takes one object, with ${names}; it was given ${format(given)}.`);
    }
    for (const name of Object.keys(given)) {
        if (!known.includes(name))
            throw new PipesError(`\`${method}\` takes ${names}; it was given \`${name}\`.`);
    }
}
function checkText(value, name) {
    if (value !== undefined && value !== null && typeof value !== "string") {
        throw new PipesError(`Invalid \`${name}\`: expected a string, got ${format(value)}.`);
    }
}
/** Return `value` as one line of ASCII, which no encoding of a stream can spoil. */
function encode(value, what) {
    const text = textOf(value, what);
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
function pipesException(error, depth = 50) {
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
/** Return the ends of the text and the stack of `exception`, for an orchestrator that takes no more. */
function shortened(exception, longestBytes) {
    // A sign has at most twelve bytes in JSON.
    const message = `${exception.message.slice(0, longestBytes / 32)}... (shortened)\n`;
    const stack = exception.stack.slice(-20).map((frame) => frame.slice(0, longestBytes / 1000));
    return { ...exception, message, stack, cause: null, context: null };
}

function digest(data) {
    return createHash("sha256").update(data).digest("hex");
}
/** Return the form of `value` in a file: text and bytes as they are, all else as JSON. */
function encodeValue(value) {
    if (value instanceof Uint8Array)
        return { format: "bytes", data: Buffer.from(value) };
    if (typeof value === "string") {
        const data = Buffer.from(value, "utf8");
        // Halves of a sign have no UTF-8; in JSON they are escaped.
        if (data.toString("utf8") === value)
            return { format: "text", data };
    }
    return { format: "json", data: Buffer.from(encode(value, "report_value"), "latin1") };
}
/** Return the JSON in `text`; numbers that JavaScript cannot hold are refused rather than changed. */
function parseExactly(text, name) {
    for (const [digits] of text.replace(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g)) {
        if (!Number.isSafeInteger(Number(digits))) {
            throw new PipesError(`Value \`${name}\` holds ${digits}, which JavaScript cannot hold exactly; send it as text.`);
        }
    }
    try {
        return JSON.parse(text);
    }
    catch (error) {
        throw new PipesError(`Value \`${name}\` is no JSON that JavaScript reads: ${error}.`, { cause: error });
    }
}

/** What the step is about, and how to report from it. Get it from {@link withPipes} or {@link openPipes}. */
class PipesContext {
    #data;
    #channel;
    #offered;
    #materialized = new Set();
    #number = 0;
    #closed = false;
    /** A logger whose lines go to the orchestrator. */
    log = {
        debug: (...line) => this.#log("DEBUG", line),
        info: (...line) => this.#log("INFO", line),
        warning: (...line) => this.#log("WARNING", line),
        error: (...line) => this.#log("ERROR", line),
        critical: (...line) => this.#log("CRITICAL", line),
    };
    constructor(data, channel, offered) {
        this.#data = data;
        this.#channel = channel;
        this.#offered = offered;
        this.#write("opened", { extras: {} });
    }
    /** Close the connection; any further message throws. Calls after the first do nothing. */
    close(exception) {
        if (this.#closed)
            return;
        try {
            this.#write("closed", exception === undefined ? {} : { exception: exception });
        }
        catch (error) {
            if (!(error instanceof PipesMessageTooLongError) || exception === undefined)
                throw error;
            this.#write("closed", { exception: shortened(exception, error.longestBytes) });
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
        const line = encode(this.#offered.numbers === true ? { ...message, number: this.#number + 1 } : message, method);
        const longest = this.#offered.longest_message_bytes;
        if (typeof longest === "number" && line.length > longest) {
            throw new PipesMessageTooLongError(method, line.length, longest);
        }
        this.#channel.write(line);
        this.#number += 1;
    }
    /** Send a text, shortened if the orchestrator takes no more: who logs is not to fail by it. */
    #writeText(method, params, key) {
        try {
            this.#write(method, params);
        }
        catch (error) {
            if (!(error instanceof PipesMessageTooLongError))
                throw error;
            const text = String(params[key]);
            const kept = text.slice(0, error.longestBytes / 16); // a sign has at most twelve bytes in JSON
            this.#write(method, { ...params, [key]: `${kept}... (shortened: it has ${text.length} characters)` });
        }
    }
    #log(level, line) {
        this.#writeText("log", { message: format(...line), level }, "message");
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
            const known = Object.keys(this.#data.extras).sort().join(", ");
            throw new PipesError(`Extra \`${key}\` is undefined. Extras must be provided by the user; there are: ${known}.`);
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
        checkText(assetKey, "assetKey");
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
        checkOptions(report, ["metadata", "dataVersion", "assetKey"], "reportAssetMaterialization");
        checkText(report.dataVersion, "dataVersion");
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
        checkOptions(report, ["checkName", "passed", "severity", "metadata", "assetKey"], "reportAssetCheck");
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
        if (payload === undefined)
            throw new PipesError("A custom message needs a payload; undefined has no JSON form.");
        this.#write("report_custom_message", { payload });
    }
    /**
     * Tell how far the process has come. An orchestrator that does not ask for it is not told.
     *
     * `done` and `total` are in units of your own; without `total` it is not known how much there is.
     */
    reportProgress(done, total, text) {
        for (const number of [done, total]) {
            if (number !== undefined && (typeof number !== "number" || !Number.isFinite(number))) {
                throw new PipesError(`Invalid progress: expected numbers for \`done\` and \`total\`, got ${String(number)}.`);
            }
        }
        if (this.#offered.progress !== true)
            return;
        this.#write("report_progress", { done, total: total ?? null, text: text ?? null });
    }
    /** Return the file of a value that the orchestrator handed over by reference, as `name`, once its digest is checked. */
    getValueFile(name) {
        return this.#given(name).file;
    }
    /**
     * Return a value that the orchestrator handed over by reference, as `name`: text, JSON, or bytes as a `Buffer`.
     *
     * For other formats (`parquet`) read the file of {@link getValueFile} with a library of yours.
     */
    getValue(name) {
        const { file, data } = this.#given(name);
        if (file.format === "bytes")
            return data;
        if (file.format === "json")
            return parseExactly(data.toString("utf8"), name);
        if (file.format === "text") {
            const text = data.toString("utf8");
            if (Buffer.from(text, "utf8").equals(data))
                return text;
            throw new PipesError(`Value \`${name}\` is text with halves of signs, which has no exact form here.`);
        }
        throw new PipesError(`Value \`${name}\` is of the format '${file.format}', which this client does not read: launch with text, bytes, or ` +
            "what JSON takes; or read the file of `getValueFile` yourself.");
    }
    /**
     * Hand the value of an asset over by reference, so that the asset's IO manager stores it: text, bytes, or JSON.
     *
     * It is written to a file that the orchestrator sees: nothing of it goes through the messages.
     */
    putValue(value, assetKey) {
        const { folder } = this.#values("putValue");
        const method = "report_value";
        const key = this.#resolveAssetKey(assetKey, method);
        const { format, data } = encodeValue(value);
        const path = join(folder, `${randomUUID()}.${format}`);
        try {
            writeFileSync(`${path}.tmp`, data);
            renameSync(`${path}.tmp`, path); // a file has its final name only when it is whole
        }
        finally {
            rmSync(`${path}.tmp`, { force: true });
        }
        const file = { path, format, sha256: digest(data), size_bytes: data.length };
        this.#write(method, { asset_key: key, value: file });
    }
    #values(method) {
        const offered = this.#offered.values;
        if (typeof offered !== "object" || offered === null) {
            throw new PipesError(`Cannot call \`${method}\`: the orchestrator offers no folder for values. It does for processes that it launches ` +
                "on its own machine; elsewhere write to a store, and report where.");
        }
        return offered;
    }
    #given(name) {
        const given = this.#values("getValue").given ?? {};
        if (!Object.hasOwn(given, name)) {
            const known = Object.keys(given).sort().join(", ");
            throw new PipesError(`Value \`${name}\` is undefined. Values are given at the launch; there are: ${known}.`);
        }
        const file = given[name];
        const data = readFileSync(file.path);
        if (digest(data) !== file.sha256) {
            throw new PipesError(`The file ${file.path} is not what was written: its digest differs.`);
        }
        return { file, data };
    }
    /** Send a piece of some stream, such as the output of another program. */
    logExternalStream(stream, text, extras = {}) {
        this.#writeText("log_external_stream", { stream, text, extras }, "text");
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
    const offered = offeredBy(params);
    const open = (data) => new PipesContext(data, channel, offered);
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

export { METADATA_TYPES, PROTOCOL_VERSION, PipesContext, PipesError, PipesMessageTooLongError, decodeParam, paramsFromArguments, paramsFromEnvironment, pipesException };
