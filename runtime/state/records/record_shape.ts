/**
 * Generated code that writes records of one shape (names in their order, numbers, texts and booleans) into
 * {@link RecordRows} and makes them out of it again. What it returns is exactly what was written: -0 and NaN, null and
 * undefined where texts are, integers as such.
 *
 * Invariants: each field is read once, and all of them before anything is written. The source text of a shape is unique
 * (facts: V8 shares type feedback between functions of the same text); only names enter it, as JSON strings. Who calls:
 * shaped_values.ts; flat_shape.ts is for records that have other fields.
 *
 * @module
 */

import { RECORD_CHUNK_BITS, RecordRows, TEXT_HEAD } from "./record_rows.ts";
import { NO_PAGE } from "./text_pages.ts";

/** Records with more fields are stored another way. */
const MAX_FIELDS = 32;
/** So are those with more characters: a page of them would get near the longest string there can be. */
const MAX_CHARS = 1 << 20;
/** A short text that the first record has is expected again and then takes no room. */
const MAX_EXPECTED = 12;
/** Rows whose texts are kept as they were cut out of their pages, once they are read twice with none of their place between. */
const KEPT_ROWS = 64;
/** Lengths of what is no text of a page. */
const NULL = -1;
const UNDEFINED = -2;
const EXPECTED = -3;

/** The generated functions of one shape over rows of their own. */
export interface RecordShape {
  readonly rows: RecordRows;
  /** Writes a value over a row, or in a new one for -1: the row, or -1 and nothing happened when it has not the shape. */
  readonly put: (value: object, row: number) => number;
  /** A new object with the fields of a row. */
  readonly read: (row: number) => object;
}

interface RecordField {
  /** The name as source text. */
  readonly key: string;
  readonly kind: string;
  /** Number of the field among those of its kind; numbers and booleans are one. */
  readonly at: number;
  /** A text taken for granted, as source text. */
  readonly expected: string | undefined;
}

/** The shape of a value; undefined when it has none. `id` makes the source text unique. */
export function recordShapeOf(value: object, id: string): RecordShape | undefined {
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const names = Object.keys(value);
  if (names.length === 0 || names.length > MAX_FIELDS) return undefined;
  const fields: RecordField[] = [];
  let [numbers, texts] = [0, 0];
  for (const name of names) {
    const field = (value as Record<string, unknown>)[name];
    const kind = typeof field;
    const isText = kind === "string";
    if (!isOrdinaryName(name) || !isText && kind !== "number" && kind !== "boolean") return undefined;
    const isExpected = isText && (field as string).length > 0 && (field as string).length <= MAX_EXPECTED;
    const expected = isExpected ? JSON.stringify(field) : undefined;
    fields.push({ key: JSON.stringify(name), kind, at: isText ? texts++ : numbers++, expected });
  }
  const rows = new RecordRows(numbers, texts);
  const text = `// record ${JSON.stringify(id)}\n${textOf(fields, rows.stride, numbers)}`;
  return new Function("rows", "pages", "doubles", "ints", text)(rows, rows.pages, rows.doubles, rows.ints);
}

/** Others would not be fields of a literal, or not in this order. */
function isOrdinaryName(name: string): boolean {
  return name !== "__proto__" && !/^\d+$/.test(name);
}

function textOf(fields: readonly RecordField[], stride: number, numbers: number): string {
  const texts = fields.filter(({ kind }) => kind === "string");
  const at = `(row & ${(1 << RECORD_CHUNK_BITS) - 1}) * ${stride}`;
  const chunk = `row >>> ${RECORD_CHUNK_BITS}`;
  return `function put(v, row) {
${fields.map(checkOf).join("\n")}
${texts.length === 0 ? "" : `  const chars = ${texts.map((t) => `(l${t.at} > 0 ? l${t.at} : 0)`).join(" + ")};`}
${texts.length === 0 ? "" : `  if (chars > ${MAX_CHARS}) return -1;`}
  if (Object.getPrototypeOf(v) !== Object.prototype) return -1;
  let i = 0;
  for (const name in v) {
    switch (i++) {
${fields.map(({ key }, i) => `      case ${i}: if (name !== ${key}) return -1; break;`).join("\n")}
      default: return -1;
    }
  }
  if (i !== ${fields.length}) return -1;
  if (row < 0) row = rows.add();
${texts.length === 0 ? "" : `  putTexts(row, chars, ${texts.map(({ at }) => `t${at}, l${at}`).join(", ")});`}
${
    numbers === 0 ? "" : `  const d = doubles[${chunk}], at = ${at};
${fields.filter(({ kind }) => kind !== "string").map((f) => `  d[at + ${f.at}] = n${f.at};`).join("\n")}`
  }
  return row;
}
${texts.length === 0 ? "" : putTextsOf(texts.length, chunk, at, numbers)}
function read(row) {
${numbers === 0 ? "" : `  const d = doubles[${chunk}], at = ${at};`}
${fields.filter(({ kind }) => kind === "number").map(numberOf).join("\n")}
${texts.length === 0 ? "" : readTextsOf(texts, chunk, at, numbers)}
  return { ${fields.map((f) => `${f.key}: ${valueOf(f)}`).join(", ")} };
}
return { rows, put, read };`;
}

