/**
 * Make one file of the modules that the compiler wrote: `node bundle.mjs [FOLDER]`, in `lib` by default.
 *
 * One file can be copied, and Node loads it in two thirds of the time. No two modules declare the same name, and what they
 * take of one another they take by its name: so their texts follow one another, each after what it needs. What `index`
 * re-exports is exported at the end.
 */

import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2] ?? "lib";
const IMPORT = /^import (?:type )?\{([^}]*)\} from "([^"]+)";\n/gm;
const REEXPORT = /^export (?:type )?\{([^}]*)\} from "\.\/[^"]+";\n/gm;

/** Return the names between braces. */
function names(list) {
  return list
    .split(",")
    .map((name) => name.trim().replace(/^type /, ""))
    .filter(Boolean);
}

for (const end of [".js", ".d.ts"]) {
  const bodies = [];
  const taken = new Map();
  const exported = new Set();
  const seen = new Set();
  let head = "";

  const add = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const text = readFileSync(join(folder, `${name}${end}`), "utf8");
    for (const [, other] of text.matchAll(/ from "\.\/([^"]+)\.js";$/gm)) add(other);
    for (const [, list, from] of text.matchAll(IMPORT)) {
      if (!from.startsWith("./")) taken.set(from, new Set([...(taken.get(from) ?? []), ...names(list)]));
    }
    for (const [, list] of text.matchAll(REEXPORT)) names(list).forEach((each) => exported.add(each));
    const [doc] = /^\/\*\*[^]*?\*\/\n/.exec(text) ?? [""];
    const body = text.slice(doc.length).replace(IMPORT, "").replace(REEXPORT, "").replace(/^export \{\};\n/gm, "");
    if (name === "index") head = doc;
    bodies.push((name === "index" ? body : body.replace(/^export /gm, "")).trim());
  };

  add("index");
  const imports = [...taken].sort().map(([from, list]) => `import { ${[...list].sort().join(", ")} } from "${from}";`);
  const declared = bodies.join("\n");
  const is = (name) => new RegExp(`\\b(?:const|class|function|type|interface) ${name}\\b`).test(declared);
  const kept = [...exported].sort().filter(is); // types are gone from what runs
  const parts = [head.trim(), imports.join("\n"), ...bodies, `export { ${kept.join(", ")} };`];
  writeFileSync(join(folder, `index${end}`), `${parts.filter(Boolean).join("\n\n")}\n`);
}
for (const name of readdirSync(folder)) {
  if (!/^index\.(?:d\.ts|js)$/.test(name)) rmSync(join(folder, name));
}
