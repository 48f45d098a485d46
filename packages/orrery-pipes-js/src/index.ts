/**
 * The external side of Orrery Pipes for Node.
 *
 * Begin at {@link withPipes} or {@link openPipes}. All writing is synchronous: a message that was reported has left the
 * process, whatever ends it afterwards.
 */

import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { format } from "node:util";
import { inflateSync } from "node:zlib";

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

/** Thrown when Pipes is used wrongly, or when what the orchestrator handed over cannot be used. */
export class PipesError extends Error {
  override readonly name = "PipesError";
}

/** Thrown when a message is longer than the orchestrator takes; it was not sent, and all later ones can be. */
export class PipesMessageTooLongError extends PipesError {
  constructor(
    method: string,
    sizeBytes: number,
    readonly longestBytes: number,
  ) {
    super(
      `Cannot send a \`${method}\` message of ${sizeBytes} bytes: the orchestrator takes at most ${longestBytes}. ` +
        "Hand a large value over by reference, with `putValue`; or write it to a store, and report where.",
    );
  }
}

// --- params: where the process finds out how to reach its orchestrator

/** The two encoded params, or undefined where the orchestrator left none. */
export type EncodedParams = { readonly context: string | undefined; readonly messages: string | undefined };

/** Return the params in the environment. */
export function paramsFromEnvironment(environment: NodeJS.ProcessEnv = process.env): EncodedParams {
  return { context: environment["DAGSTER_PIPES_CONTEXT"], messages: environment["DAGSTER_PIPES_MESSAGES"] };
}

/** Return the params on the command line, `--name value` or `--name=value`; other arguments are left alone. */
export function paramsFromArguments(argv: readonly string[] = process.argv.slice(2)): EncodedParams {
  const value = (name: string): string | undefined => {
    let found: string | undefined;
    argv.forEach((argument, index) => {
      if (argument === name) found = argv[index + 1];
      else if (argument.startsWith(`${name}=`)) found = argument.slice(name.length + 1);
    });
    return found;
  };
  return { context: value("--dagster-pipes-context"), messages: value("--dagster-pipes-messages") };
}

/** Return what `text` was made of: JSON, packed by zlib, as base64. */
export function decodeParam(text: string): Params {
  let params: unknown;
  try {
    params = JSON.parse(inflateSync(Buffer.from(text, "base64")).toString("utf8"));
  } catch (error) {
    throw new PipesError(`Cannot decode the params that start with '${text.slice(0, 20)}': ${error}.`, { cause: error });
  }
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    throw new PipesError("The params hold no JSON object.");
  }
  return params as Params;
}

function loadContext(params: Params): ContextData {
  if (typeof params["path"] === "string") return JSON.parse(readFileSync(params["path"], "utf8")) as ContextData;
  if (typeof params["data"] === "object" && params["data"] !== null) return params["data"] as unknown as ContextData;
  throw new PipesError(
    `Invalid params for the context: expected key \`path\` or \`data\`, received ${Object.keys(params).join(", ")}.`,
  );
}

// --- channels: where messages go

/** Where messages go. Lines are ASCII, without their end. */
export interface Channel {
  write(line: string): void;
  close(): void;
}

/** Return what `call` returns, or undefined if its descriptor is not ready. */
function ifReady(call: () => number): number | undefined {
  try {
    return call();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    return undefined;
  }
}

