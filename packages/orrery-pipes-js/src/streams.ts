/** The output of the process, sent as messages as well. */

import type { PipesContext } from "./context.js";

/** Send what the process writes to stdout and stderr as messages as well; return how to stop it. */
export function copyStreams(context: PipesContext): () => void {
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
