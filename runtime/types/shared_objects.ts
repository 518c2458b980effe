/**
 * Whether a record is a tree. A record that holds one object twice, or leads back to itself, must be serialized as a
 * whole, or the copies would no longer be one.
 *
 * Caller: columnar_codec.ts, for schemas whose columns hold objects.
 *
 * @module
 */

import { isOrdinaryArray } from "./copy.ts";

/** Up to this many objects a scan beats a Set. */
const SCANNED_OBJECTS = 16;
/** Deeper records are taken for shared: serializing them as a whole is always right. */
const MAX_DEPTH = 64;

/** True when an object is reached twice, or when the value is too deep or unusual to be sure. */
export function sharesObjects(value: object): boolean {
  return new Walk().visit(value, 0);
}

class Walk {
  readonly #seen: object[] = [];
  #set: Set<object> | undefined;

  visit(value: object, depth: number): boolean {
    if (depth > MAX_DEPTH || this.#add(value)) return true;
    if (Array.isArray(value)) return !isOrdinaryArray(value) || this.#any(value, depth);
    if (value instanceof Map) return this.#any(value.keys(), depth) || this.#any(value.values(), depth);
    if (value instanceof Set) return this.#any(value, depth);
    if (ArrayBuffer.isView(value)) return this.#add(value.buffer);
    if (value instanceof Error && this.#inner(value.cause, depth)) return true;
    for (const key in value) {
      const inner = (value as Record<string, unknown>)[key];
      if (typeof inner === "object" && inner !== null && this.visit(inner, depth + 1)) return true;
    }
    return false;
  }

  #any(values: Iterable<unknown>, depth: number): boolean {
    for (const inner of values) if (this.#inner(inner, depth)) return true;
    return false;
  }
  #inner(value: unknown, depth: number): boolean {
    return typeof value === "object" && value !== null && this.visit(value, depth + 1);
  }

  /** True when it was there already. */
  #add(value: object): boolean {
    if (this.#set !== undefined) {
      if (this.#set.has(value)) return true;
      this.#set.add(value);
      return false;
    }
    if (this.#seen.includes(value)) return true;
    if (this.#seen.push(value) > SCANNED_OBJECTS) this.#set = new Set(this.#seen);
    return false;
  }
}
