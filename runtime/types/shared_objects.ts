/**
 * Objects that are reached twice. A record that holds one object in two places, or leads back to itself, must be
 * serialized or copied as a whole, or the copies would no longer be one.
 *
 * Callers: columnar_codec.ts, for schemas whose columns hold objects, and copy.ts.
 *
 * @module
 */

import { isOrdinaryArray } from "./value_kind.ts";

/** Up to this many objects a scan beats a Set. */
const SCANNED_OBJECTS = 16;
/** Deeper records are taken for shared: serializing them as a whole is always right. */
const MAX_DEPTH = 64;

/** The objects met on a walk; costs nothing before the second one. */
export class SeenObjects {
  readonly #root: object;
  #list: object[] | undefined = undefined;
  #set: Set<object> | undefined = undefined;

  constructor(root: object) {
    this.#root = root;
  }

  has(value: object): boolean {
    if (value === this.#root) return true;
    return this.#set !== undefined ? this.#set.has(value) : this.#list !== undefined && this.#list.includes(value);
  }

  /** True when it was there already. */
  add(value: object): boolean {
    if (value === this.#root) return true;
    const set = this.#set;
    if (set !== undefined) {
      const { size } = set;
      return set.add(value).size === size;
    }
    const list = this.#list;
    if (list === undefined) {
      this.#list = [value];
      return false;
    }
    for (let i = 0; i < list.length; i++) if (list[i] === value) return true;
    if (list.push(value) > SCANNED_OBJECTS) this.#set = new Set(list);
    return false;
  }
}

/** True when an object is reached twice, or when the value is too deep or unusual to be sure. */
export function sharesObjects(value: object): boolean {
  return new Walk(value).content(value, 0);
}

class Walk {
  readonly #seen: SeenObjects;

  constructor(root: object) {
    this.#seen = new SeenObjects(root);
  }

  content(value: object, depth: number): boolean {
    if (Array.isArray(value)) return !isOrdinaryArray(value) || this.#any(value, depth);
    if (value instanceof Map) return this.#any(value.keys(), depth) || this.#any(value.values(), depth);
    if (value instanceof Set) return this.#any(value, depth);
    if (ArrayBuffer.isView(value)) return this.#seen.add(value.buffer);
    if (value instanceof Error && this.#inner(value.cause, depth)) return true;
    for (const key in value) {
      const inner = (value as Record<string, unknown>)[key];
      if (typeof inner === "object" && inner !== null && this.#visit(inner, depth + 1)) return true;
    }
    return false;
  }

  #visit(value: object, depth: number): boolean {
    return depth > MAX_DEPTH || this.#seen.add(value) || this.content(value, depth);
  }
  #any(values: Iterable<unknown>, depth: number): boolean {
    for (const inner of values) if (this.#inner(inner, depth)) return true;
    return false;
  }
  #inner(value: unknown, depth: number): boolean {
    return typeof value === "object" && value !== null && this.#visit(value, depth + 1);
  }
}
