/**
 * Reads config.yaml: YAML 1.2 with nested or flat keys, as Flink reads it. Every value knows its line.
 *
 * @module
 */

import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { ALL_OPTIONS } from "./cluster_options.ts";
import { FlinkError } from "../../runtime/errors.ts";
import type { GivenValue } from "./cluster_configuration.ts";

/** Nesting deeper than any key has; what is deeper is no configuration. */
const MAX_DEPTH = 32;

/**
 * The values of a file.
 *
 * @param file Its path as errors show it.
 * @throws FlinkError TSF-4102 when the text is no configuration.
 */
export function parseConfigFile(text: string, file: string): GivenValue[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: false });
  const lineAt = (node: { range?: readonly number[] | null } | null | undefined) =>
    node?.range === undefined || node.range === null ? 1 : lines.linePos(node.range[0]).line;
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw malformed(`${file}:${lines.linePos(problem.pos[0]).line}`, problem.message.split("\n")[0]);
  }
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return [];
  if (!isMap(root)) throw malformed(`${file}:${lineAt(root)}`, "a text, number or list");
  const values: GivenValue[] = [];
  const firstLines = new Map<string, number>();
  const walk = (map: YAMLMap, prefix: string, depth: number) => {
    for (const pair of map.items) {
      const line = lineAt(pair.key as Node);
      const name = isScalar(pair.key) ? String(pair.key.value) : undefined;
      if (name === undefined || depth > MAX_DEPTH) throw malformed(`${file}:${line}`, "a key that is no text");
      const key = prefix === "" ? name : `${prefix}.${name}`;
      const node = pair.value as Node | null;
      if (isMap(node) && ALL_OPTIONS.get(key)?.kind !== "map") {
        walk(node, key, depth + 1);
        continue;
      }
      const first = firstLines.get(key);
      if (first !== undefined) throw malformed(`${file}:${line}`, `${key} a second time; it is also in line ${first}`);
      firstLines.set(key, line);
      values.push({ key, value: plainValue(node, `${file}:${line}`), source: { kind: "file", file, line } });
    }
  };
  walk(root, "", 0);
  return values;
}

/** The value of a key: texts and numbers as they are, lists and maps of texts. */
function plainValue(node: Node | null, where: string): unknown {
  if (node === null) return undefined;
  if (isSeq(node)) return node.items.map((item) => text(item as Node, where));
  if (isMap(node)) {
    return Object.fromEntries(
      node.items.map((pair) => [text(pair.key as Node, where), text(pair.value as Node, where)]),
    );
  }
  if (!isScalar(node)) throw malformed(where, "an alias");
  const { value, source } = node;
  // "1e3" and 0x10 are what YAML says; "10 s" stays a text; 08 and other spellings too.
  if (typeof value === "number" || typeof value === "boolean") return value;
  return value === null ? undefined : source ?? String(value);
}

function text(node: Node | null, where: string): string {
  if (!isScalar(node)) throw malformed(where, "a list or map inside a list or map");
  return node.value === null ? "" : String(node.value);
}

function malformed(where: string, found: string): FlinkError {
  return new FlinkError("TSF-4102", "The configuration file cannot be read", {
    expected: "YAML with a value per key, nested or flat, such as rest.port: 8081",
    found: `${found} (${where})`,
  });
}
