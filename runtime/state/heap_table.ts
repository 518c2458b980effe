/**
 * Rows of one state: per key group a table from (key, namespace) to a value, open addressing over the key's hash to
 * dense rows. Small tables per key group keep the pause of a rehash short and make a snapshot per key group cheap.
 *
 * Invariants: rows of a key group are dense (a removal moves the last one); values are never undefined; values are
 * owned by the table, copying is the business of the handles.
 *
 * @module
 */

import { ownKey, ownString } from "../types/canonical_key.ts";
import type { Key } from "../types/key.ts";
import { HashIndex, hashText, mixHash } from "./hash_index.ts";
import { type CanonicalKey, type KeyContext, sameCanonical } from "./key_context.ts";
import type { StateMeta } from "./keyed_state_backend.ts";
import type { GroupRow } from "./snapshot.ts";

/** The rows of one state by key and namespace, however they are kept; all but the last three act on the current key. */
export interface StateTable {
  readonly meta: StateMeta;
  /** Number of rows. */
  readonly size: number;
  /** Bytes of index and columns, without what objects and texts hold. */
  readonly byteLength: number;
  /** The value, or undefined; `namespaceHash` is that of {@link hashText}. */
  get(namespace: string, namespaceHash: number): unknown;
  put(namespace: string, namespaceHash: number, value: unknown): void;
  remove(namespace: string, namespaceHash: number): void;
  /** Removes and returns the value of a namespace. */
  take(namespace: string): unknown;
  clear(): void;
  /** All keys that have a row in that namespace, at this moment. */
  keys(namespace: string): Key[];
  /** The rows of each key group in ascending order, with what `toValue` makes of the values but undefined. */
  rowsByKeyGroup(toValue: (stored: unknown) => unknown): Iterable<readonly [keyGroup: number, rows: GroupRow[]]>;
}

/** The rows of one key group. Columns are read directly; they are changed only through the methods. */
export class KeyGroupTable {
  readonly keys: Key[] = [];
  readonly canonicals: CanonicalKey[] = [];
  readonly namespaces: string[] = [];
  readonly values: unknown[] = [];
  readonly #hashes: number[] = [];
  readonly #index = new HashIndex();

  get size(): number {
    return this.values.length;
  }

  get byteLength(): number {
    return this.#index.byteLength + 5 * 8 * this.values.length;
  }

  /** The row of the current key, or -1. `hash` is that of key and namespace together. */
  find(hash: number, context: KeyContext, namespace: string): number {
    const index = this.#index;
    const canonical = context.canonical;
    for (let bucket = index.first(hash); bucket >= 0; bucket = index.next(bucket, hash)) {
      const row = index.rowAt(bucket);
      const found = this.canonicals[row];
      if (sameCanonical(found, canonical) && this.namespaces[row] === namespace) {
        if (typeof found === "string") context.adopt(found);
        return row;
      }
    }
    return -1;
  }

  insert(hash: number, context: KeyContext, namespace: string, value: unknown): void {
    const key = ownKey(context.key);
    const canonical = context.canonical;
    this.#index.add(hash, this.values.length);
    this.keys.push(key);
    // Most keys are their own canonical form; keeping one string is enough.
    this.canonicals.push(canonical === context.key ? key as CanonicalKey : ownCanonical(canonical));
    this.namespaces.push(ownString(namespace));
    this.values.push(value);
    this.#hashes.push(hash);
  }

