/**
 * Rows of one state with what belongs to the key alone in a {@link ValueColumn} over the rows that all states of the
 * operator share; what belongs to a window lies in a {@link HeapTable} made at first use. Behaves as a HeapTable does,
 * which the tests hold it against.
 *
 * Made by heap_backend.ts unless typed state is switched off; states with TTL have a HeapTable.
 *
 * @module
 */

import type { Key } from "../types/key.ts";
import { hashText } from "./hash_index.ts";
import { HeapTable, type StateTable } from "./heap_table.ts";
import type { KeyContext } from "./key_context.ts";
import type { KeyRows } from "./key_rows.ts";
import { type StateMeta, VOID_NAMESPACE } from "./keyed_state_backend.ts";
import type { GroupRow } from "./snapshot.ts";
import { ValueColumn } from "./value_column.ts";

/** See the header. */
export class TypedTable implements StateTable {
  readonly #rows: KeyRows;
  readonly #context: KeyContext;
  #column = new ValueColumn();
  #windows: HeapTable | undefined;

  constructor(public meta: StateMeta, context: KeyContext, rows: KeyRows) {
    this.#context = context;
    this.#rows = rows;
  }

  get size(): number {
    return this.#column.size + (this.#windows?.size ?? 0);
  }

  get byteLength(): number {
    return this.#column.byteLength + (this.#windows?.byteLength ?? 0);
  }

  get(namespace: string, namespaceHash: number): unknown {
    if (namespace !== VOID_NAMESPACE) return this.#ofWindow(namespace, namespaceHash);
    const row = this.#rows.find();
    return row < 0 ? undefined : this.#column.get(row);
  }

  put(namespace: string, namespaceHash: number, value: unknown): void {
    if (namespace !== VOID_NAMESPACE) {
      this.#windows ??= new HeapTable(this.meta, this.#context);
      this.#windows.put(namespace, namespaceHash, value);
      return;
    }
    const row = this.#rows.findOrAdd();
    if (this.#column.set(row, value)) this.#rows.hold(row);
  }

  remove(namespace: string, namespaceHash: number): void {
    if (namespace !== VOID_NAMESPACE) {
      this.#checkKey();
      this.#windows?.remove(namespace, namespaceHash);
      return;
    }
    const row = this.#rows.find();
    if (row >= 0 && this.#column.remove(row)) this.#rows.release(row);
  }

  take(namespace: string): unknown {
    const hash = hashText(namespace);
    const value = this.get(namespace, hash);
    if (value !== undefined) this.remove(namespace, hash);
    return value;
  }

  clear(): void {
    this.#column = new ValueColumn();
    this.#windows = undefined;
  }

  /** Puts another value, never undefined, in place of each. */
  replaceAll(replace: (stored: unknown) => unknown): void {
    const column = new ValueColumn();
    for (const row of this.#rows.rowsByKeyGroup(this.#column).rows) column.set(row, replace(this.#column.get(row)));
    this.#column = column;
    for (const group of this.#windows?.groups ?? []) {
      const values = group?.values ?? [];
      for (let row = 0; row < values.length; row++) values[row] = replace(values[row]);
    }
  }

  keys(namespace: string): Key[] {
    if (namespace !== VOID_NAMESPACE) return this.#windows?.keys(namespace) ?? [];
    const keys: Key[] = [];
    for (const row of this.#rows.rowsByKeyGroup(this.#column).rows) keys.push(this.#rows.keyOf(row));
    return keys;
  }

  /** One key group after the other, so that the rows of only one are objects at a time. */
  *rowsByKeyGroup(toValue: (stored: unknown) => unknown): Generator<readonly [number, GroupRow[]], undefined> {
    const { rows, starts } = this.#rows.rowsByKeyGroup(this.#column);
    const first = this.#context.keyGroups.start;
    const windows = this.#windows;
    for (let group = 0; group + 1 < starts.length; group++) {
      const found: GroupRow[] = windows?.rowsOf(group, toValue) ?? [];
      for (let i = starts[group]; i < starts[group + 1]; i++) {
        const value = toValue(this.#column.get(rows[i]));
        if (value !== undefined) found.push({ key: this.#rows.keyOf(rows[i]), namespace: VOID_NAMESPACE, value });
      }
      if (found.length > 0) yield [first + group, found];
    }
  }

  #ofWindow(namespace: string, namespaceHash: number): unknown {
    if (this.#windows !== undefined) return this.#windows.get(namespace, namespaceHash);
    this.#checkKey();
    return undefined;
  }

  /** What is no key of this subtask is refused also where there is nothing to find. */
  #checkKey(): void {
    this.#context.checkKeyGroup();
  }
}