/** Wait a millisecond, without letting other code run. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  let written = 0;
  while (written < bytes.length) {
    const more = ifReady(() => writeSync(descriptor, bytes, written));
    // A pipe that is set to be non-blocking and full: try again until its reader has caught up.
    if (more === undefined) pause();
    else written += more;
  }
}

class FileChannel implements Channel {
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, "a");
  }

  write(line: string): void {
    writeWhole(this.#descriptor, `${line}\n`);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

class StreamChannel implements Channel {
  constructor(readonly descriptor: number) {}

  write(line: string): void {
    writeWhole(this.descriptor, `${line}\n`);
  }

  close(): void {}
}

class BufferedStreamChannel implements Channel {
  readonly #lines: string[] = [];

  constructor(readonly descriptor: number) {}

  write(line: string): void {
    this.#lines.push(`${line}\n`);
  }

  close(): void {
    writeWhole(this.descriptor, this.#lines.join(""));
  }
}

const WINDOW_MESSAGES = 512;
const WINDOW_BYTES = 1 << 20;

/**
 * The orchestrator's socket on this machine, by which every message is acknowledged.
 *
 * The orchestrator answers with the number of lines that it has taken, eight bytes, big end first; a process that is
 * far ahead of it waits. What was not acknowledged when the connection breaks goes to `fallback`, marked as sent again.
 */
class SocketChannel implements Channel {
  readonly #fallback: () => Channel;
  readonly #descriptor: number;
  #socket: Socket | undefined;
  #instead: Channel | undefined;
  #pending: string[] = [];
  #pendingBytes = 0;
  #acknowledged = 0;
  #rest = Buffer.alloc(0);

  constructor(socket: Socket, descriptor: number, fallback: () => Channel) {
    this.#socket = socket;
    this.#descriptor = descriptor;
    this.#fallback = fallback;
  }

