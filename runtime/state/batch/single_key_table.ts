/**
 * The values of one state by namespace, for whatever key is current: the table of a backend that holds one key at a time.
 *
 * @module
 */

import { ownKey } from "../../types/canonical_key.ts";
import type { Key } from "../../types/key.ts";
import type { StateTable } from "../heap_table.ts";
import type { KeyContext } from "../key_context.ts";
import { type StateMeta, VOID_NAMESPACE } from "../keyed_state_backend.ts";
import type { GroupRow } from "../snapshot.ts";

/** See the module. */
export class SingleKeyTable implements StateTable {
  readonly meta: StateMeta;
  readonly #context: KeyContext;
  /** In the namespace of the key itself, which is the usual one. */
  #own: unknown;
  readonly #others = new Map<string, unknown>();

  constructor(meta: StateMeta, context: KeyContext) {
    this.meta = meta;
    this.#context = context;
  }

  get size(): number {
    return (this.#own === undefined ? 0 : 1) + this.#others.size;
  }
  get byteLength(): number {
    return 0;
  }
  get(namespace: string): unknown {
    this.#checkKey();
    return namespace === VOID_NAMESPACE ? this.#own : this.#others.get(namespace);
  }
  put(namespace: string, _namespaceHash: number, value: unknown): void {
    this.#checkKey();
    if (namespace === VOID_NAMESPACE) this.#own = value;
    else this.#others.set(namespace, value);
  }
  remove(namespace: string): void {
    this.#checkKey();
    if (namespace === VOID_NAMESPACE) this.#own = undefined;
    else this.#others.delete(namespace);
  }
  take(namespace: string): unknown {
    const value = this.get(namespace);
    if (value !== undefined) this.remove(namespace);
    return value;
  }
  clear(): void {
    this.#own = undefined;
    if (this.#others.size > 0) this.#others.clear();
  }
  keys(namespace: string): Key[] {
    const isThere = this.#context.isSet && this.get(namespace) !== undefined;
    return isThere ? [ownKey(this.#context.key)] : [];
  }
  rowsByKeyGroup(): Iterable<readonly [keyGroup: number, rows: GroupRow[]]> {
    return [];
  }

  /** Handles throw where no key is set and where it belongs to another subtask, as those of every backend do. */
  #checkKey(): void {
    this.#context.checkKeyGroup();
  }
}
