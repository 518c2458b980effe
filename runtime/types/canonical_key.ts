/**
 * When two keys are one: exactly when their canonical bytes are. 0 and -0 are one key, all NaN are one; 1, 1n and "1" are
 * three; the field order of a plain object does not count.
 *
 * Callers: keyed backends (as Map keys and sort order of snapshots), timers, partitioners (the check).
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError, type OperatorReference } from "../errors.ts";
import type { ByteReader, ByteWriter } from "./byte_buffer.ts";
import type { Key } from "./key.ts";
import { pathStep } from "./value_kind.ts";

/** A key deeper than this is taken for a cyclic one. */
const MAX_KEY_DEPTH = 64;
/** Starts the text form of a composite key; a string key that starts with it gets {@link ESCAPED} before it. */
const MARK = "\u0000";
const ESCAPED = "\u0000s";
/** Substrings up to this length are copied by V8, longer ones keep the whole string alive (facts: 500x memory). */
const COPIED_SUBSTRING = 12;

/** Tags of canonical bytes; their order is the order of keys of different types in a snapshot. Never renumber. */
const enum KeyTag {
  FALSE = 1,
  TRUE = 2,
  NUMBER = 3,
  BIGINT = 4,
  STRING = 5,
  TUPLE = 6,
  RECORD = 7,
}

type KeyRecord = { readonly [field: string]: Key };

/**
 * A primitive that is equal for equal keys and for no others, also beside keys of any other type: use it as key of a Map.
 * Primitives are their own; for composite keys it is a text.
 *
 * @throws InvalidProgramError TSF-2102 when it is no key.
 */
export function canonicalKey(key: Key): string | number | bigint | boolean {
  switch (typeof key) {
    case "string":
      return key.charCodeAt(0) === 0 ? ESCAPED + key : key;
    case "number":
      return key === 0 ? 0 : key;
    case "bigint":
    case "boolean":
      return key;
    default:
      assertKey(key);
      return MARK + compositeText(key);
  }
}

/** Every part says where it ends, so no two composites share a text. */
function compositeText(key: Key): string {
  switch (typeof key) {
    case "string":
      return `"${key.length}:${key}`;
    case "number":
      return `n${key};`;
    case "bigint":
      return `i${key};`;
    case "boolean":
      return key ? "t" : "f";
  }
  let text: string;
  if (Array.isArray(key)) {
    text = "[";
    for (const element of key as readonly Key[]) text += compositeText(element);
    return text + "]";
  }
  text = "{";
  for (const field of Object.keys(key).sort()) {
    text += `${field.length}:${field}` + compositeText((key as KeyRecord)[field]);
  }
  return text + "}";
}

/**
 * Checks that a value is a key.
 *
 * @param key What a key selector returned.
 * @param operator For the message.
 * @throws InvalidProgramError TSF-2102 naming the field that is none, and the operator.
 */
export function assertKey(key: unknown, operator?: OperatorReference): asserts key is Key {
  switch (typeof key) {
    case "string":
    case "number":
    case "boolean":
    case "bigint":
      return;
  }
  if (isPlainComposite(key)) return;
  const offence = findOffence(key, "", 0);
  if (offence === undefined) return;
  const where = offence.path === "" ? "The key" : `The field key${offence.path}`;
  throw new InvalidProgramError("TSF-2102", `${where} is ${offence.found}, which cannot be a key`, {
    operator,
    expected: "string, number, bigint, boolean, an array of keys or a plain object of keys",
    found: offence.found,
    hint: "Return a primitive from the key selector, or an array or plain object of primitives.",
  });
}

/** Quick yes for arrays and plain objects of primitives, which is what nearly all composite keys are. */
function isPlainComposite(key: unknown): boolean {
  if (typeof key !== "object" || key === null) return false;
  if (Array.isArray(key)) {
    for (let i = 0; i < key.length; i++) if (!isPrimitiveKey(key[i])) return false;
    return true;
  }
  const prototype = Object.getPrototypeOf(key);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const field in key) if (!isPrimitiveKey((key as Record<string, unknown>)[field])) return false;
  return true;
}

function isPrimitiveKey(part: unknown): boolean {
  const kind = typeof part;
  return kind === "number" || kind === "string" || kind === "bigint" || kind === "boolean";
}

/** Whether two keys are one, as by their canonical form but without making it. Both have been checked. */
export function sameKey(a: Key, b: Key): boolean {
  if (a === b) return true;
  if (typeof b === "number") return b !== b && a !== a;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameKey(a[i], b[i])) return false;
    return true;
  }
  let fields = 0;
  for (const field in b) {
    if (!sameKey((a as KeyRecord)[field], (b as KeyRecord)[field])) return false;
    fields++;
  }
  for (const _ in a) fields--;
  return fields === 0;
}