function checkOf({ key, kind, at, expected }: RecordField): string {
  if (kind === "number") return `  const n${at} = v[${key}]; if (typeof n${at} !== "number") return -1;`;
  if (kind === "boolean") {
    return `  const b${at} = v[${key}]; if (b${at} !== true && b${at} !== false) return -1; const n${at} = b${at} ? 1 : 0;`;
  }
  const length = expected === undefined ? `t${at}.length` : `t${at} === ${expected} ? ${EXPECTED} : t${at}.length`;
  return `  const t${at} = v[${key}]; let l${at} = ${UNDEFINED};
  if (typeof t${at} === "string") l${at} = ${length}; else if (t${at} === null) l${at} = ${NULL}; else if (t${at} !== undefined) return -1;`;
}

/** Writes over what the row has in the open page, else leaves its page for the open one; or finds the same texts. */
function putTextsOf(count: number, chunk: string, at: string, numbers: number): string {
  const indices = Array.from({ length: count }, (_, i) => i);
  const length = (i: number) => `n[b + ${TEXT_HEAD + i}]`;
  return `const keptRows = new Int32Array(${KEPT_ROWS}).fill(-1), keptTexts = [];
const readRows = new Int32Array(${KEPT_ROWS}).fill(-1);
for (let i = 0; i < ${KEPT_ROWS * count}; i++) keptTexts.push("");
function putTexts(row, chars, ${indices.map((i) => `t${i}, l${i}`).join(", ")}) {
  const n = ints[${chunk}], b = 2 * (${at} + ${numbers});
  const page = n[b];
  let entry = n[b + 1];
  if (page === ${NO_PAGE}) {
    if (chars > 0) entry = pages.enter(row, chars);
  } else {
    const had = ${indices.map((i) => `(${length(i)} > 0 ? ${length(i)} : 0)`).join(" + ")};
    if (page === pages.open && chars > 0) pages.change(chars - had);
    else {
      if (${indices.map((i) => `${length(i)} === l${i}`).join(" && ")} && page !== pages.open) {
        const text = pages.texts[page];
        let from = entry;
        if (${
    indices.map((i) => `(l${i} <= 0 || (from += l${i}, text.startsWith(t${i}, from - l${i})))`).join(" && ")
  }) return;
      }
      n[b] = ${NO_PAGE};
      pages.leave(page, entry, had);
      if (chars > 0) entry = pages.enter(row, chars);
    }
  }
  if (keptRows[row & ${KEPT_ROWS - 1}] === row) keptRows[row & ${KEPT_ROWS - 1}] = -1;
  ${indices.map((i) => `${length(i)} = l${i};`).join(" ")}
  if (chars === 0) return;
  n[b] = pages.open;
  n[b + 1] = entry;
  const parts = pages.parts, p = entry * ${count};
  ${indices.map((i) => `parts[p + ${i}] = l${i} > 0 ? t${i} : "";`).join(" ")}
}`;
}

/** An integer becomes one again: as a double it would make the fields of the user's own objects doubles. */
function numberOf({ at }: RecordField): string {
  return `  let n${at} = d[at + ${at}]; const i${at} = n${at} | 0; if (i${at} === n${at} && (i${at} !== 0 || 1 / n${at} > 0)) n${at} = i${at};`;
}

function readTextsOf(texts: readonly RecordField[], chunk: string, at: string, numbers: number): string {
  const none = ({ at, expected }: RecordField) =>
    `t${at} = l${at} === 0 ? "" : l${at} === ${NULL} ? null : ${
      expected === undefined ? "undefined" : `l${at} === ${EXPECTED} ? ${expected} : undefined`
    };`;
  const cut = texts.map((t) =>
    `    if (l${t.at} > 0) t${t.at} = text.substring(from, from += l${t.at}); else ${none(t)}`
  );
  return `  const n = ints[${chunk}], b = 2 * (${at} + ${numbers}), page = n[b];
  let from = n[b + 1];
${texts.map(({ at }) => `  const l${at} = n[b + ${TEXT_HEAD + at}]; let t${at};`).join("\n")}
  const slot = row & ${KEPT_ROWS - 1}, isOpen = page === pages.open;
  if (isOpen || keptRows[slot] === row) {
    const parts = isOpen ? pages.parts : keptTexts, p = (isOpen ? from : slot) * ${texts.length};
${texts.map((t) => `    if (l${t.at} > 0) t${t.at} = parts[p + ${t.at}]; else ${none(t)}`).join("\n")}
  } else {
    const text = page === ${NO_PAGE} ? "" : pages.texts[page];
${cut.join("\n")}
    if (readRows[slot] === row) {
      keptRows[slot] = row;
      const p = slot * ${texts.length};
      ${texts.map((t) => `keptTexts[p + ${t.at}] = t${t.at};`).join(" ")}
    } else readRows[slot] = row;
  }`;
}

function valueOf({ kind, at }: RecordField): string {
  return kind === "number" ? `n${at}` : kind === "boolean" ? `d[at + ${at}] === 1` : `t${at}`;
}
