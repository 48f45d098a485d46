/** Where the process finds out how to reach its orchestrator, and what its step is about. */

import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";

import { PipesError } from "./errors.js";
import type { ContextData, Offered, Params } from "./protocol.js";

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

export function loadContext(params: Params): ContextData {
  if (typeof params["path"] === "string") return JSON.parse(readFileSync(params["path"], "utf8")) as ContextData;
  if (typeof params["data"] === "object" && params["data"] !== null) return params["data"] as unknown as ContextData;
  throw new PipesError(
    `Invalid params for the context: expected key \`path\` or \`data\`, received ${Object.keys(params).join(", ")}.`,
  );
}

/** Return what the orchestrator offers in `params`. */
export function offeredBy(params: Params): Offered {
  const offered = params["orrery"];
  return typeof offered === "object" && offered !== null && !Array.isArray(offered) ? (offered as Offered) : {};
}
