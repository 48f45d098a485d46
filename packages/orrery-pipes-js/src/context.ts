/** The context: what the step is about, and how to report from it. */

import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "node:util";

import type { Channel } from "./descriptors.js";
import { checkOptions, checkText, encode, normalMetadata } from "./encoding.js";
import { PipesError, PipesMessageTooLongError } from "./errors.js";
import { shortened } from "./exceptions.js";
import {
  type ContextData,
  type Json,
  type Level,
  type Message,
  type Metadata,
  type Method,
  type Offered,
  type Params,
  type PipesException,
  PROTOCOL_VERSION,
  type Provenance,
  type Range,
  type Severity,
  type ValueFile,
} from "./protocol.js";
import { digest, encodeValue, parseExactly } from "./values.js";

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
      const known = Object.keys(this.#data.extras).sort().join(", ");
      throw new PipesError(`Extra \`${key}\` is undefined. Extras must be provided by the user; there are: ${known}.`);
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
export function noOpContext(): PipesContext {
  const nothing: object = new Proxy(() => nothing, {
    get: (_target, key) => {
      if (key === "then") return undefined;
      if (key === Symbol.toPrimitive) return () => "";
      return nothing;
    },
  });
  return nothing as PipesContext;
}
