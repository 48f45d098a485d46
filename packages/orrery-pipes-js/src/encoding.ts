/** Values on their way out: refused where JSON would lose them, and brought into the form that goes over the wire. */

import { randomUUID } from "node:crypto";
import { format } from "node:util";

import { PipesError } from "./errors.js";
import { type Json, type Metadata, METADATA_TYPES, type MetadataValue } from "./protocol.js";

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
export function checkOptions(given: unknown, known: readonly string[], method: string): void {
  const names = known.map((name) => `\`${name}\``).join(", ");
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new PipesError(`\`${method}\` takes one object, with ${names}; it was given ${format(given)}.`);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new PipesError(`\`${method}\` takes ${names}; it was given \`${name}\`.`);
  }
}

export function checkText(value: unknown, name: string): void {
  if (value !== undefined && value !== null && typeof value !== "string") {
    throw new PipesError(`Invalid \`${name}\`: expected a string, got ${format(value)}.`);
  }
}

/** Return `value` as one line of ASCII, which no encoding of a stream can spoil. */
export function encode(value: unknown, what: string): string {
  const text = textOf(value, what);
  const numbers = text.includes(FLOAT) ? text.replace(new RegExp(`"${FLOAT}(-?\\d+)"`, "g"), "$1.0") : text;
  return numbers.replace(/[\u007f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function normalMetadata(metadata: Metadata | undefined): Json {
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
