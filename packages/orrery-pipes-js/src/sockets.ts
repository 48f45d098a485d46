/** The orchestrator's socket on this machine, by which every message is acknowledged. */

import { readSync } from "node:fs";
import { connect, type Socket } from "node:net";

import { type Channel, ifReady, pause, writeWhole } from "./descriptors.js";

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
export function connectChannel(path: string, fallback: () => Channel): Channel | undefined {
  const socket = connect({ path });
  socket.on("error", () => undefined); // told by the write that meets it
  socket.pause();
  socket.unref();
  const descriptor = (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd;
  if (typeof descriptor === "number" && descriptor >= 0) return new SocketChannel(socket, descriptor, fallback);
  socket.destroy();
  return undefined;
}
