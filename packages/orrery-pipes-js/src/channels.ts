/** Channels: where messages go, one by one. */

import { closeSync, openSync } from "node:fs";

import { type Channel, writeWhole } from "./descriptors.js";
import { PipesError } from "./errors.js";
import { offeredBy } from "./params.js";
import type { Json, Params } from "./protocol.js";
import { connectChannel } from "./sockets.js";

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

export function openChannel(params: Params): Channel {
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
