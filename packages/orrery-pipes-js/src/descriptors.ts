/** The seam of channels, and how lines get into a descriptor: whole, and without letting other code run. */

import { writeSync } from "node:fs";

/** Where messages go. Lines are ASCII, without their end. */
export interface Channel {
  write(line: string): void;
  close(): void;
}

/** Return what `call` returns, or undefined if its descriptor is not ready. */
export function ifReady(call: () => number): number | undefined {
  try {
    return call();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    return undefined;
  }
}

/** Wait a millisecond, without letting other code run. */
export function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

export function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  let written = 0;
  while (written < bytes.length) {
    const more = ifReady(() => writeSync(descriptor, bytes, written));
    // A pipe that is set to be non-blocking and full: try again until its reader has caught up.
    if (more === undefined) pause();
    else written += more;
  }
}
