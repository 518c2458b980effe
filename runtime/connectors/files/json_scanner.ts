/**
 * A function generated for JSON lines that look like one line: the same fields in the same order, primitive values, the
 * same blanks. It compares the text between the values and takes the values from where they lie. Every line that differs
 * anywhere, and every escape, exponent or long number, is left to JSON.parse, line by line.
 *
 * Invariant: what it gives equals what JSON.parse gives. Who calls: json_lines_format.ts.
 *
 * @module
 */

import { MAX_DIGITS, POWERS, type TextUnits } from "./text_units.ts";

/** What a {@link JsonScanner} calls. */
export interface JsonScannerCalls {
  /** A record; its line begins there, behind `line` line feeds. */
  add(record: unknown, start: number, line: number): void;
  /** Takes the line that begins there. @returns where the next one begins. */
  parse(start: number, line: number): number;
}
/** Takes all lines of the text; the units are its characters. */
export type JsonScanner = (units: TextUnits, text: string, calls: JsonScannerCalls) => void;

const MAX_FIELDS = 60;
const PLAIN_NAME = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;
const INDEX = /^\d+$/;

/** The scanner of lines like this one, or undefined where it is not of that kind; `id` makes its text unique. */
export function generateJsonScanner(example: string, id: string): JsonScanner | undefined {
  const names = namesOf(example);
  if (names === undefined) return undefined;
  // With blanks as some writers put them, or without any.
  const [colon, comma] = example.startsWith(`{${JSON.stringify(names[0])}: `) ? [": ", ", "] : [":", ","];
  const fields = names.map((name, i) =>
    `${compared(`${i === 0 ? "{" : comma}${JSON.stringify(name)}${colon}`)}
b = units[at];
let v${i} = 0;
${valueText(i)}`
  );
  const body = `"use strict"; // ${id.replaceAll(/[^\w-]/g, "_")}
return function scan(units, text, calls) {
let at = 0, line = 0, b = 0;
// Behind the last line feed nothing would stop the loops.
const end = units.lastIndexOf(10) + 1;
while (at < end) {
const start = at;
row: {
${fields.join("\n")}
${compared("}")}
b = units[at];
if (b === 13) b = units[++at];
if (b !== 10) break row;
at++;
calls.add({ ${names.map((name, i) => `${JSON.stringify(name)}: v${i}`).join(", ")} }, start, line++);
continue;
}
at = calls.parse(start, line++);
}
if (at < units.length) calls.parse(at, line);
};`;
  return new Function("powers", body)(POWERS) as JsonScanner;
}

/** The fields of a line of the kind that is scanned. */
function namesOf(line: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const names = Object.keys(value);
  // Indices would be enumerated first, wherever they stand.
  const areSimple = names.every((name) => PLAIN_NAME.test(name) && !INDEX.test(name) && name !== "__proto__");
  const holdsObjects = Object.values(value).some((field) => typeof field === "object" && field !== null);
  return areSimple && !holdsObjects && names.length > 0 && names.length <= MAX_FIELDS ? names : undefined;
}

/** Compares text of single units and steps over it. */
function compared(text: string): string {
  const differs = Array.from(text, (unit, i) => `units[at + ${i}] !== ${unit.charCodeAt(0)}`);
  return `if (${differs.join(" || ")}) break row; at += ${text.length};`;
}

/** Takes the value that begins with `b` at `at`. */
function valueText(i: number): string {
  const v = `v${i}`;
  const word = (text: string): string => `else if (b === ${text.charCodeAt(0)}) { ${compared(text)} ${v} = ${text}; }`;
  const digits = `while (b >= 48 && b <= 57) { ${v} = ${v} * 10 + (b - 48); b = units[++at]; }`;
  return `if (b === 34) { const from = ++at;
while ((b = units[at]) !== 34) { if (b === 92 || b < 32) break row; at++; }
${v} = text.substring(from, at++);
} ${word("true")} ${word("false")} ${word("null")} else {
const minus = b === 45; if (minus) b = units[++at];
const from = at; ${digits}
let length = at - from;
if (length === 0 || (length > 1 && units[from] === 48)) break row;
if (b === 46) { b = units[++at]; const point = at; ${digits} const places = at - point;
length += places; if (places === 0 || length > ${MAX_DIGITS}) break row; ${v} /= powers[places]; }
if (length > ${MAX_DIGITS}) break row;
if (minus) ${v} = -${v};
}`;
}
