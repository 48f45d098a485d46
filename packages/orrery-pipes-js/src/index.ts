/**
 * The external side of Orrery Pipes for Node.
 *
 * Begin at {@link withPipes} or {@link openPipes}. All writing is synchronous: a message that was reported has left the
 * process, whatever ends it afterwards.
 */

import { openChannel } from "./channels.js";
import { noOpContext, PipesContext } from "./context.js";
import type { Channel } from "./descriptors.js";
import { pipesException } from "./exceptions.js";
import { decodeParam, type EncodedParams, loadContext, offeredBy, paramsFromEnvironment } from "./params.js";
import type { ContextData } from "./protocol.js";
import { copyStreams } from "./streams.js";

export { type Logger, PipesContext } from "./context.js";
export type { Channel } from "./descriptors.js";
export { PipesError, PipesMessageTooLongError } from "./errors.js";
export { pipesException } from "./exceptions.js";
export { decodeParam, type EncodedParams, paramsFromArguments, paramsFromEnvironment } from "./params.js";
export {
  type ContextData,
  type Json,
  type Level,
  type Message,
  type Metadata,
  METADATA_TYPES,
  type MetadataType,
  type MetadataValue,
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