  write(line: string): void {
    if (this.#instead !== undefined) return this.#instead.write(line);
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    try {
      writeWhole(this.#descriptor, `${line}\n`);
      if (this.#pending.length > WINDOW_MESSAGES / 2 || this.#pendingBytes > WINDOW_BYTES) this.#read(false);
      while (this.#pending.length > WINDOW_MESSAGES || this.#pendingBytes > WINDOW_BYTES) this.#read(true);
    } catch (error) {
      this.#fallBack(error);
    }
  }

  close(): void {
    try {
      while (this.#instead === undefined && this.#pending.length > 0) this.#read(true);
    } catch (error) {
      this.#fallBack(error);
    }
    this.#disconnect();
    this.#instead?.close();
  }

  /** Read acknowledgements; forget what they are of. */
  #read(wait: boolean): void {
    const data = Buffer.alloc(1 << 14);
    let size: number | undefined;
    while ((size = ifReady(() => readSync(this.#descriptor, data))) === undefined) {
      if (!wait) return;
      pause();
    }
    if (size === 0) throw Object.assign(new Error("the orchestrator has closed the connection"), { code: "EPIPE" });
    const all = Buffer.concat([this.#rest, data.subarray(0, size)]);
    const whole = all.length - (all.length % 8);
    this.#rest = all.subarray(whole);
    if (whole === 0) return;
    const done = this.#pending.splice(0, Number(all.readBigUInt64BE(whole - 8)) - this.#acknowledged);
    this.#acknowledged += done.length;
    for (const line of done) this.#pendingBytes -= line.length;
  }

  /** Write to the file what may not have arrived; from now on, all goes there. */
  #fallBack(error: unknown): void {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    this.#disconnect();
    this.#instead = this.#fallback();
    for (const line of this.#pending) this.#instead.write(`${line.slice(0, -1)},"again":true}`);
    this.#pending = [];
  }

  #disconnect(): void {
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
function connectChannel(path: string, fallback: () => Channel): Channel | undefined {
  const socket = connect({ path });
  socket.on("error", () => undefined); // told by the write that meets it
  socket.pause();
  socket.unref();
  const descriptor = (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd;
  if (typeof descriptor === "number" && descriptor >= 0) return new SocketChannel(socket, descriptor, fallback);
  socket.destroy();
  return undefined;
}

/** Return what the orchestrator offers in `params`. */
function offeredBy(params: Params): Offered {
  const offered = params["orrery"];
  return typeof offered === "object" && offered !== null && !Array.isArray(offered) ? (offered as Offered) : {};
}

function openChannel(params: Params): Channel {
  const descriptor = (value: Json | undefined): number => {
    if (value === "stdout") return 1;
    if (value === "stderr") return 2;
    throw new PipesError(`Invalid stream for messages: expected "stdout" or "stderr", received ${JSON.stringify(value)}.`);
  };
  const path = params["path"];
  if (typeof path === "string") {
    const file = (): Channel => new FileChannel(path);
    const socket = offeredBy(params).socket?.path;
    return (typeof socket === "string" ? connectChannel(socket, file) : undefined) ?? file();
  }
  if ("stdio" in params) return new StreamChannel(descriptor(params["stdio"]));
  if ("buffered_stdio" in params) return new BufferedStreamChannel(descriptor(params["buffered_stdio"]));
  throw new PipesError(
    "Invalid params for messages: expected key `path`, `stdio` or `buffered_stdio`, received " +
      `${Object.keys(params).join(", ")}. If the orchestrator reads elsewhere, pass a \`channel\` to \`openPipes\`.`,
  );
}

/** Send what the process writes to stdout and stderr as messages as well; return how to stop it. */
function copyStreams(context: PipesContext): () => void {
  const streams = ["stdout", "stderr"] as const;
  const originals = streams.map((name) => {
    const stream = process[name];
    const original = stream.write;
    stream.write = function (this: NodeJS.WriteStream, chunk: string | Uint8Array, ...rest: unknown[]): boolean {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      if (!context.isClosed) context.logExternalStream(name, text);
      return original.call(this, chunk, ...(rest as []));
    } as typeof stream.write;
    return original;
  });
  return () => streams.forEach((name, index) => (process[name].write = originals[index]!));
}

// --- values on their way out

/** Marks a whole number that is to keep its point: the reference takes a float without one for an error. */
const FLOAT = `float-${randomUUID()}:`;

const WITHOUT_JSON = new Set(["bigint", "function", "symbol"]);

/** Return `value` as JSON. Refuses what JSON would leave out or make an empty object of, and so lose unseen. */
function textOf(value: unknown, what: string): string {
  const refuse = (inner: unknown, key: string): PipesError =>
    new PipesError(`Cannot send a \`${what}\` message: ${format(inner)}${key && ` (at '${key}')`} has no JSON form.`);
  if (value === undefined) throw refuse(value, "");
  try {
    return JSON.stringify(value, (key, inner: unknown) => {
      const emptied = inner instanceof Map || inner instanceof Set || inner instanceof Promise;
      const lost = WITHOUT_JSON.has(typeof inner) || (typeof inner === "number" && !Number.isFinite(inner));
      if (emptied || lost) throw refuse(inner, key);
      return inner;
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new PipesError(`Cannot send a \`${what}\` message: ${error.message}`, { cause: error });
  }
}

/** Throw unless `given` is an object of options that are known: a misspelt one would be left out unseen. */
function checkOptions(given: unknown, known: readonly string[], method: string): void {
  const names = known.map((name) => `\`${name}\``).join(", ");
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new PipesError(`\`${method}\` takes one object, with ${names}; it was given ${format(given)}.`);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new PipesError(`\`${method}\` takes ${names}; it was given \`${name}\`.`);
  }
}

function checkText(value: unknown, name: string): void {
  if (value !== undefined && value !== null && typeof value !== "string") {
    throw new PipesError(`Invalid \`${name}\`: expected a string, got ${format(value)}.`);
  }
}

/** Return `value` as one line of ASCII, which no encoding of a stream can spoil. */
function encode(value: unknown, what: string): string {
  const text = textOf(value, what);
  const numbers = text.includes(FLOAT) ? text.replace(new RegExp(`"${FLOAT}(-?\\d+)"`, "g"), "$1.0") : text;
  return numbers.replace(/[\u007f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function normalMetadata(metadata: Metadata | undefined): Json {
  if (metadata === undefined || Object.keys(metadata).length === 0) return null;
  const normal: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(metadata)) {
    if (value === undefined) throw new PipesError(`The metadata value '${name}' is undefined.`);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      normal[name] = { raw_value: value as Json, type: "__infer__" };
      continue;
    }
    const typed = value as MetadataValue;
    if (Object.keys(typed).sort().join() !== "raw_value,type" || !METADATA_TYPES.includes(typed.type)) {
      throw new PipesError(
        `Invalid metadata value '${name}': expected a value that is no object, or { raw_value, type } with one of the ` +
          `types ${METADATA_TYPES.join(", ")}. For an object as the value itself give the type json.`,
      );
    }
    const whole = typed.type === "float" && Number.isSafeInteger(typed.raw_value);
    normal[name] = { raw_value: whole ? `${FLOAT}${typed.raw_value}` : typed.raw_value, type: typed.type };
  }
  return normal;
}

// --- values by reference: files in a folder that both sides see

function digest(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Return the form of `value` in a file: text and bytes as they are, all else as JSON. */
function encodeValue(value: Json | Uint8Array): { format: ValueFile["format"]; data: Buffer } {
  if (value instanceof Uint8Array) return { format: "bytes", data: Buffer.from(value) };
  if (typeof value === "string") {
    const data = Buffer.from(value, "utf8");
    // Halves of a sign have no UTF-8; in JSON they are escaped.
    if (data.toString("utf8") === value) return { format: "text", data };
  }
  return { format: "json", data: Buffer.from(encode(value, "report_value"), "latin1") };
}

/** Return the JSON in `text`; numbers that JavaScript cannot hold are refused rather than changed. */
function parseExactly(text: string, name: string): Json {
  for (const [digits] of text.replace(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g)) {
    if (!Number.isSafeInteger(Number(digits))) {
      throw new PipesError(`Value \`${name}\` holds ${digits}, which JavaScript cannot hold exactly; send it as text.`);
    }
  }
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new PipesError(`Value \`${name}\` is no JSON that JavaScript reads: ${error}.`, { cause: error });
  }
}

/** Return `error` with its stack and the chain of its causes, as it goes over the wire. */
export function pipesException(error: unknown, depth = 50): PipesException {
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
function shortened(exception: PipesException, longestBytes: number): PipesException {
  // A sign has at most twelve bytes in JSON.
  const message = `${exception.message.slice(0, longestBytes / 32)}... (shortened)\n`;
  const stack = exception.stack.slice(-20).map((frame) => frame.slice(0, longestBytes / 1000));
  return { ...exception, message, stack, cause: null, context: null };
}

// --- the context

/** Lines are written as those of `console.log`. */
export type Logger = {
  debug(message: unknown, ...more: unknown[]): void;
  info(message: unknown, ...more: unknown[]): void;
  warning(message: unknown, ...more: unknown[]): void;
  error(message: unknown, ...more: unknown[]): void;
  critical(message: unknown, ...more: unknown[]): void;
};

/** What the step is about, and how to report from it. Get it from {@link withPipes} or {@link openPipes}. */
export class PipesContext {
  readonly #data: ContextData;
  readonly #channel: Channel;
  readonly #offered: Offered;
  readonly #materialized = new Set<string>();
  #number = 0;
  #closed = false;

  /** A logger whose lines go to the orchestrator. */
  readonly log: Logger = {
    debug: (...line) => this.#log("DEBUG", line),
    info: (...line) => this.#log("INFO", line),
    warning: (...line) => this.#log("WARNING", line),
    error: (...line) => this.#log("ERROR", line),
    critical: (...line) => this.#log("CRITICAL", line),
  };

  constructor(data: ContextData, channel: Channel, offered: Offered) {
    this.#data = data;
    this.#channel = channel;
    this.#offered = offered;
    this.#write("opened", { extras: {} });
  }

  /** Close the connection; any further message throws. Calls after the first do nothing. */
  close(exception?: PipesException): void {
    if (this.#closed) return;
    try {
      this.#write("closed", exception === undefined ? {} : { exception: exception as unknown as Json });
    } catch (error) {
      if (!(error instanceof PipesMessageTooLongError) || exception === undefined) throw error;
      this.#write("closed", { exception: shortened(exception, error.longestBytes) as unknown as Json });
    } finally {
      this.#closed = true;
      this.#channel.close();
    }
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  #write(method: Method, params: Params): void {
    if (this.#closed) throw new PipesError("Cannot send message after pipes context is closed.");
    const message: Message = { __dagster_pipes_version: PROTOCOL_VERSION, method, params };
    const line = encode(this.#offered.numbers === true ? { ...message, number: this.#number + 1 } : message, method);
    const longest = this.#offered.longest_message_bytes;
    if (typeof longest === "number" && line.length > longest) {
      throw new PipesMessageTooLongError(method, line.length, longest);
    }
    this.#channel.write(line);
    this.#number += 1;
  }

  /** Send a text, shortened if the orchestrator takes no more: who logs is not to fail by it. */
  #writeText(method: Method, params: Params, key: string): void {
    try {
      this.#write(method, params);
    } catch (error) {
      if (!(error instanceof PipesMessageTooLongError)) throw error;
      const text = String(params[key]);
      const kept = text.slice(0, error.longestBytes / 16); // a sign has at most twelve bytes in JSON
      this.#write(method, { ...params, [key]: `${kept}... (shortened: it has ${text.length} characters)` });
    }
  }

  #log(level: Level, line: readonly unknown[]): void {
    this.#writeText("log", { message: format(...line), level }, "message");
  }

  // What the step is about.

  get isAssetStep(): boolean {
    return this.#data.asset_keys !== null;
  }

  get assetKeys(): readonly string[] {
    return this.#ofAssets("asset_keys");
  }

  /** The key of the asset in scope. Throws if none or several are. */
  get assetKey(): string {
    return this.#one("asset_key", this.#ofAssets("asset_keys"));
  }

  get codeVersionByAssetKey(): { readonly [assetKey: string]: string | null } {
    return this.#ofAssets("code_version_by_asset_key");
  }

  get codeVersion(): string | null {
    return this.#one("code_version", Object.values(this.#ofAssets("code_version_by_asset_key")));
  }

  get provenanceByAssetKey(): { readonly [assetKey: string]: Provenance | null } {
    return this.#ofAssets("provenance_by_asset_key");
  }

  get provenance(): Provenance | null {
    return this.#one("provenance", Object.values(this.#ofAssets("provenance_by_asset_key")));
  }

  get isPartitionStep(): boolean {
    return this.#data.partition_key_range !== null;
  }

  /** The key of the partition in scope. Throws if none or several are. */
  get partitionKey(): string {
    const range = this.#data.partition_key_range;
    if (range !== null && range.start !== range.end) {
      throw new PipesError("`partition_key` is undefined. Current step targets multiple partitions.");
    }
    return this.#ofPartitions("partition_key");
  }

  get partitionKeyRange(): Range {
    return this.#ofPartitions("partition_key_range");
  }

  get partitionTimeWindow(): Range | null {
    this.#ofPartitions("partition_key_range");
    return this.#data.partition_time_window;
  }

  get runId(): string {
    return this.#data.run_id;
  }

  get jobName(): string | null {
    return this.#data.job_name;
  }

  get retryNumber(): number {
    return this.#data.retry_number;
  }

  get extras(): { readonly [key: string]: Json } {
    return this.#data.extras;
  }

  /** Return what the user handed over as `key`. Throws if nothing was. */
  getExtra(key: string): Json {
    if (!Object.hasOwn(this.#data.extras, key)) {
      throw new PipesError(`Extra \`${key}\` is undefined. Extras must be provided by the user.`);
    }
    return this.#data.extras[key]!;
  }

  #ofAssets<K extends "asset_keys" | "code_version_by_asset_key" | "provenance_by_asset_key">(
    key: K,
  ): NonNullable<ContextData[K]> {
    const value = this.#data[key];
    if (value === null) throw new PipesError(`\`${key}\` is undefined. Current step does not target an asset.`);
    return value as NonNullable<ContextData[K]>;
  }

  #ofPartitions<K extends "partition_key" | "partition_key_range">(key: K): NonNullable<ContextData[K]> {
    const value = this.#data[key];
    if (value === null) throw new PipesError(`\`${key}\` is undefined. Current step does not target any partitions.`);
    return value as NonNullable<ContextData[K]>;
  }

  #one<T>(key: string, values: readonly T[]): T {
    if (values.length !== 1) throw new PipesError(`\`${key}\` is undefined. Current step targets multiple assets.`);
    return values[0]!;
  }

  #resolveAssetKey(assetKey: string | undefined, method: Method): string {
    checkText(assetKey, "assetKey");
    const inScope = this.#data.asset_keys ?? [];
    if (assetKey !== undefined) {
      if (inScope.length > 0 && !inScope.includes(assetKey)) {
        throw new PipesError(`Invalid asset key. Expected one of ${inScope.join(", ")}, got \`${assetKey}\`.`);
      }
      return assetKey;
    }
    if (inScope.length !== 1) {
      throw new PipesError(
        `Calling \`${method}\` without passing an asset key is undefined. Current step targets ${inScope.length} assets.`,
      );
    }
    return inScope[0]!;
  }

  // Reports.

  /** Report that an asset has been materialized. */
  reportAssetMaterialization(report: { metadata?: Metadata; dataVersion?: string; assetKey?: string } = {}): void {
    const method = "report_asset_materialization";
    checkOptions(report, ["metadata", "dataVersion", "assetKey"], "reportAssetMaterialization");
    checkText(report.dataVersion, "dataVersion");
    const key = this.#resolveAssetKey(report.assetKey, method);
    if (this.#materialized.has(key)) {
      throw new PipesError(
        `Calling \`${method}\` with asset key \`${key}\` is undefined. Asset has already been materialized.`,
      );
    }
    this.#write(method, {
      asset_key: key,
      data_version: report.dataVersion ?? null,
      metadata: normalMetadata(report.metadata),
    });
    this.#materialized.add(key);
  }

  /** Report that a check of an asset has been made. */
  reportAssetCheck(report: {
    checkName: string;
    passed: boolean;
    severity?: Severity;
    metadata?: Metadata;
    assetKey?: string;
  }): void {
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
  reportCustomMessage(payload: Json): void {
    if (payload === undefined) throw new PipesError("A custom message needs a payload; undefined has no JSON form.");
    this.#write("report_custom_message", { payload });
  }

  /**
   * Tell how far the process has come. An orchestrator that does not ask for it is not told.
   *
   * `done` and `total` are in units of your own; without `total` it is not known how much there is.
   */
  reportProgress(done: number, total?: number, text?: string): void {
    for (const number of [done, total]) {
      if (number !== undefined && (typeof number !== "number" || !Number.isFinite(number))) {
        throw new PipesError(`Invalid progress: expected numbers for \`done\` and \`total\`, got ${String(number)}.`);
      }
    }
    if (this.#offered.progress !== true) return;
    this.#write("report_progress", { done, total: total ?? null, text: text ?? null });
  }

  /** Return the file of a value that the orchestrator handed over by reference, as `name`, once its digest is checked. */
  getValueFile(name: string): ValueFile {
    return this.#given(name).file;
  }

  /**
   * Return a value that the orchestrator handed over by reference, as `name`: text, JSON, or bytes as a `Buffer`.
   *
   * For other formats (`parquet`) read the file of {@link getValueFile} with a library of yours.
   */
  getValue(name: string): Json | Buffer {
    const { file, data } = this.#given(name);
    if (file.format === "bytes") return data;
    if (file.format === "json") return parseExactly(data.toString("utf8"), name);
    if (file.format === "text") {
      const text = data.toString("utf8");
      if (Buffer.from(text, "utf8").equals(data)) return text;
      throw new PipesError(`Value \`${name}\` is text with halves of signs, which has no exact form here.`);
    }
    throw new PipesError(
      `Value \`${name}\` is of the format '${file.format}', which this client does not read: launch with text, bytes, or ` +
        "what JSON takes; or read the file of `getValueFile` yourself.",
    );
  }

  /**
   * Hand the value of an asset over by reference, so that the asset's IO manager stores it: text, bytes, or JSON.
   *
   * It is written to a file that the orchestrator sees: nothing of it goes through the messages.
   */
  putValue(value: Json | Uint8Array, assetKey?: string): void {
    const { folder } = this.#values("putValue");
    const method = "report_value";
    const key = this.#resolveAssetKey(assetKey, method);
    const { format, data } = encodeValue(value);
    const path = join(folder, `${randomUUID()}.${format}`);
    try {
      writeFileSync(`${path}.tmp`, data);
      renameSync(`${path}.tmp`, path); // a file has its final name only when it is whole
    } finally {
      rmSync(`${path}.tmp`, { force: true });
    }
    const file: ValueFile = { path, format, sha256: digest(data), size_bytes: data.length };
    this.#write(method, { asset_key: key, value: file });
  }

  #values(method: string): NonNullable<Offered["values"]> {
    const offered = this.#offered.values;
    if (typeof offered !== "object" || offered === null) {
      throw new PipesError(
        `Cannot call \`${method}\`: the orchestrator offers no folder for values. It does for processes that it launches ` +
          "on its own machine; elsewhere write to a store, and report where.",
      );
    }
    return offered;
  }

  #given(name: string): { file: ValueFile; data: Buffer } {
    const given = this.#values("getValue").given ?? {};
    if (!Object.hasOwn(given, name)) {
      const known = Object.keys(given).sort().join(", ");
      throw new PipesError(`Value \`${name}\` is undefined. Values are given at the launch; there are: ${known}.`);
    }
    const file = given[name]!;
    const data = readFileSync(file.path);
    if (digest(data) !== file.sha256) {
      throw new PipesError(`The file ${file.path} is not what was written: its digest differs.`);
    }
    return { file, data };
  }

  /** Send a piece of some stream, such as the output of another program. */
  logExternalStream(stream: string, text: string, extras: { readonly [key: string]: Json } = {}): void {
    this.#writeText("log_external_stream", { stream, text, extras }, "text");
  }
}

/** A context on which every call does nothing, also if it is awaited or printed. */
function noOpContext(): PipesContext {
  const nothing: object = new Proxy(() => nothing, {
    get: (_target, key) => {
      if (key === "then") return undefined;
      if (key === Symbol.toPrimitive) return () => "";
      return nothing;
    },
  });
  return nothing as PipesContext;
}

let opened: PipesContext | undefined;

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
export function openPipes(options: Options = {}): PipesContext {
  if (opened !== undefined) return opened;
  const encoded = options.params ?? paramsFromEnvironment();
  if (encoded.context === undefined || encoded.messages === undefined) {
    process.emitWarning(
      "This process was not launched by an orchestrator. All calls on the Pipes context do nothing.",
      "PipesWarning",
    );
    opened = noOpContext();
    return opened;
  }
  const params = decodeParam(encoded.messages);
  const channel = options.channel ?? openChannel(params);
  const offered = offeredBy(params);
  const open = (data: ContextData): PipesContext => new PipesContext(data, channel, offered);
  let context: PipesContext;
  try {
    context = open(loadContext(decodeParam(encoded.context)));
  } catch (error) {
    // The way for messages is open: tell the failure for what it is.
    open({} as ContextData).close(pipesException(error));
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
export async function withPipes<T>(block: (context: PipesContext) => T | Promise<T>, options: Options = {}): Promise<T> {
  const context = openPipes(options);
  let result: T;
  try {
    result = await block(context);
  } catch (error) {
    context.close(pipesException(error));
    throw error;
  }
  context.close();
  return result;
}
