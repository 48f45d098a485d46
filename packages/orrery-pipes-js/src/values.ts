/** Values by reference: files in a folder that both sides see. */

import { createHash } from "node:crypto";

import { encode } from "./encoding.js";
import { PipesError } from "./errors.js";
import type { Json, ValueFile } from "./protocol.js";

export function digest(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Return the form of `value` in a file: text and bytes as they are, all else as JSON. */
export function encodeValue(value: Json | Uint8Array): { format: ValueFile["format"]; data: Buffer } {
  if (value instanceof Uint8Array) return { format: "bytes", data: Buffer.from(value) };
  if (typeof value === "string") {
    const data = Buffer.from(value, "utf8");
    // Halves of a sign have no UTF-8; in JSON they are escaped.
    if (data.toString("utf8") === value) return { format: "text", data };
  }
  return { format: "json", data: Buffer.from(encode(value, "report_value"), "latin1") };
}

/** Return the JSON in `text`; numbers that JavaScript cannot hold are refused rather than changed. */
export function parseExactly(text: string, name: string): Json {
  for (const [digits] of text.replace(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g)) {
    if (!Number.isSafeInteger(Number(digits))) {
      throw new PipesError(`Value \`${name}\` holds ${digits}, which JavaScript cannot hold exactly; send it as text.`);
    }
  }
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new PipesError(`Value \`${name}\` is no JSON that JavaScript reads: ${error}.`, { cause: error });
  }
}
