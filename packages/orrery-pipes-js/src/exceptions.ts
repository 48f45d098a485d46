/** An exception in the form that goes over the wire. */

import type { PipesException } from "./protocol.js";

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
export function shortened(exception: PipesException, longestBytes: number): PipesException {
  // A sign has at most twelve bytes in JSON.
  const message = `${exception.message.slice(0, longestBytes / 32)}... (shortened)\n`;
  const stack = exception.stack.slice(-20).map((frame) => frame.slice(0, longestBytes / 1000));
  return { ...exception, message, stack, cause: null, context: null };
}
