/**
 * The map behind map state and broadcast state: keys are compared by value, not by identity, so that a tuple, an object
 * or a Date is found again by an equal one. Iteration is in order of insertion.
 *
 * Invariants: primitive keys are the keys of a JS Map themselves; any other key goes under a text made from it, with the
 * key beside the value. Values and keys belong to the map; copying is the caller's business.
 *
 * @module
 */

import { canonicalKey, ownString } from "../types/canonical_key.ts";
import { copyValue } from "../types/copy.ts";
import { serializeValue } from "../types/generic_serializer.ts";
import type { Key } from "../types/key.ts";

/** An entry whose key is no primitive; in the map it stands under itself. */
class ComplexEntry {
  constructor(readonly key: unknown, public value: unknown) {}
}

/** See the header. */
export class UserMap {
  readonly #entries = new Map<unknown, unknown>();
  /** By the text of the key; made with the first key that is no primitive. */
  #complex: Map<string, ComplexEntry> | undefined;

  get size(): number {
    return this.#entries.size;
  }

  get(key: unknown): unknown {
    return isPrimitive(key) ? this.#entries.get(key) : this.#complex?.get(textOf(key))?.value;
  }

  has(key: unknown): boolean {
    return isPrimitive(key) ? this.#entries.has(key) : this.#complex?.has(textOf(key)) ?? false;
  }

  /** Takes a copy of the key when it is new; the value is taken over. */
  set(key: unknown, value: unknown): void {
    if (isPrimitive(key)) {
      this.#entries.set(typeof key === "string" ? ownString(key) : key, value);
      return;
    }
    const text = textOf(key);
    const entry = this.#complex?.get(text);
    if (entry !== undefined) {
      entry.value = value;
      return;
    }
    const added = new ComplexEntry(copyValue(key), value);
    (this.#complex ??= new Map()).set(text, added);
    this.#entries.set(added, added);
  }

  delete(key: unknown): void {
    if (isPrimitive(key)) {
      this.#entries.delete(key);
      return;
    }
    const text = textOf(key);
    const entry = this.#complex?.get(text);
    if (entry === undefined) return;
    this.#entries.delete(entry);
    this.#complex!.delete(text);
  }

  clear(): void {
    this.#entries.clear();
    this.#complex = undefined;
  }

  /** The keys at this moment; not copies. */
  keyList(): unknown[] {
    const keys: unknown[] = [];
    for (const key of this.#entries.keys()) keys.push(key instanceof ComplexEntry ? key.key : key);
    return keys;
  }

  /** Calls `visit` for each entry; nothing may be added or removed meanwhile. */
  forEach(visit: (key: unknown, value: unknown) => void): void {
    for (const [key, value] of this.#entries) {
      if (key instanceof ComplexEntry) visit(key.key, key.value);
      else visit(key, value);
    }
  }
}

/** @throws InvalidProgramError TSF-2101 for functions and symbols, which no state can hold. */
function isPrimitive(key: unknown): key is string | number | bigint | boolean | null | undefined {
  if (typeof key === "object") return key === null;
  if (typeof key === "function" || typeof key === "symbol") copyValue(key);
  return true;
}

/** Equal for equal keys: by the rules of keys where they apply, else by the bytes of the value. */
function textOf(key: unknown): string {
  if (isKey(key)) return `k${canonicalKey(key as Key)}`;
  let text = "b";
  for (const byte of serializeValue(key)) text += String.fromCharCode(byte);
  return text;
}

/** Whether it is made only of what may be a key of a stream. */
function isKey(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return true;
    case "object": {
      if (value === null) return false;
      if (Array.isArray(value)) return value.every(isKey);
      const prototype = Object.getPrototypeOf(value);
      return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isKey);
    }
    default:
      return false;
  }
}