function findOffence(key: unknown, path: string, depth: number): { path: string; found: string } | undefined {
  switch (typeof key) {
    case "string":
    case "number":
    case "boolean":
    case "bigint":
      return undefined;
    case "object":
      break;
    default:
      return { path, found: typeof key === "undefined" ? "undefined" : `a ${typeof key}` };
  }
  if (key === null) return { path, found: "null" };
  if (depth >= MAX_KEY_DEPTH) return { path: "", found: `nested more than ${MAX_KEY_DEPTH} deep (or cyclic)` };
  if (Array.isArray(key)) {
    for (let i = 0; i < key.length; i++) {
      const offence = findOffence(key[i], path + pathStep(i), depth + 1);
      if (offence !== undefined) return offence;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(key);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (key as object).constructor?.name;
    return { path, found: `a ${name === undefined || name === "Object" ? "class" : name} instance` };
  }
  for (const field of Object.keys(key)) {
    const offence = findOffence((key as Record<string, unknown>)[field], path + pathStep(field), depth + 1);
    if (offence !== undefined) return offence;
  }
  return undefined;
}

/** Appends the canonical bytes of a key. @throws InvalidProgramError TSF-2102 when it is no key. */
export function writeKey(out: ByteWriter, key: Key): void {
  assertKey(key);
  writeChecked(out, key);
}

function writeChecked(out: ByteWriter, key: Key): void {
  switch (typeof key) {
    case "string":
      out.u8(KeyTag.STRING);
      return out.string(key);
    case "number":
      out.u8(KeyTag.NUMBER);
      return out.f64(key === 0 ? 0 : key !== key ? NaN : key);
    case "bigint":
      out.u8(KeyTag.BIGINT);
      return out.bigint(key);
    case "boolean":
      return out.u8(key ? KeyTag.TRUE : KeyTag.FALSE);
  }
  if (Array.isArray(key)) {
    out.u8(KeyTag.TUPLE);
    out.varint(key.length);
    for (const element of key as readonly Key[]) writeChecked(out, element);
    return;
  }
  const fields = Object.keys(key).sort();
  out.u8(KeyTag.RECORD);
  out.varint(fields.length);
  for (const field of fields) {
    out.string(field);
    writeChecked(out, (key as KeyRecord)[field]);
  }
}

/** Reads a key written by {@link writeKey}; the fields of a plain object come back in sorted order. */
export function readKey(input: ByteReader): Key {
  return readPart(input, 0);
}

function readPart(input: ByteReader, depth: number): Key {
  const tag = input.u8();
  switch (tag) {
    case KeyTag.FALSE:
      return false;
    case KeyTag.TRUE:
      return true;
    case KeyTag.NUMBER:
      return input.f64();
    case KeyTag.BIGINT:
      return input.bigint();
    case KeyTag.STRING:
      return input.string();
  }
  const isTuple = tag === KeyTag.TUPLE;
  if ((!isTuple && tag !== KeyTag.RECORD) || depth >= MAX_KEY_DEPTH) {
    const found = depth >= MAX_KEY_DEPTH ? `more than ${MAX_KEY_DEPTH} levels` : `the unknown tag ${tag}`;
    throw new JobExecutionError("TSF-2106", "A serialized key is damaged", { found });
  }
  const parts: Key[] = [];
  const entries: [string, Key][] = [];
  for (let left = input.varint(); left > 0; left--) {
    if (isTuple) parts.push(readPart(input, depth + 1));
    else entries.push([input.string(), readPart(input, depth + 1)]);
  }
  // fromEntries defines fields whatever their name, also "__proto__".
  return isTuple ? parts : Object.fromEntries(entries);
}

/** Order of byte strings: first difference as unsigned bytes, a prefix before the longer one. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

/**
 * The key as state may keep it: composites are copied, because the user may go on changing them, and strings are copied
 * flat, because a substring would keep the whole batch it was read from alive.
 */
export function ownKey(key: Key): Key {
  if (typeof key === "string") return ownString(key);
  if (typeof key !== "object") return key;
  if (Array.isArray(key)) return (key as readonly Key[]).map(ownKey);
  return Object.fromEntries(Object.entries(key).map(([field, part]) => [field, ownKey(part)]));
}

/**
 * A copy of a string that shares no memory with it and is flat: the parts are written out one after the other. (A part
 * cut out of a concatenation would be flat no more than the original: hashing and comparing it cost up to twice as much.)
 */
export function ownString(text: string): string {
  return text.length <= COPIED_SUBSTRING ? text : [text.slice(0, 1), text.slice(1)].join("");
}