  /** Removes a row; the last row takes its place. */
  removeRow(row: number): void {
    const hash = this.#hashes[row];
    const index = this.#index;
    let bucket = index.first(hash);
    while (index.rowAt(bucket) !== row) bucket = index.next(bucket, hash);
    index.removeAt(bucket);
    const last = this.values.length - 1;
    if (row !== last) {
      index.move(this.#hashes[last], last, row);
      this.keys[row] = this.keys[last];
      this.canonicals[row] = this.canonicals[last];
      this.namespaces[row] = this.namespaces[last];
      this.values[row] = this.values[last];
      this.#hashes[row] = this.#hashes[last];
    }
    this.keys.pop();
    this.canonicals.pop();
    this.namespaces.pop();
    this.values.pop();
    this.#hashes.pop();
  }
}

function ownCanonical(canonical: CanonicalKey): CanonicalKey {
  return typeof canonical === "string" ? ownString(canonical) : canonical;
}

/** All rows of one state in one subtask. */
export class HeapTable implements StateTable {
  /** By key group, from the first of the range; undefined where nothing was ever written. */
  readonly groups: (KeyGroupTable | undefined)[];
  readonly #context: KeyContext;
  readonly #firstKeyGroup: number;

  constructor(public meta: StateMeta, context: KeyContext) {
    this.#context = context;
    this.#firstKeyGroup = context.keyGroups.start;
    this.groups = new Array(Math.max(context.keyGroups.end - context.keyGroups.start + 1, 0)).fill(undefined);
  }

  get size(): number {
    let size = 0;
    for (const group of this.groups) if (group !== undefined) size += group.size;
    return size;
  }

  /** The value of the current key, or undefined. */
  get(namespace: string, namespaceHash: number): unknown {
    const context = this.#context;
    const group = this.groups[context.keyGroup - this.#firstKeyGroup];
    if (group === undefined) return undefined;
    const row = group.find(mixHash(context.hash, namespaceHash), context, namespace);
    return row < 0 ? undefined : group.values[row];
  }

  put(namespace: string, namespaceHash: number, value: unknown): void {
    const context = this.#context;
    const at = context.keyGroup - this.#firstKeyGroup;
    const group = this.groups[at] ?? (this.groups[at] = new KeyGroupTable());
    const hash = mixHash(context.hash, namespaceHash);
    const row = group.find(hash, context, namespace);
    if (row < 0) group.insert(hash, context, namespace, value);
    else group.values[row] = value;
  }

  remove(namespace: string, namespaceHash: number): void {
    const context = this.#context;
    const group = this.groups[context.keyGroup - this.#firstKeyGroup];
    if (group === undefined) return;
    const row = group.find(mixHash(context.hash, namespaceHash), context, namespace);
    if (row >= 0) group.removeRow(row);
  }

  take(namespace: string): unknown {
    const hash = hashText(namespace);
    const value = this.get(namespace, hash);
    if (value !== undefined) this.remove(namespace, hash);
    return value;
  }

  clear(): void {
    this.groups.fill(undefined);
  }

  get byteLength(): number {
    let bytes = 8 * this.groups.length;
    for (const group of this.groups) if (group !== undefined) bytes += group.byteLength;
    return bytes;
  }

  keys(namespace: string): Key[] {
    const keys: Key[] = [];
    for (const group of this.groups) {
      if (group === undefined) continue;
      for (let row = 0; row < group.size; row++) {
        if (group.namespaces[row] === namespace) keys.push(group.keys[row]);
      }
    }
    return keys;
  }

  *rowsByKeyGroup(toValue: (stored: unknown) => unknown): Generator<readonly [number, GroupRow[]], undefined> {
    for (let at = 0; at < this.groups.length; at++) {
      if (this.groups[at] !== undefined) yield [this.#firstKeyGroup + at, this.rowsOf(at, toValue)];
    }
  }

  /** The rows of a key group, counted from the first of the range. */
  rowsOf(at: number, toValue: (stored: unknown) => unknown): GroupRow[] {
    const rows: GroupRow[] = [];
    const group = this.groups[at];
    if (group === undefined) return rows;
    for (let row = 0; row < group.size; row++) {
      const value = toValue(group.values[row]);
      if (value !== undefined) rows.push({ key: group.keys[row], namespace: group.namespaces[row], value });
    }
    return rows;
  }
}
