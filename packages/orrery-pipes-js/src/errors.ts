/** What goes wrong on this side. */

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
